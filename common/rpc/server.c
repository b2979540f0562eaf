#include "common/rpc/server.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/server_call.h"
#include "common/rpc/server_listener.h"
#include "common/rpc/wire.h"
#include "common/thread.h"

enum {
    MAX_SERVICES = 16,
    MAX_LISTENERS = 4,
    DEFAULT_IN_FLIGHT = 64,
    DEFAULT_TIMEOUT_MS = 30000,
    /* Events that wait for one slow subscriber; it loses those beyond. */
    STREAM_QUEUE = 128,
    /* A peer that does not read its answers loses them after this. */
    SEND_TIMEOUT_MS = 5000,
    PARKED_PERIOD_MS = 5,
};

typedef struct registration {
    const psd_service *service;
    const void *handlers;
    void *arg;
} registration;

struct psd_server {
    psd_server_options options;
    nng_socket requests;
    nng_socket streams;
    psd_listener listeners[MAX_LISTENERS];
    size_t listener_count;
    registration registrations[MAX_SERVICES];
    const psd_service *services[MAX_SERVICES];
    size_t service_count;
    psd_dedupe *dedupe;
    psd_worker *workers;

    /* Of every request, so without a lock that all workers share. */
    atomic_bool stopping;
    atomic_uint calls;  /* not yet replied to by their handlers */
    atomic_uint parked; /* workers whose send goes on */
    atomic_ullong answered;
    atomic_ullong rejected;
    atomic_ullong repeats;
    atomic_ullong published;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool started;
    unsigned busy_workers; /* that receive or answer */
    int64_t next_deadline_ms;
    bool keeper_ends;
    pthread_t keeper; /* looks after deadlines and parked workers */
};

psd_role psd_authorize_local(const psd_peer *peer, void *arg)
{
    if (!peer->is_ipc && arg)
        return *(const psd_role *)arg;
    return peer->is_ipc && (peer->uid == 0 || peer->uid == geteuid()) ? PSD_ROLE_ADMIN : PSD_ROLE_READER;
}

static int open_sockets(psd_server *server, psd_error *error)
{
    int result = nng_rep0_open(&server->requests);
    if (result == 0)
        result = nng_pub0_open(&server->streams);
    if (result == 0)
        result = nng_socket_set_size(server->requests, NNG_OPT_RECVMAXSZ, PSD_WIRE_MAX);
    if (result == 0)
        result = nng_socket_set_size(server->streams, NNG_OPT_RECVMAXSZ, PSD_WIRE_MAX);
    if (result == 0)
        result = nng_socket_set_int(server->streams, NNG_OPT_SENDBUF, STREAM_QUEUE);
    if (result != 0)
        return psd_error_set_nng(error, result, "cannot make the server's sockets");
    return 0;
}

static void request_arrived(void *arg);

static int make_workers(psd_server *server, psd_error *error)
{
    server->workers = calloc(server->options.max_in_flight, sizeof(*server->workers));
    if (!server->workers)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    for (unsigned i = 0; i < server->options.max_in_flight; i++) {
        psd_worker *worker = &server->workers[i];
        worker->server = server;
        pthread_mutex_init(&worker->mutex, NULL);
        int result = nng_aio_alloc(&worker->receive_aio, request_arrived, worker);
        if (result == 0)
            result = nng_aio_alloc(&worker->send_aio, NULL, NULL);
        if (result == 0)
            result = nng_ctx_open(&worker->ctx, server->requests);
        if (result != 0)
            return psd_error_set_nng(error, result, "cannot make a request context");
    }
    return 0;
}

