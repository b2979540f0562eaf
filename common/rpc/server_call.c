#include "common/rpc/server_call.h"

#include <inttypes.h>
#include <nng/transport/ipc/ipc.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/wire.h"
#include "common/thread.h"

/* Ends the wait of the call's client, if it still waits. */
static bool take_client(psd_call *call)
{
    PSD_LOCKED(&call->worker->mutex);
    bool waits = call->worker->call == call;
    if (waits)
        call->worker->call = NULL;
    return waits;
}

/* Sends the answer if the client still waits, and frees the call. Takes
 * MESSAGE, NULL when there was no memory for it. */
static void answer(psd_call *call, nng_msg *message)
{
    psd_worker *worker = call->worker;
    bool waits = take_client(call);
    free(call);
    if (waits)
        psd_worker_send(worker, message);
    else
        nng_msg_free(message);
    psd_server_call_died(worker->server);
}

static void finish(psd_call *call, nng_msg *message)
{
    psd_call *waiting = NULL;
    if (call->remembered)
        waiting = psd_dedupe_end(psd_server_dedupe(call->worker->server), &call->key, message);
    while (waiting) {
        psd_call *next = waiting->next_waiting;
        nng_msg *copy = NULL;
        if (message && nng_msg_dup(&copy, message) != 0)
            copy = NULL;
        answer(waiting, copy);
        waiting = next;
    }
    answer(call, message);
}

void psd_call_reply(psd_call *call, const ProtobufCMessage *response)
{
    finish(call, psd_wire_response(call->call_id, response));
}

void psd_call_reply_packed(psd_call *call, const void *bytes, size_t length)
{
    finish(call, psd_wire_response_packed(call->call_id, (psd_bytes){bytes, length}));
}

void psd_call_fail(psd_call *call, const psd_error *error)
{
    finish(call, psd_wire_response_error(call->call_id, error));
}

int64_t psd_call_deadline(const psd_call *call)
{
    return call->deadline_ms;
}

psd_role psd_call_role(const psd_call *call)
{
    return call->role;
}

int64_t psd_worker_expire(psd_worker *worker, int64_t now_ms, const psd_error *error)
{
    {
        PSD_LOCKED(&worker->mutex);
        if (!worker->call)
            return INT64_MAX;
        if (worker->deadline_ms > now_ms)
            return worker->deadline_ms;
        worker->call = NULL; /* the handler's reply will find nobody */
    }
    psd_server_count_late(worker->server);
    psd_worker_send(worker, psd_wire_response_error(worker->call_id, error));
    return INT64_MAX;
}

static void read_peer(nng_msg *message, const char *token, psd_peer *peer)
{
    uint64_t uid = 0;
    bool is_ipc = nng_pipe_get_uint64(nng_msg_get_pipe(message), NNG_OPT_IPC_PEER_UID, &uid) == 0;
    *peer = (psd_peer){.is_ipc = is_ipc, .uid = is_ipc ? (uid_t)uid : (uid_t)-1, .token = token};
}

/* What stands between a decoded envelope and its handler. */
static int admit(const psd_server *server, const psd_method *method, const psd_peer *peer, const char *name,
                 psd_role *role, psd_error *error)
{
    if (!method)
        return psd_error_set(error, PSD_UNIMPLEMENTED,
                             "this server has no method '%.120s': 'pdctl describe' lists those it has", name);
    const psd_server_options *options = psd_server_get_options(server);
    *role = options->authorize(peer, options->authorize_arg);
    if (*role < method->role || method->role == PSD_ROLE_NONE) {
        bool has_hint = options->operator_hint && !peer->is_ipc && method->role == PSD_ROLE_OPERATOR;
        return psd_error_set(error, PSD_PERMISSION_DENIED, "%s needs the role %s, the caller has %s%s%s",
                             method->full_name, psd_role_name(method->role), psd_role_name(*role),
                             has_hint ? ": " : "", has_hint ? options->operator_hint : "");
    }
    if (method->topic)
        return psd_error_set(error, PSD_FAILED_PRECONDITION,
                             "%s is a stream: subscribe to the topic '%s' instead of calling it",
                             method->full_name, method->topic);
    return 0;
}

