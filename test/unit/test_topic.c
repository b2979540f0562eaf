/* A topic of the store: what counts as a change, what is sent for it. */
#include "server/store/topic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/rpc/delta.h"
#include "common/rpc/keyed_list.h"
#include "common/rpc/wire.h"
#include "test/support/check.h"
#include "test/support/inventory.h"

enum { EPOCH = 4711, MAX_EVENTS = 64 };

typedef struct fixture {
    psd_topic *topic;
    Polarrpc__V1__Event *events[MAX_EVENTS];
    size_t event_count;
} fixture;

static void keep_event(void *arg, const char *topic, const void *bytes, size_t length)
{
    fixture *f = arg;
    assert_string_equal(topic, "test.v1.Inventory");
    assert_true(f->event_count < MAX_EVENTS);
    Polarrpc__V1__Event *event = polarrpc__v1__event__unpack(NULL, length, bytes);
    assert_non_null(event);
    assert_int_equal(event->epoch, EPOCH);
    f->events[f->event_count++] = event;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    *state = f;
    psd_error error = PSD_ERROR_INIT;
    return psd_topic_new("test.v1.Inventory", &psd_inventory_resource, "node-1", EPOCH, keep_event, f,
                         &f->topic, &error);
}

static void forget_events(fixture *f)
{
    while (f->event_count > 0)
        polarrpc__v1__event__free_unpacked(f->events[--f->event_count], NULL);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    forget_events(f);
    psd_topic_free(f->topic);
    free(f);
    return 0;
}

static void publish_with(fixture *f, const Test__V1__Inventory *inventory, int64_t observed_at_ms,
                         const char *const *limitations, size_t count)
{
    psd_error error = PSD_ERROR_INIT;
    psd_look look = {&inventory->base, observed_at_ms, limitations, count, NULL};
    assert_works(psd_topic_publish(f->topic, &look, &error), &error);
}

/* COUNT items with VALUE, seen at OBSERVED_AT_MS. */
static void publish(fixture *f, size_t count, unsigned value, int64_t observed_at_ms)
{
    Test__V1__Inventory *inventory = psd_test_inventory_of(count, value);
    publish_with(f, inventory, observed_at_ms, NULL, 0);
    psd_test_inventory_free(inventory);
}

static const Polarrpc__V1__Event *last_event(const fixture *f)
{
    assert_true(f->event_count > 0);
    return f->events[f->event_count - 1];
}

/* The snapshot is whole, its bytes say the same, and it has these facts. */
static void assert_now(fixture *f, uint64_t revision, Polarrpc__V1__ObservationState state,
                       const char *reason, size_t items)
{
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_string_equal(now->observation->node, "node-1");
    assert_int_equal(now->observation->epoch, EPOCH);
    assert_int_equal(now->observation->revision, revision);
    assert_int_equal(now->observation->state, state);
    assert_string_equal(now->observation->reason, reason);
    const Test__V1__Inventory *message = (const Test__V1__Inventory *)now->message;
    assert_ptr_equal(message->observation, now->observation);
    assert_int_equal(message->n_items, items);
    ProtobufCMessage *unpacked = protobuf_c_message_unpack(&test__v1__inventory__descriptor, NULL,
                                                           now->packed_length, now->packed);
    assert_non_null(unpacked);
    assert_true(psd_message_equal(unpacked, now->message));
    protobuf_c_message_free_unpacked(unpacked, NULL);
    psd_snapshot_release(now);
}

#define FRESH POLARRPC__V1__OBSERVATION_STATE__FRESH
#define STALE POLARRPC__V1__OBSERVATION_STATE__STALE
#define UNKNOWN POLARRPC__V1__OBSERVATION_STATE__UNKNOWN

static void test_before_the_first_look(void **state)
{
    fixture *f = *state;
    assert_string_equal(psd_topic_name(f->topic), "test.v1.Inventory");
    assert_now(f, 0, UNKNOWN, "no complete look yet", 0);
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_int_equal(now->observation->observed_at_ms, 0);
    assert_int_equal(now->observation->changed_at_ms, 0);
    psd_snapshot_release(now);
    assert_int_equal(f->event_count, 0);
}