int psd_server_new(const psd_server_options *options, psd_server **server, psd_error *error)
{
    psd_server *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (options)
        made->options = *options;
    if (made->options.max_in_flight == 0)
        made->options.max_in_flight = DEFAULT_IN_FLIGHT;
    if (made->options.default_timeout_ms == 0)
        made->options.default_timeout_ms = DEFAULT_TIMEOUT_MS;
    if (!made->options.authorize)
        made->options.authorize = psd_authorize_local;
    pthread_mutex_init(&made->mutex, NULL);
    psd_cond_init(&made->changed);
    made->next_deadline_ms = INT64_MAX;
    made->dedupe = psd_dedupe_new();
    if (!made->dedupe)
        psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (!made->dedupe || open_sockets(made, error) < 0 || make_workers(made, error) < 0) {
        psd_server_free(made);
        return -1;
    }
    *server = made;
    return 0;
}

int psd_server_add(psd_server *server, const psd_service *service, const void *handlers, void *arg,
                   psd_error *error)
{
    if (server->service_count == MAX_SERVICES)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "a server has at most %d services", MAX_SERVICES);
    server->registrations[server->service_count] = (registration){service, handlers, arg};
    server->services[server->service_count++] = service;
    return 0;
}

size_t psd_server_services(const psd_server *server, const psd_service *const **services)
{
    *services = server->services;
    return server->service_count;
}

const psd_method *psd_server_find(const psd_server *server, const char *full_name, const void **handlers,
                                  void **arg)
{
    for (size_t i = 0; i < server->service_count; i++) {
        const registration *r = &server->registrations[i];
        for (size_t m = 0; m < r->service->method_count; m++) {
            if (strcmp(r->service->methods[m].full_name, full_name) == 0) {
                *handlers = r->handlers;
                *arg = r->arg;
                return &r->service->methods[m];
            }
        }
    }
    return NULL;
}

int psd_server_listen(psd_server *server, const char *url, mode_t mode, psd_error *error)
{
    if (server->listener_count == MAX_LISTENERS)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "a server listens on at most %d urls",
                             MAX_LISTENERS);
    if (psd_listener_open(server->requests, server->streams, url, mode,
                          &server->listeners[server->listener_count], error) < 0)
        return -1;
    server->listener_count++;
    return 0;
}

static void set_receiving(psd_worker *worker, bool receiving)
{
    PSD_LOCKED(&worker->mutex);
    worker->receiving = receiving;
}

static void retire(psd_server *server)
{
    PSD_LOCKED(&server->mutex);
    if (--server->busy_workers == 0)
        pthread_cond_broadcast(&server->changed);
}

/* Begins the next round, or ends the last one. */
static void receive(psd_worker *worker)
{
    psd_server *server = worker->server;
    if (atomic_load(&server->stopping)) {
        retire(server);
        return;
    }
    set_receiving(worker, true);
    nng_ctx_recv(worker->ctx, worker->receive_aio);
    /* psd_server_stop() may have looked at `receiving` just before. */
    if (atomic_load(&server->stopping))
        nng_aio_cancel(worker->receive_aio);
}

/* True when the send is over, with whatever result. nng sets count and result
 * of an aio to 0 when an operation begins, and one of them when it ends. */
static bool send_is_over(psd_worker *worker)
{
    if (nng_aio_count(worker->send_aio) == 0 && nng_aio_result(worker->send_aio) == 0)
        return false;
    nng_aio_wait(worker->send_aio);
    if (nng_aio_result(worker->send_aio) != 0) /* the client has gone or does not read */
        nng_msg_free(nng_aio_get_msg(worker->send_aio));
    return true;
}

static void park(psd_worker *worker)
{
    psd_server *server = worker->server;
    atomic_store(&worker->parked, true);
    if (atomic_fetch_add(&server->parked, 1) > 0)
        return;
    PSD_LOCKED(&server->mutex);
    pthread_cond_broadcast(&server->changed);
}

void psd_worker_send(psd_worker *worker, nng_msg *message)
{
    if (!message) {
        psd_log(PSD_LOG_ERROR, "no memory for an answer", NULL);
        receive(worker);
        return;
    }
    nng_aio_set_msg(worker->send_aio, message);
    nng_aio_set_timeout(worker->send_aio, SEND_TIMEOUT_MS);
    nng_ctx_send(worker->ctx, worker->send_aio);
    if (send_is_over(worker))
        receive(worker);
    else
        park(worker);
}

