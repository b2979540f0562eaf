/*
 * net_daemon - the client network of the real daemon: the options, the
 * configuration that is applied while it runs and kept, watches, pdctl.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "common/rpc/watch.h"
#include "polarstack/v1/health.rpc.h"
#include "polarstack/v1/node_net.rpc.h"
#include "test/support/await.h"
#include "test/support/config_client.h"
#include "test/support/net_bed.h"
#include "test/support/node_config_sample.h"
#include "test/support/program_output.h"

#define UP POLARSTACK__V1__LINK_STATE__LINK_UP
#define DOWN POLARSTACK__V1__LINK_STATE__LINK_DOWN
#define UNKNOWN POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN
#define ABSENT POLARSTACK__V1__LINK_STATE__LINK_ABSENT
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static Polarstack__V1__NodeNetStatus *status_of(psd_client *client)
{
    Polarstack__V1__GetNodeNetStatusRequest request = POLARSTACK__V1__GET_NODE_NET_STATUS_REQUEST__INIT;
    Polarstack__V1__NodeNetStatus *status = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_node_net_get_node_net_status(client, &request, NULL, &status, &error), &error);
    return status;
}

/* A host without an IPMI device has no BMC; of one with it, it is known that there is one. */
static Polarstack__V1__BmcState bmc_without_answer(void)
{
    static const char *const devices[] = {"/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0",
                                          "/sys/class/ipmi/ipmi0"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(devices); i++) {
        if (access(devices[i], F_OK) == 0)
            return POLARSTACK__V1__BMC_STATE__BMC_FAILED;
    }
    return POLARSTACK__V1__BMC_STATE__BMC_ABSENT;
}

static bool bmc_is_known(const Polarstack__V1__Bmc *bmc)
{
    return bmc && (bmc->state == bmc_without_answer() ||
                   (bmc->state == POLARSTACK__V1__BMC_STATE__BMC_ANSWERING &&
                    bmc_without_answer() == POLARSTACK__V1__BMC_STATE__BMC_FAILED));
}

static bool is_so(psd_client *client, const char *nic, Polarstack__V1__LinkState state, const char *address)
{
    Polarstack__V1__NodeNetStatus *status = status_of(client);
    const Polarstack__V1__ClientNic *seen = status->client_nic;
    bool matches = status->observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH && seen &&
                   strcmp(seen->name, nic) == 0 && seen->state == state &&
                   strcmp(seen->client_address, address) == 0 && bmc_is_known(status->bmc);
    polarstack__v1__node_net_status__free_unpacked(status, NULL);
    return matches;
}

static void assert_becomes(psd_client *client, const char *nic, Polarstack__V1__LinkState state,
                           const char *address)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    while (!is_so(client, nic, state, address)) {
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("'%s' did not come to state %d with '%s'", nic, (int)state, address);
        usleep(5000);
    }
}

static void apply(psd_client *client, Polarstack__V1__NodeConfig *config, const char *nic)
{
    psd_error error = PSD_ERROR_INIT;
    psd_test_set(&config->client_nic, nic);
    assert_works(psd_test_config_apply(client, config, NULL, &error), &error);
}

