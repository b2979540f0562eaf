/*
 * server_call.h - one request inside the server: internal to common/rpc.
 *
 * A call belongs to its handler until the handler replies. The worker that
 * received the request points at it for as long as the client still waits; the
 * worker's mutex decides who answers: the handler, or the deadline.
 */
#ifndef PSD_COMMON_RPC_SERVER_CALL_H
#define PSD_COMMON_RPC_SERVER_CALL_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/rpc/dedupe.h"
#include "common/rpc/server.h"

typedef struct psd_worker psd_worker;

struct psd_call {
    psd_worker *worker;
    const psd_method *method;
    uint64_t call_id;
    int64_t deadline_ms;
    psd_role role;
    bool remembered; /* the answer goes into the dedupe table under `key` */
    psd_dedupe_key key;
    psd_call *next_waiting; /* list of psd_dedupe_end() */
};

/*
 * One nng context with its request.
 *
 * Receiving and sending have an aio each. The one that sends has no callback:
 * a send is nearly always over when nng_ctx_send() returns, and the worker goes
 * on receiving at once, which saves a change of threads for each request. When
 * the connection is busy the worker is parked, and the server's keeper looks
 * after it.
 */
struct psd_worker {
    psd_server *server;
    nng_ctx ctx;
    nng_aio *receive_aio;
    nng_aio *send_aio;
    atomic_bool parked; /* the send goes on */

    pthread_mutex_t mutex; /* guards all below */
    bool receiving;        /* waits for a request */
    psd_call *call;        /* whose client waits; NULL otherwise */
    int64_t deadline_ms;   /* of call */
    uint64_t call_id;      /* of call */
};

/* Handles the request that arrived at WORKER; takes MESSAGE. */
void psd_worker_handle(psd_worker *worker, nng_msg *message);

/* Answers the worker's client with ERROR if its deadline is not after NOW_MS
 * and nobody else has answered. Returns the deadline of a client that goes on
 * waiting, INT64_MAX when there is none. */
int64_t psd_worker_expire(psd_worker *worker, int64_t now_ms, const psd_error *error);

/* For server_call.c, served by server.c. */
void psd_worker_send(psd_worker *worker, nng_msg *message);
const psd_method *psd_server_find(const psd_server *server, const char *full_name, const void **handlers,
                                  void **arg);
const psd_server_options *psd_server_get_options(const psd_server *server);
psd_dedupe *psd_server_dedupe(psd_server *server);
/* A call is pending past its handler's return: look at its deadline. */
void psd_server_watch_deadline(psd_server *server, int64_t deadline_ms);
void psd_server_count(psd_server *server, bool rejected, bool repeated);
/* A request that was counted already got no answer in time. */
void psd_server_count_late(psd_server *server);
void psd_server_call_born(psd_server *server);
void psd_server_call_died(psd_server *server);

#endif
