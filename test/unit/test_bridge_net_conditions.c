/* The conditions of the client network and the BMC: what should stand there. */
#include "common/text.h"
#include "k8s/mirror/rows.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "test/support/check.h"

#define LINK(NAME) POLARSTACK__V1__LINK_STATE__LINK_##NAME
#define BMC(NAME) POLARSTACK__V1__BMC_STATE__BMC_##NAME

static Polarrpc__V1__Observation observation;
static Polarstack__V1__ClientNic nic;
static Polarstack__V1__Bmc bmc;
static Polarstack__V1__NodeNetStatus status;
static Polarstack__V1__ConfigProvenance told;
static Polarstack__V1__ConfigProvenance *parts[] = {&told};
static Polarstack__V1__NodeConfig config;
static psd_mirror_source source;
static psd_wanted_condition wanted;

/* NAME is a constant. */
static char *constant(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* bond0 is up and has an address, and the BMC answers. */
static int begin(void **state)
{
    (void)state;
    polarrpc__v1__observation__init(&observation);
    polarstack__v1__client_nic__init(&nic);
    polarstack__v1__bmc__init(&bmc);
    polarstack__v1__node_net_status__init(&status);
    observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    nic.name = constant("bond0");
    nic.state = LINK(UP);
    nic.client_address = constant("172.19.64.2");
    nic.client_address_present = true;
    bmc.state = BMC(ANSWERING);
    bmc.address = constant("10.0.3.4");
    status.observation = &observation;
    status.client_nic = &nic;
    status.bmc = &bmc;
    polarstack__v1__config_provenance__init(&told);
    polarstack__v1__node_config__init(&config);
    told.field = constant("check_bmc");
    config.provenance = parts;
    config.n_provenance = 1;
    config.check_bmc = true;
    source = (psd_mirror_source){.resource = &status.base, .config = &config};
    wanted = (psd_wanted_condition){.known = false};
    return 0;
}

typedef void (*want)(const psd_mirror_source *source, psd_wanted_condition *wanted);

/* Beside FOUND (status, reason and message; NULL: no condition), "status reason: message". */
static void check(want function, const char *const *found, const char *expected)
{
    cJSON *condition = found ? psd_json_new() : NULL;
    if (found) {
        psd_json_set_string(condition, "status", found[0]);
        psd_json_set_string(condition, "reason", found[1]);
        psd_json_set_string(condition, "message", found[2]);
    }
    source.found = condition;
    wanted = (psd_wanted_condition){.known = false};
    function(&source, &wanted);
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    if (wanted.known)
        psd_text_printf(&text, "%s %s: %s", wanted.status, wanted.reason, wanted.message);
    else
        psd_text_add(&text, "stays");
    assert_string_equal(psd_text_string(&text), expected);
    cJSON_Delete(condition);
}

#define FOUND(STATUS, REASON, MESSAGE) ((const char *const[]){STATUS, REASON, MESSAGE})

/* As version 1 wrote them. */
static void test_samples_of_the_contract(void **state)
{
    (void)state;
    check(psd_want_client_ip, NULL, "True bond0: 172.19.64.2");
    check(psd_want_client_network, NULL, "False StateUP: bond0 StateUP");
    check(psd_want_oob_ip, NULL, "True PowerOn: 10.0.3.4");
    nic.state = LINK(DOWN);
    check(psd_want_client_network, NULL, "True StateDown: bond0 StateDown");
    nic.state = LINK(UNKNOWN);
    check(psd_want_client_network, NULL, "Unknown StateUnKnown: bond0 StateUnKnown");
}

static void test_an_address_that_is_gone(void **state)
{
    (void)state;
    nic.client_address_present = false;
    check(psd_want_client_ip, FOUND("True", "bond0", "172.19.64.9"), "False bond0: 172.19.64.2");
    nic.client_address = constant(""); /* the daemon never saw one: what stands there was seen once */
    check(psd_want_client_ip, FOUND("True", "bond0", "172.19.64.9"), "False bond0: 172.19.64.9");
    check(psd_want_client_ip, NULL, "False bond0: 0.0.0.0");
    check(psd_want_client_ip, FOUND("False", "bond0", ""), "False bond0: 0.0.0.0");
    check(psd_want_client_ip, FOUND("False", "bond0", "172.19.64.2/20"), "False bond0: 0.0.0.0");
    nic.state = LINK(ABSENT);
    check(psd_want_client_ip, FOUND("True", "bond0", "172.19.64.9"), "False bond0: 172.19.64.9");
}

/* An address is known of an interface that is down, and clients come back to it. */
static void test_an_address_without_a_link(void **state)
{
    (void)state;
    nic.state = LINK(DOWN);
    check(psd_want_client_ip, NULL, "True bond0: 172.19.64.2");
}

static void test_an_absent_interface_is_not_down(void **state)
{
    (void)state;
    nic.state = LINK(ABSENT);
    check(psd_want_client_network, FOUND("False", "StateUP", "bond0 StateUP"),
          "Unknown StateUnKnown: bond0 StateUnKnown");
}

static void test_nothing_is_known_yet(void **state)
{
    (void)state;
    const want all[] = {psd_want_client_ip, psd_want_client_network, psd_want_oob_ip};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(all); i++) {
        source.resource = NULL;
        check(all[i], NULL, "stays");
        check(all[i], FOUND("True", "x", "y"), "stays");
        source.resource = &status.base;
        observation.state = POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
        check(all[i], FOUND("True", "x", "y"), "stays");
        observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    }
}

