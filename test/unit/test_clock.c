/* Clocks, pauses between tries, and waiting with a deadline. */
#include "common/clock.h"

#include <pthread.h>

#include "common/backoff.h"
#include "common/thread.h"
#include "test/support/check.h"

static void test_times_are_written_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "never"},
        {-1, "never"},
        {INT64_MIN, "never"},
        {1, "1970-01-01T00:00:00.001Z"},
        {1769903999123, "2026-01-31T23:59:59.123Z"},
        {1709164800000, "2024-02-29T00:00:00.000Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        char text[PSD_CLOCK_TEXT_SIZE];
        assert_string_equal(psd_clock_format(cases[i].ms, text), cases[i].text);
    }
}

static void test_the_clocks_go(void **state)
{
    (void)state;
    int64_t us = psd_clock_mono_us();
    int64_t ms = psd_clock_mono_ms();
    assert_in_range(ms, us / 1000, us / 1000 + 1000);
    assert_true(psd_clock_unix_ms() > 1700000000000);
    struct timespec at = psd_clock_timespec(12345);
    assert_int_equal(at.tv_sec, 12);
    assert_int_equal(at.tv_nsec, 345000000);
}

static void test_waiting_ends_in_time(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    psd_cond_init(&condition);
    int64_t begin = psd_clock_mono_ms();
    pthread_mutex_lock(&mutex);
    while (psd_cond_wait_until(&condition, &mutex, begin + 30)) {
    }
    pthread_mutex_unlock(&mutex);
    assert_in_range(psd_clock_mono_ms() - begin, 30, 5000);
    pthread_cond_destroy(&condition);
}

static void test_pauses_double_up_to_a_limit(void **state)
{
    (void)state;
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        int64_t middle = attempt < 5 ? 50 << attempt : 1000;
        int64_t smallest = INT64_MAX;
        int64_t largest = 0;
        for (int i = 0; i < 50; i++) {
            int64_t pause = psd_backoff_ms(attempt, 50, 1000);
            assert_in_range(pause, middle / 2, middle + middle / 2 + 1);
            smallest = pause < smallest ? pause : smallest;
            largest = pause > largest ? pause : largest;
        }
        assert_true(largest > smallest); /* clients do not come back at once */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_are_written_in_utc),
        cmocka_unit_test(test_the_clocks_go),
        cmocka_unit_test(test_waiting_ends_in_time),
        cmocka_unit_test(test_pauses_double_up_to_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
