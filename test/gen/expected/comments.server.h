/*
 * Made by protoc-gen-polarrpc from comments.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_COMMENTS_SERVER_H
#define PSD_COMMENTS_SERVER_H

#include "comments.rpc.h"
#include "common/rpc/server.h"

/* A service with a "quoted" name
 * in a block comment. */
typedef struct psd_comment_handlers {
    /* Ends a comment * / int x; / * and begins one; also / * / and * / *. */
    void (*delimiters)(psd_call *call, const Test__V1__Empty *request, void *arg);
    /* Says "hello\n" \ with ??/ trigraphs, 100 % of $call$ and ünïcödé.
     *
     * A second paragraph
     *   - with an indented line
     *
     * and a third one. */
    void (*quotes)(psd_call *call, const Test__V1__Empty *request, void *arg);
    /* Stands behind the method. */
    void (*trailing)(psd_call *call, const Test__V1__Empty *request, void *arg);
    void (*blank)(psd_call *call, const Test__V1__Empty *request, void *arg);
    void (*none)(psd_call *call, const Test__V1__Empty *request, void *arg);
} psd_comment_handlers;

static inline void psd_comment_delimiters_reply(psd_call *call, const Test__V1__Empty *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_comment_quotes_reply(psd_call *call, const Test__V1__Empty *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_comment_trailing_reply(psd_call *call, const Test__V1__Empty *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_comment_blank_reply(psd_call *call, const Test__V1__Empty *response)
{
    psd_call_reply(call, &response->base);
}

static inline void psd_comment_none_reply(psd_call *call, const Test__V1__Empty *response)
{
    psd_call_reply(call, &response->base);
}

#endif
