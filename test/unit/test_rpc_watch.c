/* Watching a topic: order, gaps, restarts, silence, garbage. */
#include "common/rpc/watch.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>
#include <pthread.h>

#include "polarrpc/v1/envelope.pb-c.h"
#include "polarstack/v1/port_usage.rpc.h"
#include "test/support/rpc_check.h"

enum { MAX_SEEN = 512 };

/* One event, as far as tests look at it. */
typedef struct seen {
    psd_watch_kind kind;
    bool resynchronized;
    bool has_previous;
    bool has_resource;
    uint64_t revision;
    uint64_t epoch;
    size_t items;
    unsigned value; /* of the first item */
    char reason[128];
    psd_code code;
} seen;

typedef struct watcher {
    pthread_mutex_t mutex; /* guards all below */
    seen events[MAX_SEEN];
    size_t count;
    uint64_t last_revision;
    unsigned resyncs;
    useconds_t pause; /* in each callback */
    psd_watch *watch;
} watcher;

static void on_event(void *arg, const psd_watch_event *event, const Test__V1__Inventory *resource)
{
    watcher *w = arg;
    pthread_mutex_lock(&w->mutex);
    useconds_t pause = w->pause;
    if (w->count < MAX_SEEN) {
        seen *s = &w->events[w->count++];
        *s = (seen){.kind = event->kind,
                    .resynchronized = event->resynchronized,
                    .has_previous = event->previous != NULL,
                    .has_resource = resource != NULL,
                    .code = event->code};
        snprintf(s->reason, sizeof(s->reason), "%s", event->reason);
        if (resource) {
            s->revision = resource->observation->revision;
            s->epoch = resource->observation->epoch;
            s->items = resource->n_items;
            s->value = resource->n_items ? resource->items[0]->value : 0;
        }
    }
    w->resyncs += event->kind == PSD_WATCH_SYNCED && event->resynchronized;
    w->last_revision = resource ? resource->observation->revision : 0;
    pthread_mutex_unlock(&w->mutex);
    if (pause)
        usleep(pause);
}

static void start_watch(watcher *w, psd_client *client, uint32_t heartbeat_timeout_ms)
{
    *w = (watcher){.mutex = PTHREAD_MUTEX_INITIALIZER};
    psd_watch_options options = {.heartbeat_timeout_ms = heartbeat_timeout_ms};
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_inventory_watch_inventory(client, &options, on_event, w, &w->watch, &error), &error);
}

static size_t event_count(watcher *w)
{
    pthread_mutex_lock(&w->mutex);
    size_t count = w->count;
    pthread_mutex_unlock(&w->mutex);
    return count;
}

static seen event_at(watcher *w, size_t index)
{
    assert_soon(event_count(w) > index);
    pthread_mutex_lock(&w->mutex);
    seen s = w->events[index];
    pthread_mutex_unlock(&w->mutex);
    return s;
}

static uint64_t last_revision(watcher *w)
{
    pthread_mutex_lock(&w->mutex);
    uint64_t revision = w->last_revision;
    pthread_mutex_unlock(&w->mutex);
    return revision;
}

static unsigned resyncs(watcher *w)
{
    pthread_mutex_lock(&w->mutex);
    unsigned count = w->resyncs;
    pthread_mutex_unlock(&w->mutex);
    return count;
}

/* Waits for the first event from FROM on that is of KIND. */
static seen next_of_kind(watcher *w, size_t from, psd_watch_kind kind)
{
    seen s = event_at(w, from);
    while (s.kind != kind)
        s = event_at(w, ++from);
    return s;
}

static void test_sync_then_each_change(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 3, 1);
    watcher w;
    start_watch(&w, f->client, 0);
    seen first = event_at(&w, 0);
    assert_int_equal(first.kind, PSD_WATCH_SYNCED);
    assert_false(first.resynchronized);
    assert_false(first.has_previous);
    assert_string_equal(first.reason, "");
    assert_int_equal(first.revision, 1);
    assert_int_equal(first.items, 3);
    for (unsigned i = 2; i <= 50; i++)
        psd_echo_server_publish(&f->echo, i % 5 ? 20 : 3, i);
    for (unsigned i = 2; i <= 50; i++) {
        seen s = event_at(&w, i - 1);
        assert_int_equal(s.kind, PSD_WATCH_CHANGED);
        assert_int_equal(s.revision, i);
        assert_int_equal(s.value, i);
        assert_int_equal(s.items, i % 5 ? 20 : 3);
        assert_true(s.has_previous);
    }
    psd_watch_stop(w.watch);
    size_t count = w.count;
    psd_echo_server_publish(&f->echo, 3, 99);
    usleep(20000);
    assert_int_equal(w.count, count); /* none runs after stop */
    psd_watch_stop(NULL);
}