static void the_configuration_is_followed(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_net_enter();
    psd_test_agent_start(&agent, WORDS("--net-up-delay", "200ms"));
    assert_becomes(agent.client, "", UNKNOWN, "");
    apply(agent.client, config, "eth0");
    assert_becomes(agent.client, "eth0", UP, "10.1.0.2");
    apply(agent.client, config, "peer0@eth0");
    assert_becomes(agent.client, "peer0", UP, "10.1.0.2"); /* the last one known: peer0 has none */
    apply(agent.client, config, "eth00");
    assert_becomes(agent.client, "eth00", ABSENT, "10.1.0.2");
    apply(agent.client, config, "eth0@peer0");
    assert_becomes(agent.client, "eth0", UP, "10.1.0.2");

    static const char *const bad[] = {"a/b", "a b", "a;b", "$(a)", "sixteen--letters", "eth0\n", "eth0@"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(bad); i++) {
        psd_test_set(&config->client_nic, bad[i]);
        assert_fails(psd_test_config_apply(agent.client, config, NULL, &error), &error, PSD_INVALID_ARGUMENT,
                     "client_nic: ");
    }
    assert_true(is_so(agent.client, "eth0", UP, "10.1.0.2"));

    psd_test_agent_restart(&agent, WORDS("--net-up-delay", "200ms"));
    assert_becomes(agent.client, "eth0", UP, "10.1.0.2");
    psd_test_agent_restart(&agent, WORDS("--client-nic", "peer0"));
    assert_becomes(agent.client, "peer0", UP, "");
    apply(agent.client, config, "eth0"); /* the option wins */
    usleep(100000);
    assert_true(is_so(agent.client, "peer0", UP, ""));
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

/* ---- a watch ---- */

typedef struct follower {
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    Polarstack__V1__LinkState state;
    char gateway[64];
} follower;

static void on_event(void *arg, const psd_watch_event *event, const Polarstack__V1__NodeNetStatus *status)
{
    follower *f = arg;
    (void)event;
    PSD_LOCKED(&f->mutex);
    if (status && status->client_nic) {
        f->state = status->client_nic->state;
        snprintf(f->gateway, sizeof(f->gateway), "%s", status->client_nic->default_gateway);
    }
    pthread_cond_broadcast(&f->changed);
}

#define assert_hears(f, condition) psd_test_await(&(f)->mutex, &(f)->changed, condition)

static void a_watch_follows(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    psd_watch *watch = NULL;
    follower f = {.gateway = ""};
    psd_test_net_enter();
    pthread_mutex_init(&f.mutex, NULL);
    psd_cond_init(&f.changed);
    psd_test_agent_start(&agent, WORDS("--client-nic", "eth0", "--net-up-delay", "100ms"));
    assert_works(psd_node_net_watch_node_net_status(agent.client, NULL, on_event, &f, &watch, &error),
                 &error);
    assert_hears(&f, f.state == UP);
    psd_test_net_set_up("peer0", false);
    assert_hears(&f, f.state == DOWN);
    psd_test_net_set_up("peer0", true);
    assert_hears(&f, f.state == UP);
    psd_test_ip("route add default via 10.1.0.1");
    assert_hears(&f, strcmp(f.gateway, "10.1.0.1") == 0);
    psd_test_ip("link del eth0");
    assert_hears(&f, f.state == ABSENT && !f.gateway[0]);
    psd_watch_stop(watch);
    psd_test_agent_stop(&agent);
    pthread_cond_destroy(&f.changed);
    pthread_mutex_destroy(&f.mutex);
}

static void health_tells_of_the_scanner(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__CheckHealthRequest request = POLARSTACK__V1__CHECK_HEALTH_REQUEST__INIT;
    Polarstack__V1__Health *health = NULL;
    bool found = false;
    psd_test_agent_start(&agent, WORDS("--client-nic", "lo"));
    assert_becomes(agent.client, "lo", UP, "");
    assert_works(psd_health_check_health(agent.client, &request, NULL, &health, &error), &error);
    for (size_t i = 0; i < health->n_scanners; i++)
        found = found ||
                (strcmp(health->scanners[i]->name, "net") == 0 && health->scanners[i]->successes > 0);
    assert_true(found);
    polarstack__v1__health__free_unpacked(health, NULL);
    psd_test_agent_stop(&agent);
}

/* ---- programs ---- */

/* What pdctl is to show of the BMC that the daemon tells of. */
static void expect_bmc(psd_client *client, char line[64], char note[256], char json[64])
{
    Polarstack__V1__NodeNetStatus *status = status_of(client);
    const Polarstack__V1__Bmc *bmc = status->bmc;
    assert_true(bmc_is_known(bmc));
    const char *name =
        protobuf_c_enum_descriptor_get_value(&polarstack__v1__bmc_state__descriptor, (int)bmc->state)->name;
    char at[PSD_CLOCK_TEXT_SIZE];
    snprintf(line, 64, "bmc              %s\n", name + strlen("BMC_"));
    snprintf(note, 256, "last answer: %s%s%s", psd_clock_format(bmc->observed_at_ms, at),
             bmc->error[0] ? "; " : "\n", bmc->error);
    snprintf(json, 64, "\"state\": \"%s\"", name);
    polarstack__v1__node_net_status__free_unpacked(status, NULL);
}

static void pdctl_shows_it(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_test_net_enter();
    psd_test_ip("addr add 10.1.0.100/32 dev eth0");
    psd_test_agent_start(&agent, WORDS("--client-nic", "eth0", "--net-up-delay", "100ms"));
    assert_becomes(agent.client, "eth0", UP, "10.1.0.2");
    const char *url = agent.daemon.url;
    char bmc[64];
    char bmc_note[256];
    char bmc_json[64];
    expect_bmc(agent.client, bmc, bmc_note, bmc_json);
    psd_test_output it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net"));
    psd_test_assert_prints(&it, 0,
                           WORDS("FIELD            VALUE", "client_nic       eth0", "state            UP",
                                 "link             admin up, carrier, operstate up\n",
                                 "device           10000 Mbit/s, MTU 1500\n", "bond             -\n",
                                 "client_address   10.1.0.2\n", "addresses        10.1.0.2/16,10.1.0.100/32",
                                 bmc));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net", "-o", "wide"));
    psd_test_assert_prints(&it, 0,
                           WORDS("NOTE", "flag --client-nic\n", "since 2", "veth on peer0\n",
                                 "the only primary global IPv4 address of eth0\n",
                                 "10.1.0.2: the client address; 10.1.0.100: a VIP: its prefix is /32",
                                 bmc_note));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net", "-o", "name"));
    psd_test_assert_prints(&it, 0, WORDS("net/client_nic\n", "net/power\n"));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net", "-o", "json"));
    psd_test_assert_prints(&it, 0,
                           WORDS("\"name\": \"eth0\"", "\"state\": \"LINK_UP\"",
                                 "\"clientAddress\": \"10.1.0.2\"", "\"rawState\": \"LINK_UP\"",
                                 "\"clientAddressPresent\": true", bmc_json));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net", "-o", "yaml"));
    psd_test_assert_prints(&it, 0, WORDS("clientAddress: \"10.1.0.2\""));
    it = psd_test_output_of("pdctl", WORDS("get", "net", "--nodes", url));
    psd_test_assert_prints(&it, 0,
                           WORDS("NODE", "FIELD", "client_nic       eth0", "client_address   10.1.0.2"));
    psd_test_net_set_up("eth0", false);
    psd_test_ip("addr del 10.1.0.2/16 dev eth0");
    assert_becomes(agent.client, "eth0", DOWN, "10.1.0.2");
    usleep(300000);
    it = psd_test_output_of("pdctl", WORDS("--url", url, "get", "net", "-o", "wide"));
    psd_test_assert_prints(
        &it, 0,
        WORDS("DOWN ", ": administratively down\n", "10.1.0.2 (gone) ", "the last one known, of eth0"));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "watch", "net", "--count", "11"));
    psd_test_assert_prints(
        &it, 0, WORDS("ADDED     client_nic", "ADDED     state            DOWN", "ADDED     power"));
    it = psd_test_output_of("pdctl", WORDS("--url", url, "watch", "net", "-o", "json", "--count", "1"));
    psd_test_assert_prints(
        &it, 0, WORDS("\"type\":\"SYNC\"", "\"type\":\"ADDED\"", "\"clientNic\":{\"name\":\"eth0\""));
    psd_test_agent_stop(&agent);
}

static void options_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "sixteen--letters", "a/b", "a b", "a;b", "$(a)", "eth0@", "a\tb"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(bad); i++) {
        char option[64];
        snprintf(option, sizeof(option), "--client-nic=%s", bad[i]);
        psd_test_output it = psd_test_output_of("polarstack-daemon", WORDS(option));
        psd_test_assert_prints(&it, 2, WORDS("option '--client-nic': "));
    }
    psd_test_output it = psd_test_output_of("polarstack-daemon",
                                            WORDS("--client-nic", "bond0.100@bond0", "--print-config"));
    psd_test_assert_prints(&it, 0, WORDS("client-nic = bond0.100@bond0\n", "net-up-delay = 2s\n"));
    it = psd_test_output_of("polarstack-daemon", WORDS("--net-up-delay", "2"));
    psd_test_assert_prints(&it, 2, WORDS("option '--net-up-delay': '2' is not a duration"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_is_followed), cmocka_unit_test(a_watch_follows),
        cmocka_unit_test(health_tells_of_the_scanner),   cmocka_unit_test(pdctl_shows_it),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