static void request_arrived(void *arg)
{
    psd_worker *worker = arg;
    set_receiving(worker, false);
    if (nng_aio_result(worker->receive_aio) == 0)
        psd_worker_handle(worker, nng_aio_get_msg(worker->receive_aio));
    else
        receive(worker);
}

static void release_parked(psd_server *server)
{
    for (unsigned i = 0; i < server->options.max_in_flight; i++) {
        psd_worker *worker = &server->workers[i];
        if (!atomic_load(&worker->parked) || !send_is_over(worker))
            continue;
        atomic_store(&worker->parked, false);
        atomic_fetch_sub(&server->parked, 1);
        receive(worker);
    }
}

/* Answers requests whose deadline has passed while their handlers work on.
 * Returns the next deadline. */
static int64_t expire_late(psd_server *server)
{
    psd_error late = PSD_ERROR_INIT;
    psd_error_set(&late, PSD_DEADLINE_EXCEEDED, "the request was not answered within its timeout");
    int64_t next = INT64_MAX;
    int64_t now = psd_clock_mono_ms();
    for (unsigned i = 0; i < server->options.max_in_flight; i++) {
        int64_t deadline = psd_worker_expire(&server->workers[i], now, &late);
        next = deadline < next ? deadline : next;
    }
    return next;
}

/* Sleeps until something is due; false when the keeper has to end. */
static bool keeper_waits(psd_server *server)
{
    PSD_LOCKED(&server->mutex);
    for (;;) {
        bool parked = atomic_load(&server->parked) > 0;
        int64_t now = psd_clock_mono_ms();
        int64_t due = server->next_deadline_ms;
        if (server->keeper_ends)
            return false;
        if (due <= now) {
            server->next_deadline_ms = INT64_MAX; /* those that wait on are looked up */
            return true;
        }
        if (parked && due > now + PARKED_PERIOD_MS)
            due = now + PARKED_PERIOD_MS;
        if (due == INT64_MAX)
            pthread_cond_wait(&server->changed, &server->mutex);
        else if (!psd_cond_wait_until(&server->changed, &server->mutex, due) && parked)
            return true;
    }
}

static void *keep(void *arg)
{
    psd_server *server = arg;
    while (keeper_waits(server)) {
        release_parked(server);
        psd_server_watch_deadline(server, expire_late(server));
    }
    return NULL;
}

int psd_server_start(psd_server *server, psd_error *error)
{
    int result = pthread_create(&server->keeper, NULL, keep, server);
    if (result != 0)
        return psd_error_set_errno(error, result, "cannot start a thread");
    server->started = true;
    server->busy_workers = server->options.max_in_flight;
    for (unsigned i = 0; i < server->options.max_in_flight; i++)
        receive(&server->workers[i]);
    return 0;
}

/* Waits until no worker is busy. False when the time has come before. */
static bool wait_idle(psd_server *server, int64_t until_ms)
{
    PSD_LOCKED(&server->mutex);
    while (server->busy_workers > 0) {
        if (!psd_cond_wait_until(&server->changed, &server->mutex, until_ms))
            return server->busy_workers == 0;
    }
    return true;
}

static void end_keeper(psd_server *server)
{
    {
        PSD_LOCKED(&server->mutex);
        server->keeper_ends = true;
        pthread_cond_broadcast(&server->changed);
    }
    pthread_join(server->keeper, NULL);
}

