/*
 * Made by protoc-gen-polarrpc from unary.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_UNARY_SERVER_H
#define PSD_UNARY_SERVER_H

#include "unary.rpc.h"
#include "common/rpc/server.h"

/* AnswerService answers. */
typedef struct psd_answer_handlers {
    void (*ask)(psd_call *call, const Test__V1__Question *request, void *arg);
    /* GetHTTPStatus has a name with a word in capital letters. */
    void (*get_http_status)(psd_call *call, const Test__V1__Question *request, void *arg);
    void (*forget)(psd_call *call, const Test__V1__Question *request, void *arg);
} psd_answer_handlers;

static inline void psd_answer_ask_reply(psd_call *call, const Test__V1__Answer *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_answer_get_http_status_reply(psd_call *call, const Test__V1__Answer *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_answer_forget_reply(psd_call *call, const Test__V1__Answer *response)
{
    psd_call_reply(call, &response->base);
}

/* A name that does not end in Service stays whole. */
typedef struct psd_other_handlers {
    void (*ask)(psd_call *call, const Test__V1__Question *request, void *arg);
} psd_other_handlers;

static inline void psd_other_ask_reply(psd_call *call, const Test__V1__Answer *response)
{
    psd_call_reply(call, &response->base);
}

#endif
