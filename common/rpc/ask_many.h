/*
 * ask_many.h - one question to many servers at once, with one deadline.
 */
#ifndef PSD_COMMON_RPC_ASK_MANY_H
#define PSD_COMMON_RPC_ASK_MANY_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/rpc/client.h"

#pragma GCC visibility push(default) /* part of libpolarstack */

#ifdef __cplusplus
extern "C" {
#endif

/* What one server said. */
typedef struct psd_answer {
    ProtobufCMessage *response; /* NULL: there is none, and `error` says why */
    psd_error error;
} psd_answer;

typedef struct psd_question {
    const psd_method *method; /* unary */
    const ProtobufCMessage *request;
    const char *token;   /* as in psd_client_options */
    uint32_t timeout_ms; /* for all servers together; 0: 10,000 */
    /* Called after each answer, one at a time, on a thread of psd_ask_many() or, over
     * a connection that stood, of the library: it must not block then. NULL: nobody
     * wants to know. */
    void (*answered)(void *arg, size_t index, const psd_answer *answer);
    void *arg;
    /* A connection for each url, or NULL where there is none: one that stands is
     * used, and afterwards those are there that an answer came over, new ones only as
     * long as there are fewer than KEEP_MOST. The caller's to close. One that turns out
     * to be lost is replaced, and the server asked again: METHOD is idempotent then. NULL:
     * each is made and closed. */
    psd_client **clients;
    size_t keep_most;
} psd_question;

/* Servers asked side by side over new connections; the next one follows when one has
 * answered. */
enum { PSD_ASK_MANY_AT_ONCE = 128 };

/* Asks the COUNT servers at URLS, each over a connection of its own, and
 * returns when the last answer is there or the time is up. ANSWERS[i] is that
 * of URLS[i]; the caller frees it with psd_answers_free(). One that nobody
 * listens to is not waited for: UNAVAILABLE. */
void psd_ask_many(const psd_question *question, const char *const *urls, size_t count, psd_answer *answers);

/* Frees the responses, not the array. */
void psd_answers_free(psd_answer *answers, size_t count);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop
#endif
