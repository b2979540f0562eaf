/* Made by protoc-gen-polarrpc from shared_messages.proto; edits are lost. */
#ifndef PSD_SHARED_MESSAGES_RPC_H
#define PSD_SHARED_MESSAGES_RPC_H

#include "common/rpc/service.h"
#include "shared_messages.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const psd_resource psd_cpu_info_resource;

#ifdef __cplusplus
}
#endif
#endif
