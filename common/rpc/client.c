#include "common/rpc/client.h"

#include <errno.h>
#include <limits.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/client_call.h"
#include "common/rpc/connection.h"
#include "common/rpc/endpoint.h"
#include "common/rpc/wire.h"
#include "common/runtime_dir.h"
#include "common/thread.h"

enum {
    DEFAULT_TIMEOUT_MS = 10000,
    CANCEL_PERIOD_MS = 10,
    REST_MS = 1000, /* of a call context whose time was up */
    LANES = 2,
    SECOND_LANE_FROM = 2, /* calls side by side */
};

/* A connection with the calls that use it. nng carries one message at a time
 * on each, which a second one makes up for when calls run side by side. */
struct psd_lane {
    psd_connection connection;
    bool open;
    unsigned busy;                /* active calls */
    psd_client_call_ctx *idle[2]; /* by `asynchronous` */
};

struct psd_client {
    psd_client_options options; /* its strings are url, endpoint and token below */
    psd_endpoint endpoint;
    char *token;
    atomic_bool closing;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    psd_lane lanes[LANES];
    psd_client_call_ctx *active;
};

const psd_client_options *psd_client_get_options(const psd_client *client)
{
    return &client->options;
}

psd_link psd_client_link(const psd_client_call_ctx *call)
{
    if (atomic_load(&call->client->closing))
        return PSD_LINK_CLOSING;
    return psd_connection_is_up(&call->lane->connection) ? PSD_LINK_UP : PSD_LINK_DOWN;
}

void psd_client_revive(psd_client_call_ctx *call)
{
    psd_connection_revive(&call->lane->connection);
}

const char *psd_client_url(const psd_client *client)
{
    return client->options.url;
}

static int resolve(psd_client *client, const psd_client_options *options, psd_error *error)
{
    if (options)
        client->options = *options;
    char url[PATH_MAX + 32];
    if (!client->options.url) {
        char dir[PATH_MAX];
        psd_runtime_dir_find(NULL, dir);
        snprintf(url, sizeof(url), "ipc://%s/%s", dir, PSD_DAEMON_SOCKET);
        client->options.url = url;
    }
    if (psd_endpoint_parse(client->options.url, &client->endpoint, error) < 0)
        return -1;
    client->options.url = client->endpoint.url;
    if (client->options.stream_url) {
        if (strlen(client->options.stream_url) >= PSD_URL_SIZE)
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "stream url '%.40s...' is too long",
                                 client->options.stream_url);
        snprintf(client->endpoint.stream_url, PSD_URL_SIZE, "%s", client->options.stream_url);
    }
    client->options.stream_url = client->endpoint.stream_url;
    if (client->options.token) {
        client->token = strdup(client->options.token);
        if (!client->token)
            return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        client->options.token = client->token;
    }
    if (client->options.timeout_ms == 0)
        client->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    return 0;
}

static int open_lane(psd_client *client, psd_lane *lane, bool waits, psd_error *error)
{
    nng_socket socket;
    int result = nng_req0_open(&socket);
    if (result != 0)
        return psd_error_set_nng(error, result, "cannot make a socket");
    if (psd_connection_init(&lane->connection, socket, client->options.url, NULL, NULL, error) < 0)
        return -1;
    lane->open = true;
    /* nng must never repeat a request by itself: the client decides. */
    result = nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    if (result != 0)
        return psd_error_set_nng(error, result, "cannot set up a socket");
    return waits ? psd_connection_dial(&lane->connection, client->options.timeout_ms, error)
                 : psd_connection_dial_later(&lane->connection, error);
}

int psd_client_open(const psd_client_options *options, psd_client **client, psd_error *error)
{
    psd_client *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    pthread_mutex_init(&made->mutex, NULL);
    psd_cond_init(&made->changed);
    if (resolve(made, options, error) < 0 ||
        open_lane(made, &made->lanes[0], !made->options.wait_for_ready, error) < 0) {
        psd_client_close(made);
        return -1;
    }
    *client = made;
    return 0;
}

static void free_call(psd_client_call_ctx *call)
{
    if (!call)
        return;
    nng_aio_free(call->aio); /* waits for its callback */
    nng_ctx_close(call->ctx);
    free(call);
}

/* Ends all calls and waits until they have ended. */
static void cancel_calls(psd_client *client)
{
    atomic_store(&client->closing, true);
    PSD_LOCKED(&client->mutex);
    while (client->active) {
        /* One that is between two operations does not notice: ask again. */
        for (psd_client_call_ctx *call = client->active; call; call = call->next)
            nng_aio_cancel(call->aio);
        psd_cond_wait_until(&client->changed, &client->mutex, psd_clock_mono_ms() + CANCEL_PERIOD_MS);
    }
}