static void test_a_failure_before_the_first_look_is_unknown_not_stale(void **state)
{
    fixture *f = *state;
    psd_topic_mark_failed(f->topic, "netlink: refused");
    assert_now(f, 1, UNKNOWN, "netlink: refused", 0);
    psd_topic_mark_failed(f->topic, "netlink: timed out");
    assert_now(f, 2, UNKNOWN, "netlink: timed out", 0);
    publish(f, 2, 1, 1000);
    assert_now(f, 3, FRESH, "", 2);
}

static void test_only_a_change_makes_a_revision(void **state)
{
    fixture *f = *state;
    publish(f, 3, 1, 1000);
    assert_now(f, 1, FRESH, "", 3);
    size_t events = f->event_count;
    const psd_snapshot *first = psd_topic_snapshot(f->topic);
    assert_true(first->observation->changed_at_ms > 0);
    publish(f, 3, 1, 2000);
    assert_now(f, 1, FRESH, "", 3);
    assert_int_equal(f->event_count, events);
    const psd_snapshot *second = psd_topic_snapshot(f->topic);
    assert_int_equal(second->observation->observed_at_ms, 2000); /* looked at again all the same */
    assert_int_equal(second->observation->changed_at_ms, first->observation->changed_at_ms);
    assert_int_equal(first->observation->observed_at_ms, 1000); /* a snapshot never changes */
    psd_snapshot_release(second);
    publish(f, 3, 2, 3000);
    assert_now(f, 2, FRESH, "", 3);
    publish(f, 0, 0, 4000);
    assert_now(f, 3, FRESH, "", 0);
    assert_int_equal(((const Test__V1__Inventory *)first->message)->n_items, 3);
    psd_snapshot_release(first);
}

/* An empty first look is a look: it says that there is nothing. */
static void publish_stale(fixture *f, size_t count, int64_t observed_at_ms, const char *reason)
{
    psd_error error = PSD_ERROR_INIT;
    Test__V1__Inventory *inventory = psd_test_inventory_of(count, 1);
    psd_look look = {.resource = &inventory->base, .observed_at_ms = observed_at_ms, .stale_reason = reason};
    assert_works(psd_topic_publish(f->topic, &look, &error), &error);
    psd_test_inventory_free(inventory);
}

static void test_a_look_at_old_data_is_stale(void **state)
{
    fixture *f = *state;
    publish_stale(f, 2, 1000, "kept");
    assert_now(f, 1, STALE, "kept", 2);
    publish_stale(f, 2, 2000, "kept");
    assert_now(f, 1, STALE, "kept", 2);
    publish_stale(f, 2, 3000, "still kept");
    assert_now(f, 2, STALE, "still kept", 2);
    publish(f, 2, 1, 4000);
    assert_now(f, 3, FRESH, "", 2);
    assert_int_equal(f->event_count, 3);
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_int_equal(now->packed + now->packed_length - now->data, now->data_length);
    Test__V1__Inventory *data = test__v1__inventory__unpack(NULL, now->data_length, now->data);
    assert_non_null(data);
    assert_null(data->observation);
    assert_int_equal(data->n_items, 2);
    test__v1__inventory__free_unpacked(data, NULL);
    psd_snapshot_release(now);
}

/* What is to be looked for may be known before it was ever seen. */
static void test_a_look_without_a_complete_one_is_unknown(void **state)
{
    fixture *f = *state;
    publish_stale(f, 0, 0, "nothing to look for");
    assert_now(f, 1, UNKNOWN, "nothing to look for", 0);
    publish_stale(f, 2, 0, "refused");
    assert_now(f, 2, UNKNOWN, "refused", 2);
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_int_equal(now->observation->observed_at_ms, 0);
    assert_true(now->observation->changed_at_ms > 0);
    psd_snapshot_release(now);
    publish_stale(f, 2, 0, "refused");
    assert_int_equal(f->event_count, 2);
    assert_false(psd_topic_mark_failed(f->topic, "refused")); /* known already */
    assert_true(psd_topic_mark_failed(f->topic, "timed out"));
    assert_now(f, 3, UNKNOWN, "timed out", 2);
    publish(f, 2, 1, 1000);
    assert_now(f, 4, FRESH, "", 2);
    publish_stale(f, 2, 1000, "refused");
    assert_now(f, 5, STALE, "refused", 2);
    assert_false(psd_topic_mark_failed(f->topic, "refused"));
}

static void test_an_empty_first_look(void **state)
{
    fixture *f = *state;
    publish(f, 0, 0, 1000);
    assert_now(f, 1, FRESH, "", 0);
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_true(now->observation->changed_at_ms > 0);
    psd_snapshot_release(now);
}