/* A failed look is a change of the state only. */
static void test_state_changes_and_heartbeats(void **state)
{
    psd_rpc_fixture *f = *state;
    watcher w;
    start_watch(&w, f->client, 0);
    seen s = event_at(&w, 0);
    assert_int_equal(s.revision, 0); /* UNKNOWN is an answer, too */
    psd_echo_server_publish(&f->echo, 3, 1);
    assert_int_equal(event_at(&w, 1).kind, PSD_WATCH_CHANGED);
    psd_topic_mark_failed(f->echo.topic, "broke off");
    s = event_at(&w, 2);
    assert_int_equal(s.kind, PSD_WATCH_CHANGED);
    assert_int_equal(s.items, 3);
    psd_topic_heartbeat(f->echo.topic);
    s = event_at(&w, 3);
    assert_int_equal(s.kind, PSD_WATCH_REFRESHED);
    assert_int_equal(s.revision, 2);
    psd_watch_stop(w.watch);
}

/* What is too large for one event is fetched. */
static void test_a_large_resource(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 90000, 1);
    watcher w;
    start_watch(&w, f->client, 0);
    assert_int_equal(event_at(&w, 0).items, 90000);
    psd_echo_server_publish(&f->echo, 90000, 2); /* all of it changed: too large for a delta */
    seen s = next_of_kind(&w, 1, PSD_WATCH_SYNCED);
    assert_int_equal(s.revision, 2);
    assert_int_equal(s.value, 2);
    assert_true(s.resynchronized);
    psd_watch_stop(w.watch);
}

/* A slow callback under a flood loses events, is told so, and ends on the last
 * revision. */
static void test_a_slow_watcher_in_a_flood(void **state)
{
    psd_rpc_fixture *f = *state;
    watcher w;
    start_watch(&w, f->client, 0);
    event_at(&w, 0);
    pthread_mutex_lock(&w.mutex);
    w.pause = 20000;
    pthread_mutex_unlock(&w.mutex);
    for (unsigned i = 1; i <= 2000; i++)
        psd_echo_server_publish(&f->echo, 50, i);
    pthread_mutex_lock(&w.mutex);
    w.pause = 0;
    pthread_mutex_unlock(&w.mutex);
    for (int i = 0; last_revision(&w) != 2000; i++) {
        assert_true(i < 1000);
        psd_topic_heartbeat(f->echo.topic); /* as the daemon does every two seconds */
        usleep(10000);
    }
    assert_true(resyncs(&w) >= 1);
    psd_watch_stop(w.watch);
}

static void test_events_that_never_arrive(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 3, 1);
    watcher w;
    start_watch(&w, f->client, 0);
    event_at(&w, 0);
    atomic_store(&f->echo.mute, true);
    psd_echo_server_publish(&f->echo, 3, 2);
    psd_echo_server_publish(&f->echo, 3, 3);
    atomic_store(&f->echo.mute, false);
    psd_echo_server_publish(&f->echo, 20, 4); /* a delta or a snapshot: either way nothing is lost */
    seen s = event_at(&w, 1);
    assert_int_equal(s.kind, PSD_WATCH_SYNCED);
    assert_true(s.resynchronized);
    assert_int_equal(s.revision, 4);
    assert_true(s.reason[0] != '\0');
    /* The last event is the one that is lost: the heartbeat shows it. */
    atomic_store(&f->echo.mute, true);
    psd_echo_server_publish(&f->echo, 3, 5);
    atomic_store(&f->echo.mute, false);
    psd_topic_heartbeat(f->echo.topic);
    s = event_at(&w, 2);
    assert_int_equal(s.kind, PSD_WATCH_SYNCED);
    assert_int_equal(s.revision, 5);
    assert_string_equal(s.reason, "revisions 5 to 5 did not arrive");
    psd_watch_stop(w.watch);
}

static void test_a_server_that_restarts(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 3, 1);
    watcher w;
    start_watch(&w, f->client, 0);
    event_at(&w, 0);
    psd_echo_server_stop(&f->echo, 0);
    seen lost = event_at(&w, 1);
    assert_int_equal(lost.kind, PSD_WATCH_LOST);
    assert_string_equal(lost.reason, "the connection to the daemon was lost");
    assert_int_equal(lost.code, PSD_UNAVAILABLE);
    assert_true(lost.has_resource); /* the last one seen */
    assert_int_equal(lost.items, 3);
    f->echo.epoch = 4712;
    psd_echo_server_start(&f->echo);
    psd_echo_server_publish(&f->echo, 5, 7);
    seen s = next_of_kind(&w, 2, PSD_WATCH_SYNCED);
    assert_true(s.resynchronized);
    assert_true(s.has_previous);
    assert_int_equal(s.epoch, 4712);
    assert_string_not_equal(s.reason, "");
    assert_soon((psd_topic_heartbeat(f->echo.topic), last_revision(&w) == 1));
    psd_watch_stop(w.watch);
}