void psd_server_stop(psd_server *server, uint32_t grace_ms)
{
    {
        PSD_LOCKED(&server->mutex);
        if (!server->started || atomic_exchange(&server->stopping, true))
            return;
    }
    for (unsigned i = 0; i < server->options.max_in_flight; i++) {
        psd_worker *worker = &server->workers[i];
        bool receiving = false;
        {
            PSD_LOCKED(&worker->mutex);
            receiving = worker->receiving;
        }
        /* A request that arrives right now is handled: cancelling a finished
         * aio does nothing. */
        if (receiving)
            nng_aio_cancel(worker->receive_aio);
    }
    if (!wait_idle(server, psd_clock_mono_ms() + grace_ms)) {
        psd_error cancelled = PSD_ERROR_INIT;
        psd_error_set(&cancelled, PSD_CANCELLED, "the server stops: try again");
        for (unsigned i = 0; i < server->options.max_in_flight; i++)
            psd_worker_expire(&server->workers[i], INT64_MAX, &cancelled);
        wait_idle(server, psd_clock_mono_ms() + 1000);
    }
    end_keeper(server);
    /* nng hands an answer to the kernel at once unless the peer reads slowly;
     * it has no call that waits for the rest. */
    usleep(20000);
    for (size_t i = 0; i < server->listener_count; i++)
        psd_listener_close(&server->listeners[i]);
}

static void free_send(psd_worker *worker)
{
    if (!worker->send_aio)
        return;
    nng_aio_stop(worker->send_aio); /* one that still goes on: the peer does not read */
    if (atomic_load(&worker->parked) && nng_aio_result(worker->send_aio) != 0)
        nng_msg_free(nng_aio_get_msg(worker->send_aio));
    nng_aio_free(worker->send_aio);
}

void psd_server_free(psd_server *server)
{
    if (!server)
        return;
    psd_server_stop(server, 0);
    while (atomic_load(&server->calls) > 0)
        usleep(1000);
    for (unsigned i = 0; server->workers && i < server->options.max_in_flight; i++) {
        nng_aio_free(server->workers[i].receive_aio);
        free_send(&server->workers[i]);
        nng_ctx_close(server->workers[i].ctx);
        pthread_mutex_destroy(&server->workers[i].mutex);
    }
    /* Last: nng 1.5.2 frees a socket under a context that is in use. */
    nng_close(server->requests);
    nng_close(server->streams);
    free(server->workers);
    for (size_t i = 0; i < server->listener_count; i++)
        psd_listener_unlock(&server->listeners[i]);
    psd_dedupe_free(server->dedupe);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->mutex);
    free(server);
}

void psd_server_publish(psd_server *server, const char *topic, const void *bytes, size_t length)
{
    nng_msg *message = psd_wire_event(topic, (psd_bytes){bytes, length});
    if (!message || nng_sendmsg(server->streams, message, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(message);
        return; /* watchers notice the gap */
    }
    atomic_fetch_add(&server->published, 1);
}

const psd_server_options *psd_server_get_options(const psd_server *server)
{
    return &server->options;
}

psd_dedupe *psd_server_dedupe(psd_server *server)
{
    return server->dedupe;
}

void psd_server_watch_deadline(psd_server *server, int64_t deadline_ms)
{
    PSD_LOCKED(&server->mutex);
    if (deadline_ms < server->next_deadline_ms) {
        server->next_deadline_ms = deadline_ms;
        pthread_cond_broadcast(&server->changed);
    }
}

void psd_server_count(psd_server *server, bool rejected, bool repeated)
{
    atomic_fetch_add(&server->answered, 1);
    atomic_fetch_add(&server->rejected, rejected);
    atomic_fetch_add(&server->repeats, repeated);
}

void psd_server_count_late(psd_server *server)
{
    atomic_fetch_add(&server->rejected, 1);
}

void psd_server_call_born(psd_server *server)
{
    atomic_fetch_add(&server->calls, 1);
}

void psd_server_call_died(psd_server *server)
{
    /* psd_server_free() waits for the last one: touch nothing afterwards. */
    atomic_fetch_sub(&server->calls, 1);
}

void psd_server_get_stats(psd_server *server, psd_server_stats *stats)
{
    *stats = (psd_server_stats){
        .requests = atomic_load(&server->answered),
        .rejected = atomic_load(&server->rejected),
        .repeats = atomic_load(&server->repeats),
        .published = atomic_load(&server->published),
        .in_flight = atomic_load(&server->calls),
    };
}