static void test_a_failed_look_keeps_the_data(void **state)
{
    fixture *f = *state;
    publish(f, 3, 1, 1000);
    const psd_snapshot *before = psd_topic_snapshot(f->topic);
    int64_t begin = psd_clock_unix_ms();
    while (psd_clock_unix_ms() <= begin) {
    }
    psd_topic_mark_failed(f->topic, "broke off");
    assert_now(f, 2, STALE, "broke off", 3);
    psd_topic_mark_failed(f->topic, "broke off");
    assert_now(f, 2, STALE, "broke off", 3);
    const psd_snapshot *stale = psd_topic_snapshot(f->topic);
    assert_int_equal(stale->observation->observed_at_ms, 1000);
    assert_int_equal(stale->observation->changed_at_ms, before->observation->changed_at_ms);
    psd_snapshot_release(stale);
    publish(f, 3, 1, 2000);
    assert_now(f, 3, FRESH, "", 3);
    const psd_snapshot *fresh = psd_topic_snapshot(f->topic);
    /* The data never changed. */
    assert_int_equal(fresh->observation->changed_at_ms, before->observation->changed_at_ms);
    psd_snapshot_release(fresh);
    psd_snapshot_release(before);
}

static void test_limitations_are_part_of_the_answer(void **state)
{
    fixture *f = *state;
    static const char *const limits[] = {"bound sockets are hidden", "no CAP_NET_ADMIN"};
    Test__V1__Inventory *inventory = psd_test_inventory_of(1, 1);
    publish_with(f, inventory, 1000, limits, 2);
    publish_with(f, inventory, 1001, limits, 2);
    assert_now(f, 1, FRESH, "", 1);
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_int_equal(now->observation->n_limitations, 2);
    assert_string_equal(now->observation->limitations[1], "no CAP_NET_ADMIN");
    psd_snapshot_release(now);
    publish_with(f, inventory, 1002, limits + 1, 1);
    assert_now(f, 2, FRESH, "", 1);
    psd_topic_mark_failed(f->topic, "gone");
    now = psd_topic_snapshot(f->topic);
    assert_int_equal(now->observation->n_limitations, 1);
    psd_snapshot_release(now);
    psd_test_inventory_free(inventory);
}

/* A receiver that applies every event holds what the topic holds. */
static void test_events_lead_from_state_to_state(void **state)
{
    fixture *f = *state;
    srandom(7);
    const psd_snapshot *first = psd_topic_snapshot(f->topic);
    ProtobufCMessage *held = psd_message_copy(first->message);
    psd_snapshot_release(first);
    uint64_t revision = 0;
    for (int round = 0; round < 400; round++) {
        if (round % 7 == 3) {
            psd_topic_mark_failed(f->topic, round % 2 ? "a" : "b");
        } else {
            Test__V1__Inventory *inventory = psd_test_inventory_random(20);
            publish_with(f, inventory, 1000 + round, NULL, 0);
            psd_test_inventory_free(inventory);
        }
        for (size_t i = 0; i < f->event_count; i++) {
            const Polarrpc__V1__Event *event = f->events[i];
            assert_int_equal(event->revision, ++revision);
            ProtobufCMessage *next = NULL;
            if (event->kind == POLARRPC__V1__EVENT_KIND__DELTA)
                next = psd_delta_apply(&psd_inventory_resource, held, event->payload, NULL);
            else
                next = protobuf_c_message_unpack(&test__v1__inventory__descriptor, NULL, event->payload.len,
                                                 event->payload.data);
            assert_non_null(next);
            protobuf_c_message_free_unpacked(held, NULL);
            held = next;
        }
        forget_events(f);
    }
    const psd_snapshot *now = psd_topic_snapshot(f->topic);
    assert_true(psd_message_equal(held, now->message));
    assert_int_equal(now->observation->revision, revision);
    psd_snapshot_release(now);
    protobuf_c_message_free_unpacked(held, NULL);
}

static void test_the_smaller_of_delta_and_snapshot_is_sent(void **state)
{
    fixture *f = *state;
    publish(f, 100, 1, 1000);
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__SNAPSHOT); /* everything is new */
    publish(f, 101, 1, 1001);
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__DELTA);
    assert_true(last_event(f)->payload.len < 100);
    publish(f, 101, 2, 1002);
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__SNAPSHOT);
    psd_topic_mark_failed(f->topic, "x");
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__DELTA);
}

