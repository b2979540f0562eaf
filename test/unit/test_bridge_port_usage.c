/* What the ConfigMap with the ports in use should hold, and when nobody can say. */
#include <stdio.h>

#include "k8s/mirror/port_ledger.h"
#include "test/support/wanted_map.h"

enum { MOST_PORTS = 6 };

/* All that the function looks at, in good order: ranges 100-199 and 300, both
 * looked at; ports listening on 99, 100, 199, 200 and 300. */
typedef struct bench {
    psd_mirror_options options;
    Polarstack__V1__NodeConfig config;
    Polarstack__V1__ConfigProvenance entry;
    Polarstack__V1__ConfigProvenance *entries[1];
    Polarstack__V1__PortRange wanted[2];
    Polarstack__V1__PortRange *wanted_ranges[2];
    Polarstack__V1__PortUsage usage;
    Polarrpc__V1__Observation observation;
    Polarstack__V1__PortRange looked_at;
    Polarstack__V1__PortRange *looked_at_ranges[1];
    Polarstack__V1__Port ports[MOST_PORTS];
    Polarstack__V1__Port *port_pointers[MOST_PORTS];
    psd_port_ledger ledger;
    cJSON *found;
    psd_mirror_source source;
    psd_wanted_map answer;
} bench;

static bench b;
static char field_name[] = "publish_ports";

static void set_range(Polarstack__V1__PortRange *range, unsigned first, unsigned last)
{
    polarstack__v1__port_range__init(range);
    range->first = first;
    range->last = last;
}

static void set_config(void)
{
    polarstack__v1__node_config__init(&b.config);
    polarstack__v1__config_provenance__init(&b.entry);
    b.entry.field = field_name;
    b.entries[0] = &b.entry;
    b.config.provenance = b.entries;
    b.config.n_provenance = 1;
    b.config.publish_ports = true;
    set_range(&b.wanted[0], 100, 199);
    set_range(&b.wanted[1], 300, 300);
    b.wanted_ranges[0] = &b.wanted[0];
    b.wanted_ranges[1] = &b.wanted[1];
    b.config.port_ranges = b.wanted_ranges;
    b.config.n_port_ranges = 2;
}

static void set_usage(void)
{
    static const unsigned ports[] = {99, 100, 199, 200, 300};
    polarstack__v1__port_usage__init(&b.usage);
    polarrpc__v1__observation__init(&b.observation);
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    b.observation.observed_at_ms = 1000000;
    b.usage.observation = &b.observation;
    set_range(&b.looked_at, 1, 65535);
    b.looked_at_ranges[0] = &b.looked_at;
    b.usage.ranges = b.looked_at_ranges;
    b.usage.n_ranges = 1;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(ports); i++) {
        polarstack__v1__port__init(&b.ports[i]);
        b.ports[i].port = ports[i];
        b.ports[i].class_ = POLARSTACK__V1__PORT_CLASS__LISTENING;
        b.port_pointers[i] = &b.ports[i];
    }
    b.usage.ports = b.port_pointers;
    b.usage.n_ports = PSD_ARRAY_SIZE(ports);
}

static int begin(void **state)
{
    (void)state;
    b = (bench){.options = {.transient_ms = 90000}};
    set_config();
    set_usage();
    b.source = (psd_mirror_source){
        .resource = &b.usage.base, .config = &b.config, .options = &b.options, .state = &b.ledger};
    return 0;
}

static int end(void **state)
{
    (void)state;
    psd_test_map_free(&b.answer);
    cJSON_Delete(b.found);
    psd_free_port_usage(&b.ledger);
    return 0;
}

static void ask(void)
{
    psd_test_map_ask(psd_want_port_usage, &b.source, &b.answer);
}

static void check_written(const char *wanted)
{
    ask();
    psd_test_map_is_written(&b.answer, wanted);
}

static void check_not_written(psd_map_verdict verdict, const char *part)
{
    ask();
    psd_test_map_is_left(&b.answer, verdict, part);
}

#define USED(port) "\"" port "\":\"the port already use\""

static void ports_in_the_ranges_are_written(void **state)
{
    (void)state;
    check_written("{" USED("100") "," USED("199") "," USED("300") "}");
    assert_true(b.answer.again_ms == PSD_RECONCILE_NEVER);
    b.usage.n_ports = 0; /* seen to be so: that may be empty */
    check_written("{}");
}

static void stale_ports_are_written(void **state)
{
    (void)state;
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__STALE;
    check_written("{" USED("100") "," USED("199") "," USED("300") "}");
}

