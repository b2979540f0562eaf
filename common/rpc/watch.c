#include "common/rpc/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/client_call.h"
#include "common/rpc/connection.h"
#include "common/rpc/delta.h"
#include "common/rpc/observation.h"
#include "common/rpc/wire.h"

enum {
    RETRY_FIRST_MS = 100,
    RETRY_MOST_MS = 5000,
    QUEUE = 256, /* events that wait for this watcher */
    /* How long the stream may take to come up before that is reported. */
    CONNECT_PATIENCE_MS = 2000,
    REVIVE_PERIOD_MS = 1000,
};

struct psd_watch {
    psd_client *client;
    const psd_method *method;
    psd_watch_options options;
    psd_watch_shim shim;
    psd_any_function callback;
    void *callback_arg;
    psd_connection connection; /* of the stream */
    int readable_fd;           /* owned by its socket */
    int wake_fd;               /* eventfd: stop, or the connection changed */
    atomic_bool stopping;
    psd_call_cancel cancel; /* ends a Get when the watch stops */
    atomic_uint losses;     /* connections of the stream that went down */
    pthread_t thread;

    /* Of the thread. */
    unsigned losses_seen;
    ProtobufCMessage *resource; /* NULL until the first sync */
    uint64_t epoch;
    uint64_t revision;
    bool needs_sync;
    bool synced_before;
    bool is_lost;         /* a LOST event was reported and no sync followed */
    psd_error sync_cause; /* why the next sync is needed; the cause of the last LOST */
    unsigned failures;    /* syncs that failed in a row */
    int64_t retry_ms;     /* monotonic: not before */
    int64_t heard_ms;     /* monotonic: last event, or when the stream came up */
};

static void wake(psd_watch *watch)
{
    uint64_t one = 1;
    ssize_t written = write(watch->wake_fd, &one, sizeof(one));
    (void)written; /* fails only when the counter is full: awake already */
}

static void connection_changed(void *arg, bool connected)
{
    psd_watch *watch = arg;
    if (!connected)
        atomic_fetch_add(&watch->losses, 1);
    wake(watch);
}

static void report(psd_watch *watch, const psd_watch_event *event)
{
    watch->shim(watch->callback, watch->callback_arg, event, watch->resource);
}

static void report_lost(psd_watch *watch, psd_code code, const char *reason)
{
    watch->needs_sync = true;
    if (watch->is_lost && strcmp(watch->sync_cause.text, reason) == 0)
        return;
    watch->is_lost = true;
    psd_error_set(&watch->sync_cause, code, "%s", reason);
    report(watch, &(psd_watch_event){.kind = PSD_WATCH_LOST, .reason = watch->sync_cause.text, .code = code});
}

/* The stream cannot be followed without getting the resource anew. */
static void request_sync(psd_watch *watch, const psd_error *cause)
{
    watch->needs_sync = true;
    if (!watch->is_lost)
        watch->sync_cause = *cause;
}

/* Replaces the resource and reports; takes NEW. */
static void adopt(psd_watch *watch, ProtobufCMessage *new, psd_watch_event event)
{
    ProtobufCMessage *old = watch->resource;
    watch->resource = new;
    const Polarrpc__V1__Observation *observation = psd_observation_of(new);
    watch->epoch = observation->epoch;
    watch->revision = observation->revision;
    event.previous = old;
    report(watch, &event);
    if (old)
        protobuf_c_message_free_unpacked(old, NULL);
}

static void drain(psd_watch *watch)
{
    nng_msg *message = NULL;
    while (nng_recvmsg(watch->connection.socket, &message, NNG_FLAG_NONBLOCK) == 0)
        nng_msg_free(message);
}

static void sync_failed(psd_watch *watch, const psd_error *error)
{
    watch->retry_ms = psd_clock_mono_ms() + psd_backoff_ms(watch->failures++, RETRY_FIRST_MS, RETRY_MOST_MS);
    report_lost(watch, error->code, error->text);
}

/* Gets the whole resource. What the stream sent before is older than that. */
static void synchronize(psd_watch *watch)
{
    drain(watch);
    const psd_method *get = watch->method->get;
    ProtobufCMessage *request = malloc(get->request->sizeof_message);
    if (!request)
        abort();
    protobuf_c_message_init(get->request, request);
    psd_call_options options = {.timeout_ms = watch->options.timeout_ms, .wait_for_ready = true};
    psd_error error = PSD_ERROR_INIT;
    ProtobufCMessage *resource = NULL;
    int result = psd_client_call_cancellable(watch->client, get, request, &options, &watch->cancel, &resource,
                                             &error);
    free(request);
    if (result == 0 && !psd_observation_of(resource)) {
        protobuf_c_message_free_unpacked(resource, NULL);
        result = psd_error_set(&error, PSD_DATA_LOSS, "%s: the answer has no observation", get->full_name);
    }
    if (atomic_load(&watch->stopping)) {
        if (result == 0)
            protobuf_c_message_free_unpacked(resource, NULL);
        return;
    }
    if (result < 0) {
        sync_failed(watch, &error);
        return;
    }
    watch->needs_sync = false;
    watch->failures = 0;
    watch->is_lost = false;
    watch->heard_ms = psd_clock_mono_ms();
    bool again = watch->synced_before;
    watch->synced_before = true;
    adopt(watch, resource,
          (psd_watch_event){.kind = PSD_WATCH_SYNCED,
                            .reason = again ? watch->sync_cause.text : "",
                            .resynchronized = again});
}