/* A watch may begin before there is a server. */
static void test_a_server_that_comes_later(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_rpc_connect(f, true);
    watcher w;
    start_watch(&w, f->client, 0);
    seen lost = event_at(&w, 0);
    assert_int_equal(lost.kind, PSD_WATCH_LOST);
    assert_false(lost.has_resource);
    psd_echo_server_start(&f->echo);
    seen s = event_at(&w, 1);
    assert_int_equal(s.kind, PSD_WATCH_SYNCED);
    assert_false(s.resynchronized);
    psd_watch_stop(w.watch);
}

static void on_ports(void *arg, const psd_watch_event *event, const Polarstack__V1__PortUsage *usage)
{
    watcher *w = arg;
    pthread_mutex_lock(&w->mutex);
    w->events[w->count++] = (seen){.kind = event->kind, .has_resource = usage != NULL, .code = event->code};
    pthread_mutex_unlock(&w->mutex);
}

/* As of a program that is newer than its server. */
static void test_a_resource_that_the_server_does_not_have(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_error error = PSD_ERROR_INIT;
    watcher w = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    assert_works(psd_port_usage_watch_port_usage(f->client, NULL, on_ports, &w, &w.watch, &error), &error);
    seen lost = event_at(&w, 0);
    assert_int_equal(lost.kind, PSD_WATCH_LOST);
    assert_false(lost.has_resource);
    assert_int_equal(lost.code, PSD_UNIMPLEMENTED);
    psd_watch_stop(w.watch);
}

/* Connected, but silent: that is lost, too; and found again by asking. */
static void test_silence(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 3, 1);
    watcher w;
    start_watch(&w, f->client, 150);
    event_at(&w, 0);
    atomic_store(&f->echo.mute, true);
    psd_echo_server_publish(&f->echo, 3, 2);
    seen lost = event_at(&w, 1);
    assert_int_equal(lost.kind, PSD_WATCH_LOST);
    assert_string_equal(lost.reason, "the daemon sent no heartbeat");
    seen s = event_at(&w, 2);
    assert_int_equal(s.kind, PSD_WATCH_SYNCED);
    assert_int_equal(s.revision, 2);
    assert_string_equal(s.reason, "the daemon sent no heartbeat");
    psd_watch_stop(w.watch);
}

/* With heartbeats in time, a quiet topic is not lost. */
static void test_a_quiet_topic(void **state)
{
    psd_rpc_fixture *f = *state;
    watcher w;
    start_watch(&w, f->client, 500);
    event_at(&w, 0);
    for (int i = 0; i < 12; i++) {
        usleep(100000);
        psd_topic_heartbeat(f->echo.topic);
    }
    psd_watch_stop(w.watch);
    for (size_t i = 1; i < w.count; i++)
        assert_int_equal(w.events[i].kind, PSD_WATCH_REFRESHED);
    assert_true(w.count > 6);
}

static void send_bytes(psd_rpc_fixture *f, const char *topic, const void *bytes, size_t length)
{
    psd_server_publish(f->echo.server, topic, bytes, length);
}

/* An event with this content, packed. */
static void send_event(psd_rpc_fixture *f, uint64_t epoch, uint64_t revision, Polarrpc__V1__EventKind kind,
                       const void *payload, size_t length)
{
    Polarrpc__V1__Event event = POLARRPC__V1__EVENT__INIT;
    event.epoch = epoch;
    event.revision = revision;
    event.kind = kind;
    event.payload.data = (uint8_t *)(uintptr_t)payload;
    event.payload.len = length;
    uint8_t packed[256];
    size_t size = polarrpc__v1__event__pack(&event, packed);
    send_bytes(f, "test.v1.Inventory", packed, size);
}

