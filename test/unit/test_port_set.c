/* Sets of ports: what is read, what is refused, what is written. */
#include "common/port_set.h"

#include <stdio.h>
#include <stdlib.h>

#include "test/support/check.h"

/* Reads TEXT into an empty set and writes that. */
static void assert_reads(const char *text, const char *written)
{
    psd_port_set set;
    psd_port_set_clear(&set);
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_port_set_parse(&set, text, &error), &error);
    char out[256];
    assert_int_equal(psd_port_set_format(&set, out, sizeof(out)), strlen(written));
    assert_string_equal(out, written);
}

static void test_what_is_read(void **state)
{
    (void)state;
    assert_reads("5400", "5400");
    assert_reads("30000-32999", "30000-32999");
    assert_reads("36000+100", "36000-36099");
    assert_reads("1", "1");
    assert_reads("65535", "65535");
    assert_reads("1-65535", "1-65535");
    assert_reads("65535+1", "65535");
    assert_reads("1+65535", "1-65535");
    assert_reads("65000+536", "65000-65535");
    assert_reads("7-7", "7");
    assert_reads("7+1", "7");
    assert_reads("5400,30000-32999,36000+2", "5400,30000-32999,36000-36001");
    assert_reads("9,3-4,5,3", "3-5,9");
    assert_reads("63-64,127,128", "63-64,127-128");
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"70000", "'70000' is not a whole number from 1 to 65535"},
        {"65536", "'65536' is not a whole number from 1 to 65535"},
        {"0", "'0' is not"},
        {"9-", "port range '9-': '' is not"},
        {"-9", "port range '-9': '' is not"},
        {"-", "port range '-'"},
        {"+", "port range '+'"},
        {"a-b", "port range 'a-b': 'a' is not"},
        {"1-b", "'b' is not"},
        {"5-3", "ends before it begins: write 3-5"},
        {"1+0", "port range '1+0': '0' is not"},
        {"65000+1000", "port range '65000+1000' ends after port 65535"},
        {"65535+2", "ends after port 65535"},
        {"1-2-3", "port range '1-2-3'"},
        {"1+2+3", "port range '1+2+3'"},
        {"1-65536", "'65536' is not"},
        {"0-5", "'0' is not"},
        {" 1", "' 1' is not"},
        {"1 ", "'1 ' is not"},
        {"1- 2", "' 2' is not"},
        {"", "lacks a port range"},
        {",", "lacks a port range"},
        {"1,", "lacks a port range"},
        {",1", "lacks a port range"},
        {"1,,2", "lacks a port range"},
        {"1,70000", "port range '70000'"},
        {"0x10", "'0x10' is not"},
        {"1;2", "'1;2' is not"},
        {"99999999999999999999", "is not a whole number"},
        {"1111111111111111111111111111111111111111111111111111111111111111111111", "is too long"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_port_set set;
        psd_port_set_clear(&set);
        psd_port_set_add(&set, 4711, 4711);
        psd_error error = PSD_ERROR_INIT;
        assert_fails(psd_port_set_parse(&set, cases[i].text, &error), &error, PSD_INVALID_ARGUMENT,
                     cases[i].says);
        char out[64]; /* a refused text changes nothing */
        psd_port_set_format(&set, out, sizeof(out));
        assert_string_equal(out, "4711");
    }
}

static void test_runs(void **state)
{
    (void)state;
    psd_port_set set;
    psd_port_range run;
    psd_port_set_clear(&set);
    assert_true(psd_port_set_is_empty(&set));
    assert_false(psd_port_set_next(&set, 0, &run));
    psd_port_set_add(&set, 0, 0);
    psd_port_set_add(&set, 64, 191);
    psd_port_set_add(&set, 65535, 65535);
    assert_false(psd_port_set_is_empty(&set));
    assert_true(psd_port_set_has(&set, 0) && psd_port_set_has(&set, 64) && psd_port_set_has(&set, 191));
    assert_false(psd_port_set_has(&set, 63) || psd_port_set_has(&set, 192) || psd_port_set_has(&set, 65536));
    assert_true(psd_port_set_next(&set, 1, &run));
    assert_int_equal(run.first, 64);
    assert_int_equal(run.last, 191);
    assert_true(psd_port_set_next(&set, 100, &run));
    assert_int_equal(run.first, 100);
    assert_true(psd_port_set_next(&set, 192, &run));
    assert_int_equal(run.first, 65535);
    assert_int_equal(run.last, 65535);
    assert_false(psd_port_set_next(&set, 65536, &run));
}

/* Every set is written so that it is read back. */
static void test_random_round_trips(void **state)
{
    (void)state;
    srandom(4711);
    static char text[512 * 1024];
    for (int round = 0; round < 50; round++) {
        psd_port_set set;
        psd_port_set_clear(&set);
        for (int i = 0; i < 1 + round * 20; i++) {
            unsigned first = 1 + (unsigned)random() % 65535;
            unsigned last = first + (unsigned)random() % 100;
            psd_port_set_add(&set, first, last > PSD_PORT_MAX ? PSD_PORT_MAX : last);
        }
        size_t length = psd_port_set_format(&set, text, sizeof(text));
        assert_int_equal(length, strlen(text));
        psd_port_set again;
        psd_port_set_clear(&again);
        psd_error error = PSD_ERROR_INIT;
        assert_works(psd_port_set_parse(&again, text, &error), &error);
        assert_memory_equal(&set, &again, sizeof(set));
        char cut[16];
        assert_int_equal(psd_port_set_format(&set, cut, sizeof(cut)), length);
        assert_true(strlen(cut) < sizeof(cut));
        assert_int_equal(psd_port_set_format(&set, NULL, 0), length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_random_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
