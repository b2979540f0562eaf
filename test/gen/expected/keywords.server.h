/*
 * Made by protoc-gen-polarrpc from keywords.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_KEYWORDS_SERVER_H
#define PSD_KEYWORDS_SERVER_H

#include "keywords.rpc.h"
#include "common/rpc/server.h"

typedef struct psd_short_handlers {
    void (*int_)(psd_call *call, const Register__Import__Int *request, void *arg);
    void (*default_)(psd_call *call, const Register__Import__Int__Struct *request, void *arg);
    void (*register_)(psd_call *call, const Register__Import__Default *request, void *arg);
    /* unix and linux are macros of the compiler. */
    void (*linux_)(psd_call *call, const Register__Import__Default *request, void *arg);
    void (*get_default)(psd_call *call, const Register__Import__Default *request, void *arg);
} psd_short_handlers;

static inline void psd_short_int_reply(psd_call *call, const Register__Import__Int *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_short_default_reply(psd_call *call, const Register__Import__Int *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_short_register_reply(psd_call *call, const Register__Import__Default *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_short_linux_reply(psd_call *call, const Register__Import__Default *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_short_get_default_reply(psd_call *call, const Register__Import__Default *response)
{
    psd_call_reply(call, &response->base);
}

typedef struct psd_service_handlers {
    void (*rpc)(psd_call *call, const Register__Import__Default *request, void *arg);
} psd_service_handlers;

static inline void psd_service_rpc_reply(psd_call *call, const Register__Import__Default *response)
{
    psd_call_reply(call, &response->base);
}

#endif
