/*
 * Made by protoc-gen-polarrpc from streaming.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_STREAMING_SERVER_H
#define PSD_STREAMING_SERVER_H

#include "streaming.rpc.h"
#include "common/rpc/server.h"

typedef struct psd_disk_handlers {
    void (*scan_disks)(psd_call *call, const Test__V1__Nothing *request, void *arg);
    void (*get_load)(psd_call *call, const Test__V1__Nothing *request, void *arg);
    void (*get_disks)(psd_call *call, const Test__V1__Nothing *request, void *arg);
} psd_disk_handlers;

static inline void psd_disk_scan_disks_reply(psd_call *call, const Test__V1__Disks *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_disk_get_load_reply(psd_call *call, const Test__V1__Load *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_disk_get_disks_reply(psd_call *call, const Test__V1__Disks *response)
{
    psd_call_reply(call, &response->base);
}

#endif