static void close_lane(psd_lane *lane)
{
    for (int i = 0; i < 2; i++) {
        while (lane->idle[i]) {
            psd_client_call_ctx *call = lane->idle[i];
            lane->idle[i] = call->next;
            free_call(call);
        }
    }
    /* Last: nng 1.5.2 frees a socket under a context that is in use. */
    if (lane->open)
        psd_connection_close(&lane->connection);
}

void psd_client_close(psd_client *client)
{
    if (!client)
        return;
    cancel_calls(client);
    for (int i = 0; i < LANES; i++)
        close_lane(&client->lanes[i]);
    pthread_cond_destroy(&client->changed);
    pthread_mutex_destroy(&client->mutex);
    free(client->token);
    free(client);
}

static void call_advanced(void *arg);

static psd_client_call_ctx *new_call(psd_client *client, psd_lane *lane, bool asynchronous, psd_error *error)
{
    psd_client_call_ctx *call = calloc(1, sizeof(*call));
    if (!call) {
        psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        return NULL;
    }
    call->client = client;
    call->lane = lane;
    call->asynchronous = asynchronous;
    int result = nng_aio_alloc(&call->aio, asynchronous ? call_advanced : NULL, call);
    if (result == 0)
        result = nng_ctx_open(&call->ctx, lane->connection.socket);
    if (result != 0) {
        psd_error_set_nng(error, result, "cannot make a request context");
        free_call(call);
        return NULL;
    }
    return call;
}

static void activate(psd_client_call_ctx *call)
{
    psd_client *client = call->client;
    call->previous = NULL;
    call->next = client->active;
    if (call->next)
        call->next->previous = call;
    client->active = call;
    call->lane->busy++;
}

/* The lane with less to do, of those that are up. */
static psd_lane *choose_lane(psd_client *client)
{
    psd_lane *first = &client->lanes[0];
    psd_lane *second = &client->lanes[1];
    bool is_up = psd_connection_is_up(&first->connection);
    if (first->busy < SECOND_LANE_FROM && (is_up || !second->open))
        return first;
    if (!second->open && open_lane(client, second, false, NULL) < 0)
        return first; /* one is enough */
    if (!psd_connection_is_up(&second->connection))
        return first;
    return second->busy < first->busy || !is_up ? second : first;
}

/* Takes an idle call context that has rested; NULL when there is none. */
static psd_client_call_ctx *take_idle(psd_client_call_ctx **list)
{
    int64_t now_ms = psd_clock_mono_ms();
    for (psd_client_call_ctx **at = list; *at; at = &(*at)->next) {
        psd_client_call_ctx *idle = *at;
        if (idle->rests_until_ms <= now_ms) {
            *at = idle->next;
            return idle;
        }
    }
    return NULL;
}

/* An idle call context or a new one, on the active list. */
static psd_client_call_ctx *take_call(psd_client *client, bool asynchronous, psd_error *error)
{
    psd_lane *lane = NULL;
    {
        PSD_LOCKED(&client->mutex);
        lane = choose_lane(client);
        psd_client_call_ctx *idle = take_idle(&lane->idle[asynchronous]);
        if (idle) {
            activate(idle);
            return idle;
        }
    }
    psd_client_call_ctx *call = new_call(client, lane, asynchronous, error);
    if (!call)
        return NULL;
    PSD_LOCKED(&client->mutex);
    activate(call);
    return call;
}

/* nng 1.5.2 may let the timeout of an operation that has just ended hit the next
 * one on the same aio: a context whose time was up rests before it is used again. */
static void give_back(psd_client_call_ctx *call)
{
    int64_t now_ms = psd_clock_mono_ms();
    call->rests_until_ms = now_ms >= call->deadline_ms - 1 ? now_ms + REST_MS : 0;
    psd_client_call_reset(call);
    psd_client *client = call->client;
    PSD_LOCKED(&client->mutex);
    if (call->previous)
        call->previous->next = call->next;
    else
        client->active = call->next;
    if (call->next)
        call->next->previous = call->previous;
    call->lane->busy--;
    call->next = call->lane->idle[call->asynchronous];
    call->lane->idle[call->asynchronous] = call;
    if (!client->active)
        pthread_cond_broadcast(&client->changed);
}

/* Random, so that the calls of two clients do not meet; never 0. */
static uint64_t new_call_id(void)
{
    uint64_t id = 0;
    arc4random_buf(&id, sizeof(id));
    return id ? id : 1;
}