/* A heartbeat at the revision we hold: only the observation is newer. */
static void refresh(psd_watch *watch, psd_bytes payload)
{
    ProtobufCMessage *newer = psd_wire_unpack(&polarrpc__v1__observation__descriptor, payload,
                                              "the heartbeat", NULL);
    const Polarrpc__V1__Observation *facts = (const Polarrpc__V1__Observation *)newer;
    if (!newer || facts->epoch != watch->epoch || facts->revision != watch->revision) {
        if (newer)
            protobuf_c_message_free_unpacked(newer, NULL);
        return;
    }
    Polarrpc__V1__Observation **slot = psd_observation_slot(watch->resource);
    polarrpc__v1__observation__free_unpacked(*slot, NULL);
    *slot = (Polarrpc__V1__Observation *)newer;
    report(watch, &(psd_watch_event){.kind = PSD_WATCH_REFRESHED, .reason = ""});
}

/* The resource that a newer event leads to; NULL when it does not lead on from
 * the one we hold. */
static ProtobufCMessage *advance(psd_watch *watch, const Polarrpc__V1__Event *event)
{
    psd_bytes payload = {event->payload.data, event->payload.len};
    ProtobufCMessage *resource = NULL;
    if (event->kind == POLARRPC__V1__EVENT_KIND__SNAPSHOT)
        resource = psd_wire_unpack(watch->method->response, payload, "the snapshot", NULL);
    else if (event->kind == POLARRPC__V1__EVENT_KIND__DELTA && event->revision == watch->revision + 1)
        resource = psd_delta_apply(watch->method->resource, watch->resource, event->payload, NULL);
    const Polarrpc__V1__Observation *observation = resource ? psd_observation_of(resource) : NULL;
    if (observation && observation->revision == event->revision && observation->epoch == event->epoch)
        return resource;
    if (resource)
        protobuf_c_message_free_unpacked(resource, NULL);
    return NULL;
}

/* Applies the event if it is a newer one; asks for a sync if that cannot be. */
static void apply(psd_watch *watch, const Polarrpc__V1__Event *event)
{
    psd_error cause = PSD_ERROR_INIT;
    if (event->epoch != watch->epoch) {
        psd_error_set(&cause, PSD_ABORTED, "the daemon was restarted");
        request_sync(watch, &cause);
        return;
    }
    if (event->revision <= watch->revision) {
        if (event->revision == watch->revision && event->kind == POLARRPC__V1__EVENT_KIND__HEARTBEAT)
            refresh(watch, (psd_bytes){event->payload.data, event->payload.len});
        return;
    }
    ProtobufCMessage *resource = advance(watch, event);
    bool skipped = event->revision > watch->revision + 1;
    if (!resource) {
        psd_error_set(&cause, PSD_ABORTED, "revisions %" PRIu64 " to %" PRIu64 " did not arrive",
                      watch->revision + 1, event->revision);
        request_sync(watch, &cause);
        return;
    }
    adopt(watch, resource,
          (psd_watch_event){.kind = skipped ? PSD_WATCH_SYNCED : PSD_WATCH_CHANGED,
                            .reason = skipped ? "revisions were skipped" : "",
                            .resynchronized = skipped});
}

/* Events that cannot be decoded are gaps: the next good one shows them. */
static void receive_events(psd_watch *watch)
{
    nng_msg *message = NULL;
    while (!watch->needs_sync && !atomic_load(&watch->stopping) &&
           nng_recvmsg(watch->connection.socket, &message, NNG_FLAG_NONBLOCK) == 0) {
        const char *topic = NULL;
        psd_bytes packed = {NULL, 0};
        psd_bytes body = {nng_msg_body(message), nng_msg_len(message)};
        ProtobufCMessage *event = NULL;
        if (psd_wire_split_event(body, &topic, &packed, NULL) == 0 &&
            strcmp(topic, watch->method->topic) == 0)
            event = psd_wire_unpack(&polarrpc__v1__event__descriptor, packed, "the event", NULL);
        if (event) {
            watch->heard_ms = psd_clock_mono_ms();
            apply(watch, (const Polarrpc__V1__Event *)event);
            protobuf_c_message_free_unpacked(event, NULL);
        }
        nng_msg_free(message);
    }
}

