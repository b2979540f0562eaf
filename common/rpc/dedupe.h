/*
 * dedupe.h - recent answers of methods with side effects, so that a repeated
 * request is answered from memory and never runs twice.
 *
 * A repeat that arrives while the first request still runs waits for its
 * answer. Memory is bounded by count, bytes and age; an answer that had to be
 * forgotten is no longer protected. All functions are thread-safe.
 */
#ifndef PSD_COMMON_RPC_DEDUPE_H
#define PSD_COMMON_RPC_DEDUPE_H

#include <nng/nng.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/rpc/wire.h"

enum {
    PSD_DEDUPE_ENTRIES = 1024,
    PSD_DEDUPE_BYTES = 4 << 20,
    PSD_DEDUPE_AGE_MS = 600000,
};

typedef struct psd_dedupe psd_dedupe;
struct psd_call;

psd_dedupe *psd_dedupe_new(void);
void psd_dedupe_free(psd_dedupe *dedupe);

/* What names a request. */
typedef struct psd_dedupe_key {
    uint64_t call_id; /* not 0 */
    uid_t uid;        /* of the caller, (uid_t)-1 when unknown */
    const void *method;
    uint64_t request_hash;
} psd_dedupe_key;

uint64_t psd_dedupe_hash(psd_bytes bytes);

typedef enum psd_dedupe_verdict {
    PSD_DEDUPE_RUN,      /* first of its kind: run it, then psd_dedupe_end() */
    PSD_DEDUPE_ANSWERED, /* *ANSWER is a copy of the remembered response, or NULL: out of memory */
    PSD_DEDUPE_WAITS,    /* CALL will be answered by psd_dedupe_end() of the first one */
    PSD_DEDUPE_CONFLICT, /* the call_id was used for another request */
    PSD_DEDUPE_FULL,     /* too many requests run: try again later */
} psd_dedupe_verdict;

psd_dedupe_verdict psd_dedupe_begin(psd_dedupe *dedupe, const psd_dedupe_key *key, struct psd_call *call,
                                    nng_msg **answer);

/* Remembers a copy of ANSWER and returns the calls that wait for it, linked by
 * psd_call.next_waiting. */
struct psd_call *psd_dedupe_end(psd_dedupe *dedupe, const psd_dedupe_key *key, nng_msg *answer);

#endif