static bool has_page_token(const ProtobufCMessageDescriptor *type, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
    return field && field->type == PROTOBUF_C_TYPE_STRING && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* Pages are joined unless the caller asks for a page of its own. */
static bool wants_all_pages(const psd_method *method, const ProtobufCMessage *request)
{
    if (!has_page_token(method->request, "page_token") ||
        !has_page_token(method->response, "next_page_token"))
        return false;
    const ProtobufCFieldDescriptor *size = protobuf_c_message_descriptor_get_field_by_name(method->request,
                                                                                           "page_size");
    const ProtobufCFieldDescriptor *token = protobuf_c_message_descriptor_get_field_by_name(method->request,
                                                                                            "page_token");
    bool has_size = size && *(const uint32_t *)(const void *)((const char *)request + size->offset) != 0;
    const char *text = *(char *const *)(const void *)((const char *)request + token->offset);
    return !has_size && (!text || !text[0]);
}

/* Refuses what cannot be sent, and prepares the rest. */
static int prepare(psd_client_call_ctx *call, const psd_method *method, const ProtobufCMessage *request,
                   const psd_call_options *options, psd_error *error)
{
    psd_client *client = call->client;
    psd_link link = psd_client_link(call);
    if (link == PSD_LINK_CLOSING)
        return psd_error_set(error, PSD_CANCELLED, "%s: the client was closed", method->full_name);
    bool waits = client->options.wait_for_ready || (options && options->wait_for_ready);
    if (link == PSD_LINK_DOWN && !waits) {
        psd_client_revive(call);
        psd_error_set(error, PSD_UNAVAILABLE, "no connection to %s at the moment", client->options.url);
        if (error)
            error->sys_errno = ENOTCONN;
        return -1;
    }
    uint32_t timeout_ms = options && options->timeout_ms ? options->timeout_ms : client->options.timeout_ms;
    call->method = method;
    call->deadline_ms = psd_clock_mono_ms() + timeout_ms;
    call->call_id = method->no_side_effects ? 0 : new_call_id();
    call->joins_pages = wants_all_pages(method, request);
    call->request_length = protobuf_c_message_get_packed_size(request);
    if (call->request_length > PSD_WIRE_PAYLOAD_MAX)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED,
                             "%s: the request has %zu bytes, %d at most are sent", method->full_name,
                             call->request_length, PSD_WIRE_PAYLOAD_MAX);
    call->request = malloc(call->request_length + 1);
    if (!call->request)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    protobuf_c_message_pack(request, call->request);
    return 0;
}

/* Waits for the operation that was just started. */
static void wait_unless_cancelled(psd_client_call_ctx *call, psd_call_cancel *cancel)
{
    /* psd_call_cancel_now() may have come just before the operation began. */
    if (cancel && atomic_load(&cancel->cancelled))
        nng_aio_cancel(call->aio);
    nng_aio_wait(call->aio);
}

static void bind_cancel(psd_call_cancel *cancel, nng_aio *aio)
{
    if (!cancel)
        return;
    PSD_LOCKED(&cancel->mutex);
    cancel->aio = aio;
}

void psd_call_cancel_now(psd_call_cancel *cancel)
{
    PSD_LOCKED(&cancel->mutex);
    atomic_store(&cancel->cancelled, true);
    if (cancel->aio)
        nng_aio_cancel(cancel->aio);
}

int psd_client_call(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                    const psd_call_options *options, ProtobufCMessage **response, psd_error *error)
{
    return psd_client_call_cancellable(client, method, request, options, NULL, response, error);
}

int psd_client_call_cancellable(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                                const psd_call_options *options, psd_call_cancel *cancel,
                                ProtobufCMessage **response, psd_error *error)
{
    psd_client_call_ctx *call = take_call(client, false, error);
    if (!call)
        return -1;
    if (prepare(call, method, request, options, error) < 0) {
        give_back(call);
        return -1;
    }
    bind_cancel(cancel, call->aio);
    for (bool goes_on = psd_client_call_begin(call); goes_on; goes_on = psd_client_call_step(call))
        wait_unless_cancelled(call, cancel);
    bind_cancel(cancel, NULL);
    *response = call->response;
    int result = call->response ? 0 : psd_error_copy(error, &call->error);
    give_back(call);
    return result;
}

/* Callback of an asynchronous call's aio. */
static void call_advanced(void *arg)
{
    psd_client_call_ctx *call = arg;
    if (psd_client_call_step(call))
        return;
    ProtobufCMessage *response = call->response;
    call->shim(call->done, call->done_arg, response, response ? NULL : &call->error);
    give_back(call);
    if (response)
        protobuf_c_message_free_unpacked(response, NULL);
}

int psd_client_call_async(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                          const psd_call_options *options, psd_client_done_shim shim, psd_any_function done,
                          void *arg, psd_error *error)
{
    psd_client_call_ctx *call = take_call(client, true, error);
    if (!call)
        return -1;
    if (prepare(call, method, request, options, error) < 0) {
        give_back(call);
        return -1;
    }
    call->shim = shim;
    call->done = done;
    call->done_arg = arg;
    if (psd_client_call_begin(call))
        return 0;
    psd_error_copy(error, &call->error);
    give_back(call);
    return -1;
}