/* Looks the call up among recent ones. True: it has to run. */
static bool is_first(psd_call *call, uid_t uid, psd_bytes payload)
{
    if (call->method->no_side_effects || call->call_id == 0)
        return true;
    psd_server *server = call->worker->server;
    call->key = (psd_dedupe_key){call->call_id, uid, call->method, psd_dedupe_hash(payload)};
    psd_error error = PSD_ERROR_INIT;
    nng_msg *remembered = NULL;
    int64_t deadline_ms = call->deadline_ms;
    switch (psd_dedupe_begin(psd_server_dedupe(server), &call->key, call, &remembered)) {
    case PSD_DEDUPE_RUN:
        call->remembered = true;
        return true;
    case PSD_DEDUPE_ANSWERED:
        psd_server_count(server, false, true);
        answer(call, remembered);
        return false;
    case PSD_DEDUPE_WAITS:
        psd_server_count(server, false, true);
        psd_server_watch_deadline(server, deadline_ms);
        return false;
    case PSD_DEDUPE_CONFLICT:
        psd_error_set(&error, PSD_INVALID_ARGUMENT, "call_id %016" PRIx64 " was used for another request",
                      call->call_id);
        break;
    case PSD_DEDUPE_FULL:
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "too many changing requests run: try again later");
        break;
    }
    psd_server_count(server, true, false);
    answer(call, psd_wire_response_error(call->call_id, &error));
    return false;
}

/* Gives the call to its handler. REQUEST is freed when the handler returns. */
static void run(psd_call *call, const ProtobufCMessage *request, const void *handlers, void *arg)
{
    psd_server *server = call->worker->server;
    psd_worker *worker = call->worker;
    int64_t deadline_ms = call->deadline_ms;
    if (!call->method->invoke(handlers, call, request, arg)) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_UNIMPLEMENTED, "%s has no handler in this server", call->method->full_name);
        psd_call_fail(call, &error);
        return;
    }
    /* The call may be gone by now; a worker that still answers may wait for a
     * reply from another thread. */
    bool pending = false;
    {
        PSD_LOCKED(&worker->mutex);
        pending = worker->call != NULL;
    }
    if (pending)
        psd_server_watch_deadline(server, deadline_ms);
}

static psd_call *new_call(psd_worker *worker, const psd_method *method, const Polarrpc__V1__Request *envelope,
                          psd_role role)
{
    psd_call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    uint32_t timeout_ms = envelope->timeout_ms;
    if (timeout_ms == 0)
        timeout_ms = psd_server_get_options(worker->server)->default_timeout_ms;
    call->worker = worker;
    call->method = method;
    call->role = role;
    call->call_id = envelope->call_id;
    call->deadline_ms = psd_clock_mono_ms() + timeout_ms;
    psd_server_call_born(worker->server);
    PSD_LOCKED(&worker->mutex);
    worker->call = call;
    worker->call_id = call->call_id;
    worker->deadline_ms = call->deadline_ms;
    return call;
}

/* Refuses a request that never became a call. */
static void reject(psd_worker *worker, uint64_t call_id, const psd_error *error)
{
    psd_server_count(worker->server, true, false);
    psd_log(PSD_LOG_DEBUG, "request rejected", "code=%s reason=\"%s\"", psd_code_name(error->code),
            error->text);
    psd_worker_send(worker, psd_wire_response_error(call_id, error));
}

static void dispatch(psd_worker *worker, nng_msg *message, const Polarrpc__V1__Request *envelope)
{
    psd_error error = PSD_ERROR_INIT;
    psd_peer peer;
    read_peer(message, envelope->token, &peer);
    const void *handlers = NULL;
    void *arg = NULL;
    const psd_method *method = psd_server_find(worker->server, envelope->method, &handlers, &arg);
    psd_role role = PSD_ROLE_NONE;
    if (admit(worker->server, method, &peer, envelope->method, &role, &error) < 0) {
        reject(worker, envelope->call_id, &error);
        return;
    }
    psd_bytes payload = {envelope->payload.data, envelope->payload.len};
    ProtobufCMessage *request = psd_wire_unpack(method->request, payload, "the request", &error);
    if (!request) {
        reject(worker, envelope->call_id, &error);
        return;
    }
    psd_call *call = new_call(worker, method, envelope, role);
    if (!call) {
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        reject(worker, envelope->call_id, &error);
    } else if (is_first(call, peer.uid, payload)) {
        psd_server_count(worker->server, false, false);
        run(call, request, handlers, arg);
    }
    protobuf_c_message_free_unpacked(request, NULL);
}

void psd_worker_handle(psd_worker *worker, nng_msg *message)
{
    psd_error error = PSD_ERROR_INIT;
    psd_bytes body = {nng_msg_body(message), nng_msg_len(message)};
    ProtobufCMessage *envelope = psd_wire_unpack(&polarrpc__v1__request__descriptor, body, "the message body",
                                                 &error);
    if (envelope)
        dispatch(worker, message, (const Polarrpc__V1__Request *)envelope);
    else
        reject(worker, 0, &error);
    if (envelope)
        protobuf_c_message_free_unpacked(envelope, NULL);
    nng_msg_free(message);
}