static void unknown_ranges_wait(void **state)
{
    (void)state;
    b.source.config = NULL;
    check_not_written(PSD_MAP_WAIT, "the cluster's port ranges are not known: see 'pdctl get config'");
    b.source.config = &b.config;
    b.config.n_port_ranges = 0;
    check_not_written(PSD_MAP_WAIT, "the cluster's port ranges are not known");
}

static void switched_off_is_disabled(void **state)
{
    (void)state;
    b.config.publish_ports = false;
    check_not_written(PSD_MAP_DISABLED, "enablePrintPort is false in ConfigMap controller-config");
    b.config.n_provenance = 0; /* then false is no answer */
    check_not_written(PSD_MAP_WAIT, "it is not known whether the ports shall be published");
}

static void unknown_usage_waits(void **state)
{
    (void)state;
    static const char reason[] = "the daemon has not seen the ports yet: see 'pdctl health'";
    b.source.resource = NULL;
    check_not_written(PSD_MAP_WAIT, reason);
    b.source.resource = &b.usage.base;
    b.usage.observation = NULL;
    check_not_written(PSD_MAP_WAIT, reason);
    b.usage.observation = &b.observation;
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    check_not_written(PSD_MAP_WAIT, reason);
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    b.observation.observed_at_ms = 0;
    check_not_written(PSD_MAP_WAIT, reason);
}

static void a_range_that_is_not_looked_at_waits(void **state)
{
    (void)state;
    set_range(&b.looked_at, 100, 299);
    check_not_written(PSD_MAP_WAIT, "the daemon does not look at port 300 of the cluster's ranges yet");
    set_range(&b.looked_at, 101, 300);
    check_not_written(PSD_MAP_WAIT, "does not look at port 100 ");
    b.usage.n_ranges = 0;
    check_not_written(PSD_MAP_WAIT, "does not look at port 100 ");
    b.usage.n_ranges = 1;
    set_range(&b.looked_at, 100, 300);
    ask();
    assert_int_equal(b.answer.verdict, PSD_MAP_WRITE);
}

static void connections_come_later(void **state)
{
    (void)state;
    b.ports[1].class_ = POLARSTACK__V1__PORT_CLASS__CONNECTED;
    check_written("{" USED("199") "," USED("300") "}");
    assert_int_equal(b.answer.again_ms, 90000);
    assert_int_equal(b.ledger.count, 1);
    b.ledger.transients[0].age_ms = 89999;
    check_written("{" USED("199") "," USED("300") "}");
    assert_int_equal(b.answer.again_ms, 1000); /* not in a busy loop */
    b.ledger.transients[0].age_ms = 90000;
    check_written("{" USED("100") "," USED("199") "," USED("300") "}");
}

static void after_a_start_connections_that_counted_count(void **state)
{
    (void)state;
    b.ports[1].class_ = POLARSTACK__V1__PORT_CLASS__CONNECTED;
    b.ports[2].class_ = POLARSTACK__V1__PORT_CLASS__CONNECTED;
    b.found = cJSON_Parse("{" USED("100") ",\"x\":\"y\",\"0\":\"\",\"65536\":\"\",\"0x64\":\"\"}");
    b.source.found = b.found;
    check_written("{" USED("100") "," USED("300") "}");
}

static void the_sign_of_life_is_constant(void **state)
{
    (void)state;
    psd_wanted_condition wanted = {.known = false};
    psd_want_refresh(&b.source, &wanted);
    assert_true(wanted.known);
    assert_string_equal(wanted.status, "True");
    assert_string_equal(wanted.reason, "Refresh");
    assert_string_equal(wanted.message, "Refresh");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ports_in_the_ranges_are_written, begin, end),
        cmocka_unit_test_setup_teardown(stale_ports_are_written, begin, end),
        cmocka_unit_test_setup_teardown(unknown_ranges_wait, begin, end),
        cmocka_unit_test_setup_teardown(switched_off_is_disabled, begin, end),
        cmocka_unit_test_setup_teardown(unknown_usage_waits, begin, end),
        cmocka_unit_test_setup_teardown(a_range_that_is_not_looked_at_waits, begin, end),
        cmocka_unit_test_setup_teardown(connections_come_later, begin, end),
        cmocka_unit_test_setup_teardown(after_a_start_connections_that_counted_count, begin, end),
        cmocka_unit_test_setup_teardown(the_sign_of_life_is_constant, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
