/* The answer to a watch, cut into its events: in pieces of any size, and spoilt. */
#include "k8s/api/watch_events.h"

#include <stdio.h>
#include <stdlib.h>

#include "test/support/check.h"

/* What was told, one word an event: "+name@version". */
typedef struct log {
    psd_text text;
    cJSON *taken;
} log;

static psd_kube_watch_events events;
static log told;

static int begin(void **state)
{
    (void)state;
    events = (psd_kube_watch_events){.ended = false};
    told = (log){.taken = NULL};
    return 0;
}

static int end(void **state)
{
    (void)state;
    psd_kube_watch_events_free(&events);
    psd_text_free(&told.text);
    cJSON_Delete(told.taken);
    return 0;
}

static void write_down(void *arg, psd_kube_watch_event *event)
{
    log *l = arg;
    static const char signs[] = {[PSD_KUBE_CHANGED] = '+',
                                 [PSD_KUBE_DELETED] = '-',
                                 [PSD_KUBE_BOOKMARK] = '=',
                                 [PSD_KUBE_ERROR] = '!'};
    const char *name = psd_json_string(event->object,
                                       event->type == PSD_KUBE_ERROR ? "message" : "metadata/name");
    psd_text_printf(&l->text, "%c%s@%s ", signs[event->type], name ? name : "",
                    event->version ? event->version : "");
    cJSON_Delete(l->taken);
    l->taken = psd_take(event->object); /* its owner from now on */
}

static int feed(const char *bytes, psd_error *error)
{
    return psd_kube_watch_events_feed(&events, bytes, strlen(bytes), write_down, &told, error);
}

#define EVENT(type, name, version)                                                                          \
    "{\"type\":\"" type "\",\"object\":{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version \
    "\"}}}\n"

static const char some[] = EVENT("ADDED", "a", "1")
    EVENT("MODIFIED", "a", "2") "\r\n\n" EVENT("DELETED", "b", "3")
        EVENT("LATER_KIND", "c",
              "4") "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\r\n";
static const char some_told[] = "+a@1 +a@2 -b@3 =@9 ";

static void events_are_told_in_order(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(feed(some, &error), &error);
    assert_string_equal(psd_text_string(&told.text), some_told);
}

static void pieces_of_any_size_are_joined(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    for (size_t size = 1; size < 80; size += 3) {
        told.text.length = 0;
        for (size_t at = 0; at < sizeof(some) - 1; at += size) {
            size_t part = sizeof(some) - 1 - at < size ? sizeof(some) - 1 - at : size;
            assert_works(psd_kube_watch_events_feed(&events, some + at, part, write_down, &told, &error),
                         &error);
        }
        assert_string_equal(psd_text_string(&told.text), some_told);
    }
}

static void nothing_follows_an_error(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(
        feed(EVENT("ADDED", "a",
                   "1") "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"gone\"}}\n" EVENT("ADDED",
                                                                                                      "b",
                                                                                                      "2"),
             &error),
        &error);
    assert_works(feed(EVENT("ADDED", "c", "3") "garbage\n", &error), &error);
    assert_string_equal(psd_text_string(&told.text), "+a@1 !gone@ ");
    psd_kube_watch_events_reset(&events);
    assert_works(feed(EVENT("ADDED", "d", "4"), &error), &error);
    assert_string_equal(psd_text_string(&told.text), "+a@1 !gone@ +d@4 ");
}

/* What was cut off belongs to the watch that ended. */
static void a_new_watch_begins_with_a_new_line(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(feed("{\"type\":\"ADDED\",\"obj", &error), &error);
    psd_kube_watch_events_reset(&events);
    assert_works(feed(EVENT("ADDED", "a", "1"), &error), &error);
    assert_string_equal(psd_text_string(&told.text), "+a@1 ");
}

static void a_spoilt_stream_ends(void **state)
{
    (void)state;
    static const char *const spoilt[] = {
        "garbage\n",
        "{}\n",
        "[]\n",
        "null\n",
        "{\"type\":7}\n",
        "{\"type\":\"ADDED\"}\n",
        "{\"type\":\"ADDED\",\"object\":[]}\n",
        "{\"type\":\"ERROR\",\"object\":null}\n",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"}}}\n",
        "{\"type\":\"BOOKMARK\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\n",
        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}} x\n",
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(spoilt); i++) {
        psd_error error;
        psd_kube_watch_events_reset(&events);
        told.text.length = 0;
        assert_fails(feed(spoilt[i], &error), &error, PSD_DATA_LOSS, "the watch sent an event ");
        assert_works(feed(EVENT("ADDED", "late", "1"), &error), &error);
        assert_int_equal(told.text.length, 0);
    }
}

static void zero_bytes_are_no_json(void **state)
{
    (void)state;
    static const char blank[] = "\0\n";
    static const char behind[] = "{\"type\":\"LATER_KIND\"}\0junk\n";
    psd_error error;
    assert_fails(psd_kube_watch_events_feed(&events, blank, sizeof(blank) - 1, write_down, &told, &error),
                 &error, PSD_DATA_LOSS, "that is no JSON");
    psd_kube_watch_events_reset(&events);
    assert_fails(psd_kube_watch_events_feed(&events, behind, sizeof(behind) - 1, write_down, &told, &error),
                 &error, PSD_DATA_LOSS, "that is no JSON");
}

static void an_event_that_is_too_large_ends_it(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    size_t size = 1 << 20;
    PSD_AUTO_FREE char *piece = malloc(size);
    assert_non_null(piece);
    memset(piece, ' ', size);
    for (size_t i = 0; i < PSD_KUBE_EVENT_MAX / size; i++)
        assert_works(psd_kube_watch_events_feed(&events, piece, size, write_down, &told, &error), &error);
    assert_fails(feed(EVENT("ADDED", "a", "1"), &error), &error, PSD_RESOURCE_EXHAUSTED,
                 "an event is larger than 4 MiB");
    psd_kube_watch_events_reset(&events);
    assert_works(feed(EVENT("ADDED", "a", "1"), &error), &error);
    assert_string_equal(psd_text_string(&told.text), "+a@1 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_are_told_in_order, begin, end),
        cmocka_unit_test_setup_teardown(pieces_of_any_size_are_joined, begin, end),
        cmocka_unit_test_setup_teardown(nothing_follows_an_error, begin, end),
        cmocka_unit_test_setup_teardown(a_new_watch_begins_with_a_new_line, begin, end),
        cmocka_unit_test_setup_teardown(a_spoilt_stream_ends, begin, end),
        cmocka_unit_test_setup_teardown(zero_bytes_are_no_json, begin, end),
        cmocka_unit_test_setup_teardown(an_event_that_is_too_large_ends_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