static void test_garbage_on_the_stream(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 3, 1);
    watcher w;
    start_watch(&w, f->client, 0);
    event_at(&w, 0);
    /* Not even events: passed over. Nor of this topic, nor news. */
    send_bytes(f, "test.v1.Inventory", "\xff\xff\xff", 3);
    send_bytes(f, "test.v1.InventoryOfOthers", "x", 1);
    send_bytes(f, "test.v1", "x", 1);
    send_event(f, 4711, 1, POLARRPC__V1__EVENT_KIND__HEARTBEAT, "\xff", 1);
    send_event(f, 4711, 1, POLARRPC__V1__EVENT_KIND__HEARTBEAT, "", 0);
    send_event(f, 4711, 1, POLARRPC__V1__EVENT_KIND__DELTA, "\xff", 1);
    send_event(f, 4711, 0, POLARRPC__V1__EVENT_KIND__SNAPSHOT, "\xff", 1);
    psd_echo_server_publish(&f->echo, 3, 2);
    seen s = event_at(&w, 1);
    assert_int_equal(s.kind, PSD_WATCH_CHANGED);
    assert_int_equal(s.revision, 2);
    /* Events that claim to be news and are not: the truth is fetched. */
    static const struct {
        uint64_t epoch;
        uint64_t revision;
        Polarrpc__V1__EventKind kind;
    } lies[] = {
        {4711, 3, POLARRPC__V1__EVENT_KIND__DELTA},
        {4711, 3, POLARRPC__V1__EVENT_KIND__SNAPSHOT},
        {4711, 9, POLARRPC__V1__EVENT_KIND__DELTA},
        {4711, UINT64_MAX, POLARRPC__V1__EVENT_KIND__SNAPSHOT},
        {4711, 3, (Polarrpc__V1__EventKind)77},
        {4711, 3, POLARRPC__V1__EVENT_KIND__EVENT_KIND_UNSPECIFIED},
        {99, 1, POLARRPC__V1__EVENT_KIND__HEARTBEAT},
        {4711, 4, POLARRPC__V1__EVENT_KIND__HEARTBEAT},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(lies); i++) {
        send_event(f, lies[i].epoch, lies[i].revision, lies[i].kind, "\x0a\x02\x08\x01", i % 2 ? 4 : 2);
        s = event_at(&w, 2 + i);
        assert_int_equal(s.kind, PSD_WATCH_SYNCED);
        assert_int_equal(s.revision, 2);
        assert_int_equal(s.epoch, 4711);
    }
    psd_watch_stop(w.watch);
}

/* Stopping never waits for a server that does not answer. */
static void test_stopping_during_a_sync(void **state)
{
    psd_rpc_fixture *f = *state;
    /* Requests are heard by nobody; the stream is there. */
    nng_socket streams;
    char url[160];
    snprintf(url, sizeof(url), "ipc://%s/t.stream.sock", f->dir);
    assert_int_equal(nng_pub0_open(&streams), 0);
    assert_int_equal(nng_listen(streams, url, NULL, 0), 0);
    psd_rpc_connect(f, true);
    /* Not before the stream is up: nng 1.5.2 never frees a connection that is
     * closed in the middle of its handshake. */
    for (unsigned pause = 50000; pause <= 150000; pause += 50000) {
        watcher w;
        start_watch(&w, f->client, 0);
        usleep(pause);
        int64_t begin = psd_clock_mono_ms();
        psd_watch_stop(w.watch);
        assert_in_range(psd_clock_mono_ms() - begin, 0, 1000);
    }
    nng_close(streams);
}

/* A stream endpoint of another protocol is no stream. */
static void test_a_stream_url_that_is_none(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_client *client = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_client_options options = {.url = f->url, .stream_url = f->url};
    assert_works(psd_client_open(&options, &client, &error), &error);
    watcher w;
    start_watch(&w, client, 200);
    seen s = event_at(&w, 0);
    assert_int_equal(s.kind, PSD_WATCH_LOST);
    assert_string_equal(s.reason, "the daemon's stream cannot be reached");
    psd_watch_stop(w.watch);
    psd_client_close(client);
}

static void test_many_watchers_on_one_client(void **state)
{
    psd_rpc_fixture *f = *state;
    static watcher watchers[50];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(watchers); i++)
        start_watch(&watchers[i], f->client, 0);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(watchers); i++)
        event_at(&watchers[i], 0);
    for (unsigned i = 1; i <= 100; i++)
        psd_echo_server_publish(&f->echo, 20, i);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(watchers); i++)
        assert_soon(last_revision(&watchers[i]) == 100 || (psd_topic_heartbeat(f->echo.topic), false));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(watchers); i++)
        psd_watch_stop(watchers[i].watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_sync_then_each_change),
        with_server(test_state_changes_and_heartbeats),
        with_server(test_a_large_resource),
        with_server(test_a_slow_watcher_in_a_flood),
        with_server(test_events_that_never_arrive),
        with_server(test_a_server_that_restarts),
        without_server(test_a_server_that_comes_later),
        with_server(test_a_resource_that_the_server_does_not_have),
        with_server(test_silence),
        with_server(test_a_quiet_topic),
        with_server(test_garbage_on_the_stream),
        without_server(test_stopping_during_a_sync),
        with_server(test_a_stream_url_that_is_none),
        with_server(test_many_watchers_on_one_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
