/* Which ports count: at once, after a while, or not. */
#include "k8s/mirror/port_ledger.h"

#include "test/support/check.h"

enum { TRANSIENT_MS = 90000, MOST_PORTS = 8 };

#define LISTENING POLARSTACK__V1__PORT_CLASS__LISTENING
#define BOUND POLARSTACK__V1__PORT_CLASS__BOUND
#define CONNECTED POLARSTACK__V1__PORT_CLASS__CONNECTED
#define CLOSING POLARSTACK__V1__PORT_CLASS__CLOSING

typedef struct seen {
    unsigned port; /* 0: no more */
    Polarstack__V1__PortClass class_;
} seen;

static psd_port_ledger ledger;
static psd_port_set counted;

static int begin(void **state)
{
    (void)state;
    ledger = (psd_port_ledger){.transients = NULL};
    psd_port_set_clear(&counted);
    return 0;
}

static int end(void **state)
{
    (void)state;
    psd_port_ledger_free(&ledger);
    return 0;
}

/* A look that says it was made at OBSERVED_MS and comes at NOW_MS; WANTED is the set
 * that counts then. Returns when to look again. */
static int64_t look_of(int64_t observed_ms, int64_t now_ms, const seen *ports, const char *wanted)
{
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    Polarstack__V1__PortUsage usage = POLARSTACK__V1__PORT_USAGE__INIT;
    Polarstack__V1__Port made[MOST_PORTS];
    Polarstack__V1__Port *pointers[MOST_PORTS];
    observation.observed_at_ms = observed_ms;
    usage.observation = &observation;
    usage.ports = pointers;
    for (; ports[usage.n_ports].port; usage.n_ports++) {
        Polarstack__V1__Port *port = &made[usage.n_ports];
        polarstack__v1__port__init(port);
        port->port = ports[usage.n_ports].port;
        port->class_ = ports[usage.n_ports].class_;
        pointers[usage.n_ports] = port;
    }
    psd_port_set used;
    char text[200];
    int64_t again_ms = psd_port_ledger_update(&ledger, &usage, now_ms, TRANSIENT_MS, &counted, &used);
    psd_port_set_format(&used, text, sizeof(text));
    assert_string_equal(text, wanted);
    return again_ms;
}

static int64_t look(int64_t now_ms, const seen *ports, const char *wanted)
{
    return look_of(now_ms, now_ms, ports, wanted);
}

static void servers_count_at_once_and_end_at_once(void **state)
{
    (void)state;
    static const seen servers[] = {{22, LISTENING}, {5353, BOUND}, {65535, LISTENING}, {0, 0}};
    static const seen one[] = {{22, LISTENING}, {0, 0}};
    static const seen none[] = {{0, 0}};
    assert_true(look(1000, servers, "22,5353,65535") == INT64_MAX);
    assert_true(look(2000, one, "22") == INT64_MAX);
    assert_true(look(3000, none, "") == INT64_MAX);
}

static void connections_count_after_the_time_only(void **state)
{
    (void)state;
    static const seen first[] = {{30000, CONNECTED}, {0, 0}};
    static const seen both[] = {{30000, CONNECTED}, {30001, CLOSING}, {0, 0}};
    assert_int_equal(look(1000, first, ""), TRANSIENT_MS);
    assert_int_equal(look(31000, both, ""), TRANSIENT_MS - 30000);
    assert_int_equal(look(1000 + TRANSIENT_MS - 1, both, ""), 1);
    assert_int_equal(look(1000 + TRANSIENT_MS, both, "30000"), 30000);
    assert_true(look(31000 + TRANSIENT_MS, both, "30000-30001") == INT64_MAX);
}

static void a_gap_starts_the_time_anew(void **state)
{
    (void)state;
    static const seen there[] = {{100, CONNECTED}, {200, CONNECTED}, {300, CONNECTED}, {0, 0}};
    static const seen gap[] = {{100, CONNECTED}, {300, CONNECTED}, {0, 0}};
    look(1000, there, "");
    look(2000, gap, "");
    assert_int_equal(look(3000, there, ""), TRANSIENT_MS - 2000);
    assert_int_equal(look(1000 + TRANSIENT_MS, there, "100,300"), 2000);
    look(3000 + TRANSIENT_MS, there, "100,200,300");
}

static void class_changes(void **state)
{
    (void)state;
    static const seen connected[] = {{7, CONNECTED}, {0, 0}};
    static const seen closing[] = {{7, CLOSING}, {0, 0}};
    static const seen listening[] = {{7, LISTENING}, {0, 0}};
    static const seen unspecified[] = {{7, POLARSTACK__V1__PORT_CLASS__PORT_CLASS_UNSPECIFIED}, {0, 0}};
    look(1000, connected, "");
    look(2000, closing, ""); /* still only connections: the time goes on */
    look(1000 + TRANSIENT_MS, connected, "7");
    look(100000, listening, "7");
    assert_int_equal(look(200000, connected, ""), TRANSIENT_MS); /* the server is gone */
    look(200000 + TRANSIENT_MS, unspecified, "7");
}

static void a_clock_that_is_set_makes_no_port_old_or_young(void **state)
{
    (void)state;
    static const seen ports[] = {{7, CONNECTED}, {0, 0}};
    enum { HOUR_MS = 3600000 };
    assert_int_equal(look_of(1000, 1000, ports, ""), TRANSIENT_MS);
    assert_int_equal(look_of(HOUR_MS, 3000, ports, ""), TRANSIENT_MS - 2000);
    assert_int_equal(look_of(500, 5000, ports, ""), TRANSIENT_MS - 4000);
    look_of(2500, 1000 + TRANSIENT_MS, ports, "7");
}

/* While the daemon is away, or sees nothing, nobody knows whether it is still there. */
static void time_passes_with_newer_looks_only(void **state)
{
    (void)state;
    static const seen ports[] = {{7, CONNECTED}, {0, 0}};
    look_of(1000, 1000, ports, "");
    assert_int_equal(look_of(1000, 1000 + 2 * TRANSIENT_MS, ports, ""), TRANSIENT_MS);
    look_of(2000, 1000 + 2 * TRANSIENT_MS, ports, "7"); /* it was there all the time */
}

static void what_counted_in_an_earlier_life_counts_on(void **state)
{
    (void)state;
    static const seen ports[] = {{7, CONNECTED}, {8, CONNECTED}, {9, LISTENING}, {0, 0}};
    static const seen later[] = {{6, CONNECTED}, {7, CONNECTED}, {8, CONNECTED}, {0, 0}};
    psd_port_set_add(&counted, 6, 7);
    psd_port_set_add(&counted, 9, 9);
    assert_int_equal(look(1000, ports, "7,9"), TRANSIENT_MS);
    /* Only the first call asks what stood there: 6 has to wait. */
    assert_int_equal(look(2000, later, "7"), TRANSIENT_MS - 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(servers_count_at_once_and_end_at_once, begin, end),
        cmocka_unit_test_setup_teardown(connections_count_after_the_time_only, begin, end),
        cmocka_unit_test_setup_teardown(a_gap_starts_the_time_anew, begin, end),
        cmocka_unit_test_setup_teardown(class_changes, begin, end),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_makes_no_port_old_or_young, begin, end),
        cmocka_unit_test_setup_teardown(time_passes_with_newer_looks_only, begin, end),
        cmocka_unit_test_setup_teardown(what_counted_in_an_earlier_life_counts_on, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
