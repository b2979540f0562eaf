/* Strict parsing: what is taken, and every way to be refused. */
#include "common/parse.h"

#include <inttypes.h>

#include "test/support/check.h"

static void test_numbers(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    uint64_t value = 7;
    assert_works(psd_parse_uint("0", 0, 10, &value, &error), &error);
    assert_int_equal(value, 0);
    assert_works(psd_parse_uint("18446744073709551615", 0, UINT64_MAX, &value, &error), &error);
    assert_true(value == UINT64_MAX);
    assert_works(psd_parse_uint("007", 1, 10, &value, &error), &error);
    assert_int_equal(value, 7);
    static const char *const refused[] = {"",
                                          " 1",
                                          "1 ",
                                          "+1",
                                          "-1",
                                          "1.0",
                                          "0x10",
                                          "1e3",
                                          "ten",
                                          "11",
                                          "18446744073709551616",
                                          "99999999999999999999999"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        value = 7;
        assert_fails(psd_parse_uint(refused[i], 0, 10, &value, &error), &error, PSD_INVALID_ARGUMENT,
                     "is not a whole number from 0 to 10");
        assert_int_equal(value, 7);
    }
    assert_fails(psd_parse_uint("4", 5, 10, &value, &error), &error, PSD_INVALID_ARGUMENT, "'4'");
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } taken[] = {{"0", 0},        {"0s", 0},        {"250ms", 250},    {"5s", 5000},
                 {"10m", 600000}, {"6h", 21600000}, {"7d", 604800000}, {"9223372036854775807ms", INT64_MAX}};
    psd_error error = PSD_ERROR_INIT;
    int64_t ms = 0;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        ms = -1;
        assert_works(psd_parse_duration(taken[i].text, &ms, &error), &error);
        assert_true(ms == taken[i].ms);
    }
    static const char *const refused[] = {"",
                                          "5",
                                          "s",
                                          "5 s",
                                          "5S",
                                          "-5s",
                                          "5.5s",
                                          "5sec",
                                          "5s5",
                                          "1w",
                                          "00x",
                                          "9223372036854775808ms",
                                          "9223372036854775807s",
                                          "18446744073709551615d"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        ms = -1;
        assert_fails(psd_parse_duration(refused[i], &ms, &error), &error, PSD_INVALID_ARGUMENT,
                     "is not a duration");
        assert_int_equal(ms, -1);
    }
}

static void test_durations_are_written_as_they_are_read(void **state)
{
    (void)state;
    static const int64_t values[] = {0,     1,       250,      1000,      1500,     60000,
                                     90000, 3600000, 86400000, 604800000, INT64_MAX};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(values); i++) {
        char text[PSD_DURATION_TEXT_SIZE];
        psd_error error = PSD_ERROR_INIT;
        int64_t ms = -1;
        assert_works(psd_parse_duration(psd_format_duration(values[i], text), &ms, &error), &error);
        assert_true(ms == values[i]);
    }
    char text[PSD_DURATION_TEXT_SIZE];
    assert_string_equal(psd_format_duration(90000, text), "90s");
    assert_string_equal(psd_format_duration(172800000, text), "2d");
}

static void test_words_for_yes_and_no(void **state)
{
    (void)state;
    static const char *const yes[] = {"1", "T", "y", "TRUE", "Yes", "on"};
    static const char *const no[] = {"0", "F", "n", "FALSE", "No", "off"};
    static const char *const neither[] = {"", "2", "tru", "yess", " yes", "nope"};
    psd_error error = PSD_ERROR_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(yes); i++) {
        bool value = false;
        assert_works(psd_parse_bool(yes[i], &value, &error), &error);
        assert_true(value);
        assert_works(psd_parse_bool(no[i], &value, &error), &error);
        assert_false(value);
        assert_fails(psd_parse_bool(neither[i], &value, &error), &error, PSD_INVALID_ARGUMENT,
                     "neither true nor false");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_are_written_as_they_are_read),
        cmocka_unit_test(test_words_for_yes_and_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
