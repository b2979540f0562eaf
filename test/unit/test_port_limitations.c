/* When a host hides something, the scanner says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "server/scan/port/limitations.h"

static void old_kernels_hide_bound_sockets(void **state)
{
    (void)state;
    static const char *const old[] = {
        "5.10.0-28-amd64", "6.1.0-13-amd64", "6.7.12", "6.7", "4.19", "3.10.0-1160.el7", "", "x"};
    static const char *const recent[] = {"6.8.0", "6.8", "6.8.0-rc1", "6.18.44-fc", "7.0.1", "10.1"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(old); i++)
        assert_true(psd_kernel_hides_bound(old[i]));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(recent); i++)
        assert_false(psd_kernel_hides_bound(recent[i]));
}

static void a_complete_view_has_no_limitation(void **state)
{
    (void)state;
    psd_port_limitations found;
    psd_port_host host = {.release = "6.8.0", .ipv6 = true};
    psd_port_limitations_find(&host, &found);
    assert_int_equal(found.count, 0);
    /* A backport: bound sockets were seen in spite of the release. */
    host.release = "5.14.0-611.el9";
    host.bound_seen = true;
    psd_port_limitations_find(&host, &found);
    assert_int_equal(found.count, 0);
}

static void each_limitation_is_one_line(void **state)
{
    (void)state;
    char reason[PSD_ERROR_TEXT_SIZE];
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    psd_port_limitations found;
    const psd_port_host host = {.release = "6.1.0", .reader_reason = reason};
    psd_port_limitations_find(&host, &found);
    assert_int_equal(found.count, 3);
    assert_non_null(strstr(found.lines[0], "kernel 6.1.0"));
    assert_non_null(strstr(found.lines[1], "no IPv6"));
    assert_non_null(strstr(found.lines[2], reason));
    for (size_t i = 0; i < found.count; i++)
        assert_null(strchr(found.lines[i], '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_kernels_hide_bound_sockets),
        cmocka_unit_test(a_complete_view_has_no_limitation),
        cmocka_unit_test(each_limitation_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