static void check_connection(psd_watch *watch)
{
    unsigned losses = atomic_load(&watch->losses);
    int64_t now = psd_clock_mono_ms();
    if (losses != watch->losses_seen) {
        watch->losses_seen = losses;
        watch->heard_ms = now;
        report_lost(watch, PSD_UNAVAILABLE, "the connection to the daemon was lost");
    } else if (!psd_connection_is_up(&watch->connection)) {
        psd_connection_revive(&watch->connection);
        if (now - watch->heard_ms >= CONNECT_PATIENCE_MS && !watch->is_lost)
            report_lost(watch, PSD_UNAVAILABLE, "the daemon's stream cannot be reached");
    } else if (!watch->needs_sync && now - watch->heard_ms >= watch->options.heartbeat_timeout_ms) {
        report_lost(watch, PSD_UNAVAILABLE, "the daemon sent no heartbeat");
    }
}

/* Milliseconds until something is due. */
static int next_due(const psd_watch *watch)
{
    int64_t now = psd_clock_mono_ms();
    int64_t due = 0;
    if (!psd_connection_is_up(&watch->connection)) {
        if (watch->is_lost)
            return REVIVE_PERIOD_MS;
        due = watch->heard_ms + CONNECT_PATIENCE_MS;
    } else if (watch->needs_sync) {
        due = watch->retry_ms;
    } else {
        due = watch->heard_ms + watch->options.heartbeat_timeout_ms;
    }
    int64_t wait = due > now ? due - now : 0;
    return wait < INT32_MAX ? (int)wait : INT32_MAX;
}

static void *run(void *arg)
{
    psd_watch *watch = arg;
    watch->heard_ms = psd_clock_mono_ms();
    while (!atomic_load(&watch->stopping)) {
        struct pollfd fds[] = {{.fd = watch->wake_fd, .events = POLLIN},
                               {.fd = watch->needs_sync ? -1 : watch->readable_fd, .events = POLLIN}};
        poll(fds, PSD_ARRAY_SIZE(fds), next_due(watch));
        uint64_t count = 0;
        if (fds[0].revents && read(watch->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
            break;
        receive_events(watch);
        check_connection(watch);
        if (watch->needs_sync && psd_connection_is_up(&watch->connection) &&
            psd_clock_mono_ms() >= watch->retry_ms && !atomic_load(&watch->stopping))
            synchronize(watch);
    }
    return NULL;
}

static int subscribe(psd_watch *watch, psd_error *error)
{
    const char *url = psd_client_get_options(watch->client)->stream_url;
    const char *topic = watch->method->topic;
    nng_socket socket;
    int result = nng_sub0_open(&socket);
    if (result != 0)
        return psd_error_set_nng(error, result, "cannot make a socket");
    if (psd_connection_init(&watch->connection, socket, url, connection_changed, watch, error) < 0)
        return -1;
    /* The zero byte ends the topic, so that no longer one matches. */
    result = nng_socket_set(socket, NNG_OPT_SUB_SUBSCRIBE, topic, strlen(topic) + 1);
    if (result == 0)
        result = nng_socket_set_int(socket, NNG_OPT_RECVBUF, QUEUE);
    if (result == 0)
        result = nng_socket_get_int(socket, NNG_OPT_RECVFD, &watch->readable_fd);
    if (result != 0)
        return psd_error_set_nng(error, result, "cannot subscribe at %s", url);
    return psd_connection_dial_later(&watch->connection, error);
}

static void free_watch(psd_watch *watch)
{
    psd_connection_close(&watch->connection);
    psd_cleanup_fd(&watch->wake_fd);
    if (watch->resource)
        protobuf_c_message_free_unpacked(watch->resource, NULL);
    free(watch);
}

int psd_client_watch(psd_client *client, const psd_method *method, const psd_watch_options *options,
                     psd_watch_shim shim, psd_any_function callback, void *arg, psd_watch **watch,
                     psd_error *error)
{
    psd_watch *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_watch){.client = client,
                        .method = method,
                        .shim = shim,
                        .callback = callback,
                        .callback_arg = arg,
                        .cancel = {.mutex = PTHREAD_MUTEX_INITIALIZER},
                        .needs_sync = true,
                        .wake_fd = -1};
    if (options)
        made->options = *options;
    if (made->options.heartbeat_timeout_ms == 0)
        made->options.heartbeat_timeout_ms = PSD_HEARTBEAT_TIMEOUT_MS;
    made->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int result = made->wake_fd < 0 ? psd_error_set_errno(error, errno, "cannot make an eventfd")
                                   : subscribe(made, error);
    if (result == 0) {
        int failed = pthread_create(&made->thread, NULL, run, made);
        if (failed != 0)
            result = psd_error_set_errno(error, failed, "cannot start a thread");
    }
    if (result < 0) {
        free_watch(made);
        return -1;
    }
    *watch = made;
    return 0;
}

void psd_watch_stop(psd_watch *watch)
{
    if (!watch)
        return;
    atomic_store(&watch->stopping, true);
    psd_call_cancel_now(&watch->cancel);
    wake(watch);
    pthread_join(watch->thread, NULL);
    free_watch(watch);
}
