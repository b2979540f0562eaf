/* The frame that scanners run in: what ends a pause, and what does not. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/thread.h"
#include "server/scan/scanner.h"
#include "test/support/check.h"

enum { QUIET_MS = 150, PATIENCE_MS = 10000 };

/* Settings and state of a scanner that counts. */
typedef struct counter {
    pthread_mutex_t *gate; /* a scan waits for it; NULL: for nothing */
    int events;            /* eventfd; -1: no descriptor */
    int64_t next_ms;       /* the pause that it asks for */
    bool fails;
    atomic_uint scans;
    atomic_uint asked;
    atomic_uint heard; /* events read */
    atomic_uint ended_badly;
    bool freed;
} counter;

static int init(const void *settings, void **state, psd_error *error)
{
    (void)error;
    *state = (void *)(uintptr_t)settings;
    return 0;
}

static int scan(void *state, const psd_scan_request *request, const psd_sink *sink, int64_t *next_ms,
                psd_error *error)
{
    counter *it = state;
    eventfd_t count = 0;
    (void)sink;
    if (it->events >= 0 && eventfd_read(it->events, &count) == 0)
        it->heard += (unsigned)count;
    it->asked += request->asked;
    it->scans++;
    if (it->gate) {
        PSD_LOCKED(it->gate);
    }
    *next_ms = it->next_ms;
    return it->fails ? psd_error_set(error, PSD_UNAVAILABLE, "no") : 0;
}

static int descriptor(void *state)
{
    return ((counter *)state)->events;
}

static void fini(void *state)
{
    ((counter *)state)->freed = true;
}

static void ended(void *arg, int64_t duration_us, const psd_error *error)
{
    (void)duration_us;
    ((counter *)arg)->ended_badly += error != NULL;
}

static const psd_scanner_type by_events = {
    .name = "count", .init = init, .scan = scan, .descriptor = descriptor, .fini = fini};
static const psd_scanner_type by_time = {.name = "count", .init = init, .scan = scan, .fini = fini};

static psd_scanner *start(const psd_scanner_type *type, counter *it)
{
    const psd_sink sink = {.arg = NULL};
    psd_scanner *scanner = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_scanner_start(type, it, &sink, ended, it, &scanner, &error), &error);
    return scanner;
}

static void wait_for(const atomic_uint *number, unsigned wanted)
{
    int64_t end_ms = psd_clock_mono_ms() + PATIENCE_MS;
    while (*number < wanted) {
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("%u instead of %u", *number, wanted);
        usleep(1000);
    }
}

static void stop(psd_scanner *scanner, const counter *it)
{
    psd_scanner_stop(scanner);
    assert_true(it->freed);
}

static void an_event_ends_the_pause(void **state)
{
    (void)state;
    counter it = {.events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .next_ms = PSD_SCANNER_NEVER};
    psd_scanner *scanner = start(&by_events, &it);
    wait_for(&it.scans, 1);
    for (unsigned i = 1; i <= 5; i++) {
        usleep(20000);
        assert_int_equal(it.scans, i); /* nothing happens by itself */
        eventfd_write(it.events, 1);
        wait_for(&it.heard, i);
        wait_for(&it.scans, i + 1);
    }
    usleep(QUIET_MS * 1000);
    assert_int_equal(it.scans, 6);
    stop(scanner, &it);
    close(it.events);
}

static void an_event_comes_before_the_pause_is_over(void **state)
{
    (void)state;
    counter it = {.events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .next_ms = 600000};
    psd_scanner *scanner = start(&by_events, &it);
    wait_for(&it.scans, 1);
    eventfd_write(it.events, 3);
    wait_for(&it.heard, 3);
    stop(scanner, &it);
    close(it.events);
}

static void never_means_never(void **state)
{
    (void)state;
    counter it = {.events = -1, .next_ms = PSD_SCANNER_NEVER};
    psd_scanner *scanner = start(&by_events, &it);
    wait_for(&it.scans, 1);
    usleep(QUIET_MS * 1000);
    assert_int_equal(it.scans, 1);
    stop(scanner, &it);
}

