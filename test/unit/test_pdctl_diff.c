/* Changes between two states of a list, and how a list is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "client/pdctl/diff.h"
#include "client/pdctl/resource.h"
#include "common/macros.h"
#include "polarstack/v1/port_usage.rpc.h"

/* A state with the given ports; a negative number stands for the listening port. */
typedef struct usage {
    Polarstack__V1__PortUsage message;
    Polarstack__V1__Port ports[8];
    Polarstack__V1__Port *pointers[8];
} usage;

static void fill(usage *it, const int *numbers)
{
    polarstack__v1__port_usage__init(&it->message);
    size_t count = 0;
    for (; numbers[count] != 0; count++) {
        polarstack__v1__port__init(&it->ports[count]);
        it->ports[count].port = (uint32_t)abs(numbers[count]);
        it->ports[count].class_ = numbers[count] < 0 ? POLARSTACK__V1__PORT_CLASS__LISTENING
                                                     : POLARSTACK__V1__PORT_CLASS__CONNECTED;
        it->pointers[count] = &it->ports[count];
    }
    it->message.ports = it->pointers;
    it->message.n_ports = count;
}

static void write_change(void *arg, psd_cli_change change, const ProtobufCMessage *element)
{
    psd_text *out = arg;
    psd_text_printf(out, "%s ", psd_cli_change_name(change));
    psd_cli_add_name(&psd_cli_ports, element, out);
    bool listens = ((const Polarstack__V1__Port *)element)->class_ == POLARSTACK__V1__PORT_CLASS__LISTENING;
    psd_text_add(out, listens ? " listens\n" : "\n");
}

static void assert_diff(const int *before, const int *after, const char *expected)
{
    usage old;
    usage new;
    fill(&new, after);
    if (before)
        fill(&old, before);
    psd_text out = PSD_TEXT_INIT;
    psd_cli_diff(&psd_cli_ports.watch->resource->lists[0], before ? &old.message.base : NULL,
                 &new.message.base, write_change, &out);
    assert_string_equal(psd_text_string(&out), expected);
    psd_text_free(&out);
}

#define LIST(...) ((const int[]){__VA_ARGS__, 0})

static void test_first_state(void **state)
{
    (void)state;
    assert_diff(NULL, LIST(22, 5400), "ADDED port/22\nADDED port/5400\n");
    assert_diff(NULL, (const int[]){0}, "");
}

static void test_same_state(void **state)
{
    (void)state;
    assert_diff(LIST(22, -5400), LIST(22, -5400), "");
}

static void test_every_change(void **state)
{
    (void)state;
    assert_diff(
        LIST(1, 22, 80, 5400), LIST(-22, 81, 5400, 65535),
        "DELETED port/1\nMODIFIED port/22 listens\nDELETED port/80\nADDED port/81\nADDED port/65535\n");
}

static void test_all_gone_shows_the_last_elements(void **state)
{
    (void)state;
    assert_diff(LIST(-22, 80), (const int[]){0}, "DELETED port/22 listens\nDELETED port/80\n");
}

static void test_selection(void **state)
{
    (void)state;
    psd_cli_settings all = {0};
    psd_cli_settings some = {.ranges = (char[]){"5400,30000-30001"}};
    ProtobufCMessage *all_request = psd_cli_ports.request(&all);
    ProtobufCMessage *some_request = psd_cli_ports.request(&some);
    static const struct {
        uint32_t port;
        bool selected;
    } cases[] = {{5399, false}, {5400, true}, {5401, false}, {30000, true}, {30001, true}, {30002, false}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        Polarstack__V1__Port port = POLARSTACK__V1__PORT__INIT;
        port.port = cases[i].port;
        assert_true(psd_cli_ports.selects(all_request, &port.base));
        assert_int_equal(psd_cli_ports.selects(some_request, &port.base), cases[i].selected);
    }
    protobuf_c_message_free_unpacked(all_request, NULL);
    protobuf_c_message_free_unpacked(some_request, NULL);
}

static void assert_freshness(const Polarrpc__V1__Observation *observation, const char *expected)
{
    psd_text out = PSD_TEXT_INIT;
    psd_cli_add_freshness(observation, 1000000, &out);
    assert_string_equal(psd_text_string(&out), expected);
    psd_text_free(&out);
}

static void test_freshness(void **state)
{
    (void)state;
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    assert_freshness(&observation, "UNKNOWN: no complete look yet");
    observation.node = (char[]){"n\x1b[31m1"};
    observation.revision = 17;
    observation.observed_at_ms = 1000000 - 1234;
    observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    assert_freshness(&observation, "FRESH, observed 1.2s ago, revision 17, node n\\x1b[31m1");
    observation.observed_at_ms = 1000000 - 185000;
    observation.reason = (char[]){"netlink: no answer"};
    observation.state = POLARRPC__V1__OBSERVATION_STATE__STALE;
    assert_freshness(&observation, "STALE for 3m5s: netlink: no answer");
    observation.state = POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    assert_freshness(&observation, "UNKNOWN: netlink: no answer");
}

static void test_ages(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *expected;
    } cases[] = {{-5, "0.0s"},      {0, "0.0s"},          {999, "0.9s"},
                 {59999, "59.9s"},  {60000, "1m0s"},      {3599999, "59m59s"},
                 {3600000, "1h0m"}, {86399999, "23h59m"}, {90000000, "1d1h"}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        char age[PSD_CLI_AGE_SIZE];
        assert_string_equal(psd_cli_age(cases[i].ms, age), cases[i].expected);
    }
}

static void test_safe_text(void **state)
{
    (void)state;
    psd_text out = PSD_TEXT_INIT;
    psd_cli_add_safe(&out, "a\nb\x1b[2J\x7f\xc2\x9bz\xc3\xbc");
    assert_string_equal(psd_text_string(&out), "a\\x0ab\\x1b[2J\\x7f\\x9bz\xc3\xbc");
    psd_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_state),  cmocka_unit_test(test_same_state),
        cmocka_unit_test(test_every_change), cmocka_unit_test(test_all_gone_shows_the_last_elements),
        cmocka_unit_test(test_selection),    cmocka_unit_test(test_freshness),
        cmocka_unit_test(test_ages),         cmocka_unit_test(test_safe_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
