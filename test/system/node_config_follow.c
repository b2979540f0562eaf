/*
 * node_config_follow - who follows the configuration of the real daemon: its
 * port scanner, watchers, pdctl.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "common/rpc/watch.h"
#include "polarstack/v1/port_usage.rpc.h"
#include "test/support/await.h"
#include "test/support/config_client.h"
#include "test/support/listener.h"
#include "test/support/node_config_sample.h"
#include "test/support/port_namespace.h"
#include "test/support/program_output.h"

/* No look is due while the test runs: what is seen was looked at because of the
 * configuration. */
static const char *const narrow[] = {
    "--port-ranges", "20000-20010", "--port-full-period", "1h", "--port-listen-period", "1h", NULL};

/* ---- the scanner ---- */

static Polarstack__V1__PortUsage *usage_of(psd_client *client)
{
    Polarstack__V1__GetPortUsageRequest request = POLARSTACK__V1__GET_PORT_USAGE_REQUEST__INIT;
    Polarstack__V1__PortUsage *usage = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_port_usage_get_port_usage(client, &request, NULL, &usage, &error), &error);
    return usage;
}

/* RANGES as "1-2,5-5" */
static bool covers(psd_client *client, const char *ranges)
{
    char text[256] = "";
    size_t length = 0;
    Polarstack__V1__PortUsage *usage = usage_of(client);
    bool fresh = usage->observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    for (size_t i = 0; i < usage->n_ranges && length < sizeof(text); i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%u-%u", i > 0 ? "," : "",
                                   usage->ranges[i]->first, usage->ranges[i]->last);
    polarstack__v1__port_usage__free_unpacked(usage, NULL);
    return fresh && strcmp(text, ranges) == 0;
}

static void wait_until_covers(psd_client *client, const char *ranges)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    while (!covers(client, ranges)) {
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("the scan did not cover %s", ranges);
        usleep(10000);
    }
}

static bool lists(psd_client *client, unsigned port)
{
    bool found = false;
    Polarstack__V1__PortUsage *usage = usage_of(client);
    for (size_t i = 0; i < usage->n_ports; i++)
        found = found || usage->ports[i]->port == port;
    polarstack__v1__port_usage__free_unpacked(usage, NULL);
    return found;
}

static bool explains_as_scanned(psd_client *client, unsigned port)
{
    Polarstack__V1__ExplainPortRequest request = POLARSTACK__V1__EXPLAIN_PORT_REQUEST__INIT;
    Polarstack__V1__PortExplanation *answer = NULL;
    psd_error error = PSD_ERROR_INIT;
    request.port = port;
    assert_works(psd_port_usage_explain_port(client, &request, NULL, &answer, &error), &error);
    bool scanned = answer->scanned;
    polarstack__v1__port_explanation__free_unpacked(answer, NULL);
    return scanned;
}

static void apply(psd_client *client, Polarstack__V1__NodeConfig *config)
{
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_test_config_apply(client, config, NULL, &error), &error);
}

static void the_scanner_follows(void **state)
{
    (void)state;
    psd_test_agent agent;
    unsigned port = 30010;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    int listener = psd_test_listen(&port);
    psd_test_agent_start(&agent, narrow);
    wait_until_covers(agent.client, "20000-20010");
    assert_false(lists(agent.client, port));
    assert_false(explains_as_scanned(agent.client, port));

    apply(agent.client, config);
    wait_until_covers(agent.client, "5400-5800,20000-20010,30000-32999");
    assert_true(lists(agent.client, port));
    assert_true(explains_as_scanned(agent.client, port));

    psd_test_agent_restart(&agent, narrow);
    wait_until_covers(agent.client, "5400-5800,20000-20010,30000-32999");
    assert_true(lists(agent.client, port));
    assert_true(explains_as_scanned(agent.client, port));

    config->port_ranges[1]->first = 30011; /* the options' range stays, the former one goes */
    apply(agent.client, config);
    wait_until_covers(agent.client, "5400-5800,20000-20010,30011-32999");
    assert_false(lists(agent.client, port));
    assert_false(explains_as_scanned(agent.client, port));
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
    close(listener);
}

/* ---- a watch ---- */

typedef struct follower {
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool synced;
    bool alive; /* a heartbeat came */
    char nic[64];
} follower;

static void on_event(void *arg, const psd_watch_event *event, const Polarstack__V1__NodeConfig *config)
{
    follower *f = arg;
    PSD_LOCKED(&f->mutex);
    f->synced = f->synced || event->kind == PSD_WATCH_SYNCED;
    f->alive = f->alive || event->kind == PSD_WATCH_REFRESHED;
    if (config)
        snprintf(f->nic, sizeof(f->nic), "%s", config->client_nic);
    pthread_cond_broadcast(&f->changed);
}

#define assert_becomes(f, condition) psd_test_await(&(f)->mutex, &(f)->changed, condition)

