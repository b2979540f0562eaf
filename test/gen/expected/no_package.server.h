/*
 * Made by protoc-gen-polarrpc from no_package.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_NO_PACKAGE_SERVER_H
#define PSD_NO_PACKAGE_SERVER_H

#include "no_package.rpc.h"
#include "common/rpc/server.h"

typedef struct psd_lonely_handlers {
    void (*get)(psd_call *call, const LonelyMessage *request, void *arg);
} psd_lonely_handlers;

static inline void psd_lonely_get_reply(psd_call *call, const LonelyMessage *response)
{
    psd_call_reply(call, &response->base);
}

#endif