static void a_pause_ends_by_itself(void **state)
{
    (void)state;
    counter it = {.events = -1, .next_ms = 5};
    psd_scanner *scanner = start(&by_time, &it);
    int64_t begin_ms = psd_clock_mono_ms();
    wait_for(&it.scans, 11);
    assert_true(psd_clock_mono_ms() - begin_ms >= 45);
    stop(scanner, &it);
}

static void waking_and_asking(void **state)
{
    (void)state;
    counter it = {.events = -1, .next_ms = PSD_SCANNER_NEVER};
    psd_scanner *scanner = start(&by_time, &it);
    wait_for(&it.scans, 1);
    psd_scanner_wake(scanner);
    wait_for(&it.scans, 2);
    assert_int_equal(it.asked, 0);
    usleep(20000);
    assert_int_equal(it.scans, 2); /* once for each */
    psd_scanner_wake(scanner);
    wait_for(&it.scans, 3);
    stop(scanner, &it);
}

typedef struct answers {
    atomic_uint good;
    atomic_uint bad;
    psd_code code;
} answers;

static void answered(void *arg, const psd_error *error)
{
    answers *got = arg;
    if (error) {
        got->code = error->code;
        got->bad++;
    } else {
        got->good++;
    }
}

static void questions_are_answered(void **state)
{
    (void)state;
    counter it = {.events = -1, .next_ms = PSD_SCANNER_NEVER};
    answers got = {.code = PSD_OK};
    psd_scanner *scanner = start(&by_time, &it);
    wait_for(&it.scans, 1);
    psd_scanner_ask(scanner, answered, &got);
    wait_for(&got.good, 1);
    assert_true(it.asked >= 1);
    it.fails = true; /* the scanner sleeps: nobody reads it now */
    assert_true(psd_scanner_ask(scanner, answered, &got) != 0);
    wait_for(&got.bad, 1);
    assert_int_equal(got.code, PSD_UNAVAILABLE);
    assert_int_equal(it.ended_badly, 1);
    stop(scanner, &it);
}

/* Those who ask while a scan runs share the next one. */
static void questions_share_a_scan(void **state)
{
    (void)state;
    enum { MANY = 100 };
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    counter it = {.gate = &gate, .events = -1, .next_ms = PSD_SCANNER_NEVER};
    answers got = {.code = PSD_OK};
    pthread_mutex_lock(&gate);
    psd_scanner *scanner = start(&by_time, &it);
    wait_for(&it.scans, 1); /* which stands at the gate */
    uint64_t number = psd_scanner_ask(scanner, answered, &got);
    for (unsigned i = 1; i < MANY; i++)
        assert_int_equal(psd_scanner_ask(scanner, answered, &got), number);
    assert_int_equal(got.good, 0);
    pthread_mutex_unlock(&gate);
    wait_for(&got.good, MANY);
    assert_int_equal(it.scans, 2);
    assert_int_equal(psd_scanner_ask(scanner, answered, &got), number + 1);
    wait_for(&got.good, MANY + 1);
    stop(scanner, &it);
    pthread_mutex_destroy(&gate);
}

/* Many at once, from here, while the thread runs. */
static void nothing_gets_lost(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    counter it = {.events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .next_ms = PSD_SCANNER_NEVER};
    answers got = {.code = PSD_OK};
    psd_scanner *scanner = start(&by_events, &it);
    for (unsigned i = 0; i < MANY; i++) {
        psd_scanner_wake(scanner);
        psd_scanner_ask(scanner, answered, &got);
        eventfd_write(it.events, 1);
    }
    wait_for(&got.good, MANY);
    wait_for(&it.heard, MANY);
    stop(scanner, &it);
    close(it.events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_ends_the_pause), cmocka_unit_test(an_event_comes_before_the_pause_is_over),
        cmocka_unit_test(never_means_never),       cmocka_unit_test(a_pause_ends_by_itself),
        cmocka_unit_test(waking_and_asking),       cmocka_unit_test(questions_are_answered),
        cmocka_unit_test(questions_share_a_scan),  cmocka_unit_test(nothing_gets_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
