/* Times as Kubernetes writes them. */
#include "k8s/mirror/kube_time.h"

#include <stdlib.h>
#include <time.h>

#include "test/support/check.h"

static void times_are_whole_seconds_of_utc(void **state)
{
    (void)state;
    char text[PSD_CLOCK_TEXT_SIZE];
    assert_string_equal(psd_kube_time_format(0, text), "1970-01-01T00:00:00Z");
    assert_string_equal(psd_kube_time_format(1769903999999, text), "2026-01-31T23:59:59Z");
    setenv("TZ", "Asia/Shanghai", 1);
    tzset();
    assert_string_equal(psd_kube_time_format(1769903999000, text), "2026-01-31T23:59:59Z");
    assert_int_equal(psd_kube_time_left("2026-01-31T23:59:59Z", 5000, 1769903999000), 5000);
    unsetenv("TZ");
    tzset();
}

static void what_is_left_of_a_period(void **state)
{
    (void)state;
    static const struct {
        int64_t now_ms;
        int64_t left_ms;
    } cases[] = {{1769903999000, 5000}, {1769903999999, 4001}, {1769904003999, 1},
                 {1769904004000, 0},    {1769999999000, 0},    {1769903998500, 5500},
                 {1769903998000, 6000}, {1769903997999, 0},    {0, 0}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++)
        assert_int_equal(psd_kube_time_left("2026-01-31T23:59:59Z", 5000, cases[i].now_ms), cases[i].left_ms);
}

static void no_time_is_due(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "never",
                                         "2026-01-31",
                                         "2026-13-31T23:59:59Z",
                                         "2026-01-31T23:59:59",
                                         "2026-01-31T23:59:59+08:00",
                                         "2026-01-31T23:59:59Zulu",
                                         "2026-01-31 23:59:59Z"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(others); i++)
        assert_int_equal(psd_kube_time_left(others[i], 5000, 1769903999000), 0);
    assert_int_equal(psd_kube_time_left(NULL, 5000, 1769903999000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_whole_seconds_of_utc),
        cmocka_unit_test(what_is_left_of_a_period),
        cmocka_unit_test(no_time_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
