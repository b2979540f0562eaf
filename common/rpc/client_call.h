/*
 * client_call.h - one call inside the client: internal to common/rpc.
 *
 * A call is a small state machine that makes one nng operation after another
 * on its aio. A blocking call steps it from the caller's thread, which waits
 * for each operation; an asynchronous one steps it from the aio's callback.
 */
#ifndef PSD_COMMON_RPC_CLIENT_CALL_H
#define PSD_COMMON_RPC_CLIENT_CALL_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/rpc/client.h"
#include "common/rpc/wire.h"

typedef enum psd_call_state {
    PSD_CALL_SENDING,
    PSD_CALL_RECEIVING,
    PSD_CALL_PAUSING, /* for the connection, or before the request is repeated */
} psd_call_state;

typedef struct psd_client_call_ctx psd_client_call_ctx;
typedef struct psd_lane psd_lane; /* client.c */

struct psd_client_call_ctx {
    /* Kept when the call is used again. */
    psd_client *client;
    psd_lane *lane;
    nng_ctx ctx;
    nng_aio *aio;
    bool asynchronous;
    psd_client_call_ctx *next; /* in the client's list of idle or active ones */
    psd_client_call_ctx *previous;
    int64_t rests_until_ms; /* monotonic: not used again before */

    /* Of one call. */
    const psd_method *method;
    psd_call_state state;
    uint64_t call_id;
    int64_t deadline_ms;
    unsigned attempt;
    uint8_t *request; /* packed */
    size_t request_length;
    bool joins_pages; /* follows next_page_token */
    char *page_token; /* of the page to ask for; NULL for the first one */
    uint8_t *joined;  /* packed pages so far */
    size_t joined_length;
    unsigned restarts; /* because the resource changed between pages */
    ProtobufCMessage *response;
    psd_error error;
    psd_client_done_shim shim; /* asynchronous calls */
    psd_any_function done;
    void *done_arg;
};

/* Starts the first operation. False: the call is over, the error is set. */
bool psd_client_call_begin(psd_client_call_ctx *call);

/* The operation has finished. True: another one was started; false: the call
 * is over, response or error is set. */
bool psd_client_call_step(psd_client_call_ctx *call);

/* Frees what belongs to one call, the response excepted. */
void psd_client_call_reset(psd_client_call_ctx *call);

/* Lets another thread end a blocking call early. */
typedef struct psd_call_cancel {
    pthread_mutex_t mutex;
    atomic_bool cancelled; /* for good: later calls end at once, too */
    nng_aio *aio;          /* of the call that runs; NULL when none does */
} psd_call_cancel;

void psd_call_cancel_now(psd_call_cancel *cancel);

/* psd_client_call(), which ends with CANCELLED once CANCEL says so. */
int psd_client_call_cancellable(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                                const psd_call_options *options, psd_call_cancel *cancel,
                                ProtobufCMessage **response, psd_error *error) PSD_MUST_CHECK;

/* For client_call.c, served by client.c. */
typedef enum psd_link { PSD_LINK_UP, PSD_LINK_DOWN, PSD_LINK_CLOSING } psd_link;
psd_link psd_client_link(const psd_client_call_ctx *call);
/* The connection is down and somebody waits for it. */
void psd_client_revive(psd_client_call_ctx *call);
const psd_client_options *psd_client_get_options(const psd_client *client);

#endif
