/* The ports to look at: the constant ones and those that come in addition. */
#include "server/scan/port/port_ranges.h"

#include "test/support/check.h"

static psd_port_set set_of(const char *text)
{
    psd_port_set set = {{0}};
    if (text[0])
        assert_int_equal(psd_port_set_parse(&set, text, NULL), 0);
    return set;
}

static bool set_more(psd_port_ranges *ranges, const char *text)
{
    psd_port_set more = set_of(text);
    return psd_port_ranges_set_more(ranges, &more);
}

static void assert_all(psd_port_ranges *ranges, const char *text)
{
    psd_port_set wanted = set_of(text);
    psd_port_set all;
    psd_port_ranges_get(ranges, &all);
    assert_true(psd_port_set_equal(&all, &wanted));
    psd_port_set_add(&wanted, 7, 7);
    assert_false(psd_port_set_equal(&all, &wanted));
}

static void more_is_added_to_the_constant_ports(void **state)
{
    (void)state;
    psd_port_set always = set_of("100-200");
    psd_port_ranges ranges;
    psd_port_ranges_init(&ranges, &always);
    assert_all(&ranges, "100-200");
    assert_true(set_more(&ranges, "150-250,65535"));
    assert_all(&ranges, "100-250,65535");
    assert_false(set_more(&ranges, "201-250,65535")); /* the same ports in the end */
    assert_true(set_more(&ranges, "300"));            /* instead of those before */
    assert_all(&ranges, "100-200,300");
    assert_true(set_more(&ranges, ""));
    assert_all(&ranges, "100-200");
    assert_false(set_more(&ranges, "120-130"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(more_is_added_to_the_constant_ports)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
