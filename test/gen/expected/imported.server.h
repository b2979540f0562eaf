/*
 * Made by protoc-gen-polarrpc from imported.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_IMPORTED_SERVER_H
#define PSD_IMPORTED_SERVER_H

#include "imported.rpc.h"
#include "common/rpc/server.h"

typedef struct psd_machine_handlers {
    void (*get_state)(psd_call *call, const Test__V1__Machine__Query *request, void *arg);
    void (*get_cpu)(psd_call *call, const Test__Shared__V2__CPUInfo__TopologyHints *request, void *arg);
} psd_machine_handlers;

static inline void psd_machine_get_state_reply(psd_call *call, const Test__V1__Machine__State *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_machine_get_cpu_reply(psd_call *call, const Test__Shared__V2__CPUInfo *response)
{
    psd_call_reply(call, &response->base);
}

#endif