static void a_watch_follows(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    psd_watch *watch = NULL;
    follower f = {.synced = false};
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    pthread_mutex_init(&f.mutex, NULL);
    psd_cond_init(&f.changed);
    psd_test_agent_start(&agent, narrow);
    assert_works(psd_node_config_watch_node_config(agent.client, NULL, on_event, &f, &watch, &error), &error);
    assert_becomes(&f, f.synced);
    apply(agent.client, config);
    assert_becomes(&f, strcmp(f.nic, "bond1") == 0);
    psd_test_set(&config->client_nic, "bond2");
    apply(agent.client, config);
    assert_becomes(&f, strcmp(f.nic, "bond2") == 0);
    assert_becomes(&f, f.alive);
    psd_watch_stop(watch);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
    pthread_cond_destroy(&f.changed);
    pthread_mutex_destroy(&f.mutex);
}

/* ---- pdctl ---- */

static void assert_prints(const psd_test_agent *agent, const char *const *words, int code,
                          const char *const *parts)
{
    const char *argv[16] = {"--url", agent->daemon.url};
    for (size_t i = 0; words[i]; i++)
        argv[i + 2] = words[i];
    psd_test_output it = psd_test_output_of("pdctl", argv);
    psd_test_assert_prints(&it, code, parts);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void pdctl_shows_it(void **state)
{
    (void)state;
    psd_test_agent agent;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, narrow);
    assert_prints(
        &agent, WORDS("get", "config"), 1,
        WORDS("pdctl: the configuration of this node is not known: no configuration was applied yet"));
    assert_prints(&agent, WORDS("get", "config", "-o", "json"), 1, WORDS("\"state\": \"UNKNOWN\""));

    psd_test_set(&config->provenance[1]->stale_reason, "gone");
    psd_test_set(&config->ssh_user, "");
    polarstack__v1__config_provenance__free_unpacked(config->provenance[--config->n_provenance], NULL);
    apply(agent.client, config);
    assert_prints(
        &agent, WORDS("get", "config"), 0,
        WORDS("FIELD          VALUE                  SOURCE                                   AGE\n",
              "port_ranges    5400-5800,30000-32999  ConfigMap kube-system/controller-config  ",
              "publish_ports  true  ", "client_nic     bond1  ", ", STALE: gone\n", "check_bmc      true  ",
              "ssh_user       not known              -                                        -\n",
              "core_versions  2: pg-11.9.20,pg-14.1  ", "STALE for ", ": client_nic: gone\n"));
    assert_prints(&agent, WORDS("get", "config", "-o", "wide"), 0, WORDS("  VERSION  AGE\n", "  4711  "));
    assert_prints(&agent, WORDS("get", "config", "-o", "name"), 0,
                  WORDS("config/port_ranges\n", "config/core_versions\n"));
    assert_prints(&agent, WORDS("get", "config", "-o", "json"), 0,
                  WORDS("\"clientNic\": \"bond1\"", "\"name\": \"pg-14.1\""));
    assert_prints(&agent, WORDS("get", "config", "-o", "yaml"), 0, WORDS("clientNic: bond1"));
    assert_prints(&agent, WORDS("watch", "config", "--count", "6"), 0,
                  WORDS("ADDED     port_ranges", "ADDED     core_versions"));
    assert_prints(&agent, WORDS("watch", "config", "-o", "json", "--count", "1"), 0,
                  WORDS("\"type\":\"SYNC\"", "\"type\":\"ADDED\"", "\"clientNic\":\"bond1\""));
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

typedef struct changer {
    psd_client *client;
    Polarstack__V1__NodeConfig *config;
    atomic_bool stop;
    bool failed;
} changer;

/* Changes the configuration until it is told to stop. */
static void *keep_changing(void *arg)
{
    changer *it = arg;
    psd_error error = PSD_ERROR_INIT;
    for (unsigned i = 0; !it->stop && !it->failed; i++) {
        psd_test_set(&it->config->client_nic, i % 2 ? "bond1" : "bond2");
        it->failed = psd_test_config_apply(it->client, it->config, NULL, &error) < 0;
        usleep(50000);
    }
    return NULL;
}

static void pdctl_follows_it(void **state)
{
    (void)state;
    psd_test_agent agent;
    pthread_t thread;
    changer it = {.config = psd_test_node_config()};
    psd_test_agent_start(&agent, narrow);
    it.client = agent.client;
    apply(it.client, it.config);
    assert_int_equal(pthread_create(&thread, NULL, keep_changing, &it), 0);
    assert_prints(
        &agent, WORDS("watch", "config", "--count", "8"), 0,
        WORDS("ADDED     client_nic", "MODIFIED  client_nic     bond", "MODIFIED  client_nic     bond"));
    assert_prints(&agent, WORDS("watch", "config", "-o", "json", "--count", "2"), 0,
                  WORDS("\"type\":\"ADDED\"", "\"type\":\"MODIFIED\"", "\"clientNic\":\"bond"));
    it.stop = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(it.failed);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(it.config);
}

int main(void)
{
    psd_test_enter_namespace();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scanner_follows),
        cmocka_unit_test(a_watch_follows),
        cmocka_unit_test(pdctl_shows_it),
        cmocka_unit_test(pdctl_follows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
