/* Made by protoc-gen-polarrpc from no_service.proto; edits are lost. */
#ifndef PSD_NO_SERVICE_RPC_H
#define PSD_NO_SERVICE_RPC_H

#include "common/rpc/service.h"
#include "no_service.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