/* What is too large for a message is announced by a heartbeat. */
static void test_too_large_to_send(void **state)
{
    fixture *f = *state;
    publish(f, 100000, 1, 1000);
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__HEARTBEAT);
    assert_int_equal(last_event(f)->revision, 1);
    assert_now(f, 1, FRESH, "", 100000);
    publish(f, 99999, 1, 1001); /* the change alone is small */
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__DELTA);
}

static void test_heartbeat(void **state)
{
    fixture *f = *state;
    psd_topic_heartbeat(f->topic);
    assert_int_equal(last_event(f)->kind, POLARRPC__V1__EVENT_KIND__HEARTBEAT);
    assert_int_equal(last_event(f)->revision, 0);
    publish(f, 1, 1, 1000);
    publish(f, 1, 1, 2000);
    psd_topic_heartbeat(f->topic);
    const Polarrpc__V1__Event *event = last_event(f);
    assert_int_equal(event->revision, 1);
    Polarrpc__V1__Observation *facts = polarrpc__v1__observation__unpack(NULL, event->payload.len,
                                                                         event->payload.data);
    assert_non_null(facts);
    assert_int_equal(facts->observed_at_ms, 2000);
    assert_int_equal(facts->state, FRESH);
    polarrpc__v1__observation__free_unpacked(facts, NULL);
}

/* Readers never wait and never see half a state, whatever the writers do. */
typedef struct crowd {
    psd_topic *topic;
    atomic_bool done;
    atomic_uint reads;
} crowd;

static void ignore_event(void *arg, const char *topic, const void *bytes, size_t length)
{
    (void)arg;
    (void)topic;
    (void)bytes;
    (void)length;
}

static void *read_on(void *arg)
{
    crowd *c = arg;
    uint64_t last = 0;
    while (!atomic_load(&c->done)) {
        const psd_snapshot *now = psd_topic_snapshot(c->topic);
        const Test__V1__Inventory *message = (const Test__V1__Inventory *)now->message;
        if (now->observation->revision < last ||
            (message->n_items > 0 && message->items[0]->value != message->n_items))
            abort();
        last = now->observation->revision;
        psd_snapshot_release(now);
        atomic_fetch_add(&c->reads, 1);
    }
    return NULL;
}

static void *write_on(void *arg)
{
    crowd *c = arg;
    for (unsigned i = 1; i <= 200; i++) {
        Test__V1__Inventory *inventory = psd_test_inventory_of(i % 20, i % 20);
        psd_error error = PSD_ERROR_INIT;
        psd_look look = {&inventory->base, i, NULL, 0, NULL};
        if (psd_topic_publish(c->topic, &look, &error) < 0)
            abort();
        psd_test_inventory_free(inventory);
        psd_topic_mark_failed(c->topic, i % 2 ? "x" : "y");
        psd_topic_heartbeat(c->topic);
    }
    return NULL;
}

static void test_readers_beside_writers(void **state)
{
    (void)state;
    crowd c = {.topic = NULL};
    psd_error error = PSD_ERROR_INIT;
    assert_works(
        psd_topic_new("t", &psd_inventory_resource, "n", EPOCH, ignore_event, NULL, &c.topic, &error),
        &error);
    pthread_t readers[3];
    pthread_t writers[2];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &c), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_on, &c), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(writers[i], NULL);
    while (atomic_load(&c.reads) == 0) {
    }
    atomic_store(&c.done, true);
    for (size_t i = 0; i < 3; i++)
        pthread_join(readers[i], NULL);
    psd_topic_free(c.topic);
}

#define with_topic(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_topic(test_before_the_first_look),
        with_topic(test_a_failure_before_the_first_look_is_unknown_not_stale),
        with_topic(test_only_a_change_makes_a_revision),
        with_topic(test_a_look_at_old_data_is_stale),
        with_topic(test_a_look_without_a_complete_one_is_unknown),
        with_topic(test_an_empty_first_look),
        with_topic(test_a_failed_look_keeps_the_data),
        with_topic(test_limitations_are_part_of_the_answer),
        with_topic(test_events_lead_from_state_to_state),
        with_topic(test_the_smaller_of_delta_and_snapshot_is_sent),
        with_topic(test_too_large_to_send),
        with_topic(test_heartbeat),
        cmocka_unit_test(test_readers_beside_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
