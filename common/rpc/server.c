#include "common/rpc/server.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/reqrep0/rep.h>
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

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool started;
    bool stopping;
    unsigned busy_workers; /* that receive or answer */
    unsigned calls;        /* not yet replied to by their handlers */
    int64_t next_deadline_ms;
    psd_server_stats stats;
    pthread_t reaper; /* answers requests whose deadline has passed */
};

psd_role psd_authorize_local(const psd_peer *peer, void *arg PSD_UNUSED)
{
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

static void worker_done(void *arg);

static int make_workers(psd_server *server, psd_error *error)
{
    server->workers = calloc(server->options.max_in_flight, sizeof(*server->workers));
    if (!server->workers)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    for (unsigned i = 0; i < server->options.max_in_flight; i++) {
        psd_worker *worker = &server->workers[i];
        worker->server = server;
        pthread_mutex_init(&worker->mutex, NULL);
        int result = nng_aio_alloc(&worker->aio, worker_done, worker);
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

static bool is_stopping(psd_server *server)
{
    PSD_LOCKED(&server->mutex);
    return server->stopping;
}

/* Begins the next round, or ends the last one. */
static void receive(psd_worker *worker)
{
    psd_server *server = worker->server;
    worker->sending = false;
    {
        PSD_LOCKED(&server->mutex);
        if (server->stopping) {
            if (--server->busy_workers == 0)
                pthread_cond_broadcast(&server->changed);
            return;
        }
    }
    set_receiving(worker, true);
    nng_ctx_recv(worker->ctx, worker->aio);
    /* psd_server_stop() may have looked at `receiving` just before. */
    if (is_stopping(server))
        nng_aio_cancel(worker->aio);
}

void psd_worker_send(psd_worker *worker, nng_msg *message)
{
    if (!message) {
        psd_log(PSD_LOG_ERROR, "no memory for an answer", NULL);
        receive(worker);
        return;
    }
    worker->sending = true;
    nng_aio_set_msg(worker->aio, message);
    nng_ctx_send(worker->ctx, worker->aio);
}

/* The aio of a worker has finished: a request came, or the answer is gone. */
static void worker_done(void *arg)
{
    psd_worker *worker = arg;
    int result = nng_aio_result(worker->aio);
    set_receiving(worker, false);
    if (worker->sending) {
        if (result != 0) /* the client has gone; nobody waits for the answer */
            nng_msg_free(nng_aio_get_msg(worker->aio));
        receive(worker);
    } else if (result == 0) {
        psd_worker_handle(worker, nng_aio_get_msg(worker->aio));
    } else {
        receive(worker);
    }
}

/* Answers requests whose deadline has passed while their handlers work on. */
static void *reap(void *arg)
{
    psd_server *server = arg;
    psd_error late = PSD_ERROR_INIT;
    psd_error_set(&late, PSD_DEADLINE_EXCEEDED, "the request was not answered within its timeout");
    pthread_mutex_lock(&server->mutex);
    while (!server->stopping) {
        if (psd_clock_mono_ms() < server->next_deadline_ms) {
            if (server->next_deadline_ms == INT64_MAX)
                pthread_cond_wait(&server->changed, &server->mutex);
            else
                psd_cond_wait_until(&server->changed, &server->mutex, server->next_deadline_ms);
            continue;
        }
        server->next_deadline_ms = INT64_MAX;
        pthread_mutex_unlock(&server->mutex);
        int64_t next = INT64_MAX;
        int64_t now = psd_clock_mono_ms();
        for (unsigned i = 0; i < server->options.max_in_flight; i++) {
            int64_t deadline = psd_worker_expire(&server->workers[i], now, &late);
            next = deadline < next ? deadline : next;
        }
        pthread_mutex_lock(&server->mutex);
        if (next < server->next_deadline_ms)
            server->next_deadline_ms = next;
    }
    pthread_mutex_unlock(&server->mutex);
    return NULL;
}

int psd_server_start(psd_server *server, psd_error *error)
{
    int result = pthread_create(&server->reaper, NULL, reap, server);
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

void psd_server_stop(psd_server *server, uint32_t grace_ms)
{
    {
        PSD_LOCKED(&server->mutex);
        if (!server->started || server->stopping)
            return;
        server->stopping = true;
        pthread_cond_broadcast(&server->changed);
    }
    pthread_join(server->reaper, NULL);
    for (size_t i = 0; i < server->listener_count; i++)
        psd_listener_close(&server->listeners[i]);
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
            nng_aio_cancel(worker->aio);
    }
    if (!wait_idle(server, psd_clock_mono_ms() + grace_ms)) {
        psd_error cancelled = PSD_ERROR_INIT;
        psd_error_set(&cancelled, PSD_CANCELLED, "the server stops: try again");
        for (unsigned i = 0; i < server->options.max_in_flight; i++)
            psd_worker_expire(&server->workers[i], INT64_MAX, &cancelled);
        wait_idle(server, psd_clock_mono_ms() + 1000);
    }
    /* nng hands an answer to the kernel at once unless the peer reads slowly;
     * it has no call that waits for the rest. */
    usleep(20000);
}

void psd_server_free(psd_server *server)
{
    if (!server)
        return;
    psd_server_stop(server, 0);
    pthread_mutex_lock(&server->mutex);
    while (server->calls > 0)
        pthread_cond_wait(&server->changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
    nng_close(server->requests);
    nng_close(server->streams);
    for (unsigned i = 0; server->workers && i < server->options.max_in_flight; i++) {
        nng_aio_free(server->workers[i].aio);
        pthread_mutex_destroy(&server->workers[i].mutex);
    }
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
    PSD_LOCKED(&server->mutex);
    server->stats.published++;
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
    PSD_LOCKED(&server->mutex);
    server->stats.requests++;
    server->stats.rejected += rejected;
    server->stats.repeats += repeated;
}

void psd_server_call_born(psd_server *server)
{
    PSD_LOCKED(&server->mutex);
    server->calls++;
}

void psd_server_call_died(psd_server *server)
{
    PSD_LOCKED(&server->mutex);
    if (--server->calls == 0)
        pthread_cond_broadcast(&server->changed);
}

void psd_server_get_stats(psd_server *server, psd_server_stats *stats)
{
    PSD_LOCKED(&server->mutex);
    *stats = server->stats;
    stats->in_flight = server->calls;
}