/* Nobody said which one it is. */
static void test_no_interface_is_named(void **state)
{
    (void)state;
    nic = (Polarstack__V1__ClientNic)POLARSTACK__V1__CLIENT_NIC__INIT;
    nic.state = LINK(UNKNOWN);
    nic.state_reason = constant("no client NIC is configured");
    check(psd_want_client_ip, NULL, "stays");
    check(psd_want_client_network, NULL, "stays");
    check(psd_want_client_ip, FOUND("True", "bond0", "172.19.64.2"),
          "True bond0, not current: no client NIC is configured: 172.19.64.2");
    check(psd_want_client_network, FOUND("True", "StateDown", "bond0 StateDown"),
          "Unknown StateUnKnown: bond0 StateUnKnown");
}

/* A network whose state is old is Unknown; an address stays, with a note. */
static void test_a_source_that_is_old(void **state)
{
    (void)state;
    source.stale = "the daemon cannot be reached: gone";
    check(psd_want_client_ip, FOUND("True", "bond0", "172.19.64.9"),
          "True bond0, not current: the daemon cannot be reached: gone: 172.19.64.9");
    check(psd_want_client_ip, FOUND("True", "bond0, not current: else", "172.19.64.9"),
          "True bond0, not current: the daemon cannot be reached: gone: 172.19.64.9");
    check(psd_want_client_ip, NULL, "stays");
    check(psd_want_client_network, FOUND("False", "StateUP", "bond0 StateUP"),
          "Unknown StateUnKnown: bond0 StateUnKnown");
    check(psd_want_oob_ip, FOUND("True", "PowerOn", "10.0.3.4"),
          "True PowerOn, not current: the daemon cannot be reached: gone: 10.0.3.4");
    source.resource = NULL; /* a bridge that never reached the daemon */
    check(psd_want_client_network, FOUND("False", "StateUP", "bond0 StateUP"),
          "Unknown StateUnKnown: bond0 StateUnKnown");
    check(psd_want_client_network, NULL, "stays");
    check(psd_want_client_ip, FOUND("False", "bond0", "0.0.0.0"),
          "False bond0, not current: the daemon cannot be reached: gone: 0.0.0.0");
    char longer[600];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    source.stale = longer;
    source.found = NULL;
    check(psd_want_client_ip, NULL, "stays");
}

static void test_the_bmc(void **state)
{
    (void)state;
    bmc.state = BMC(FAILED);
    bmc.error = constant("ipmitool: no answer within 10 s");
    check(psd_want_oob_ip, FOUND("True", "PowerOn", "10.0.3.9"),
          "False error: ipmitool: no answer within 10 s: 10.0.3.4");
    bmc.address = constant("");
    check(psd_want_oob_ip, FOUND("True", "PowerOn", "10.0.3.9"),
          "False error: ipmitool: no answer within 10 s: 10.0.3.9");
    check(psd_want_oob_ip, NULL, "False error: ipmitool: no answer within 10 s: 0.0.0.0");
    bmc.state = BMC(ABSENT);
    check(psd_want_oob_ip, NULL, "False error: this host has no IPMI device: 0.0.0.0");
    bmc.state = BMC(NOT_ASKED);
    check(psd_want_oob_ip, FOUND("True", "PowerOn", "10.0.3.9"), "stays");
    bmc.state = BMC(UNKNOWN);
    check(psd_want_oob_ip, NULL, "stays");
    status.bmc = NULL;
    check(psd_want_oob_ip, NULL, "stays");
}

/* The daemon asks the BMC until the cluster says not to. */
static void test_a_bmc_that_nobody_asked_for(void **state)
{
    (void)state;
    config.check_bmc = false;
    check(psd_want_oob_ip, NULL, "stays");
    check(psd_want_oob_ip, FOUND("True", "PowerOn", "10.0.3.9"), "stays");
    config.check_bmc = true;
    config.n_provenance = 0;
    check(psd_want_oob_ip, NULL, "stays");
    source.config = NULL;
    check(psd_want_oob_ip, NULL, "stays");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_samples_of_the_contract, begin),
        cmocka_unit_test_setup(test_an_address_that_is_gone, begin),
        cmocka_unit_test_setup(test_an_address_without_a_link, begin),
        cmocka_unit_test_setup(test_an_absent_interface_is_not_down, begin),
        cmocka_unit_test_setup(test_nothing_is_known_yet, begin),
        cmocka_unit_test_setup(test_no_interface_is_named, begin),
        cmocka_unit_test_setup(test_a_source_that_is_old, begin),
        cmocka_unit_test_setup(test_the_bmc, begin),
        cmocka_unit_test_setup(test_a_bmc_that_nobody_asked_for, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
