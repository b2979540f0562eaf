/* Made by protoc-gen-polarrpc from shared_public.proto; edits are lost. */
#ifndef PSD_SHARED_PUBLIC_RPC_H
#define PSD_SHARED_PUBLIC_RPC_H

#include "common/rpc/service.h"
#include "shared_public.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
