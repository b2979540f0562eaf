#include "test/support/config_client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rpc/keyed_list.h"

static void connect_to(psd_test_agent *agent)
{
    psd_client_options options = {.url = agent->daemon.url};
    psd_error error = PSD_ERROR_INIT;
    if (psd_client_open(&options, &agent->client, &error) < 0) {
        fprintf(stderr, "%s\n", error.text);
        exit(99);
    }
}

void psd_test_agent_start(psd_test_agent *agent, const char *const *arguments)
{
    psd_test_daemon_start(&agent->daemon, arguments);
    connect_to(agent);
}

void psd_test_agent_restart(psd_test_agent *agent, const char *const *arguments)
{
    psd_client_close(agent->client);
    psd_test_daemon_kill(&agent->daemon, SIGKILL);
    psd_test_daemon_restart(&agent->daemon, arguments);
    connect_to(agent);
}

void psd_test_agent_stop(psd_test_agent *agent)
{
    psd_client_close(agent->client);
    psd_test_daemon_stop(&agent->daemon);
}

Polarstack__V1__NodeConfig *psd_test_config_get(psd_client *client)
{
    Polarstack__V1__GetNodeConfigRequest request = POLARSTACK__V1__GET_NODE_CONFIG_REQUEST__INIT;
    Polarstack__V1__NodeConfig *config = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_node_config_get_node_config(client, &request, NULL, &config, &error), &error);
    return config;
}

int psd_test_config_apply(psd_client *client, Polarstack__V1__NodeConfig *config, uint64_t *revision,
                          psd_error *error)
{
    Polarstack__V1__ApplyNodeConfigRequest request = POLARSTACK__V1__APPLY_NODE_CONFIG_REQUEST__INIT;
    Polarstack__V1__ApplyNodeConfigResponse *response = NULL;
    request.config = config;
    if (psd_node_config_apply_node_config(client, &request, NULL, &response, error) < 0)
        return -1;
    assert_non_null(response->observation);
    if (revision)
        *revision = response->observation->revision;
    polarstack__v1__apply_node_config_response__free_unpacked(response, NULL);
    return 0;
}

void psd_test_config_is(psd_client *client, const Polarstack__V1__NodeConfig *config,
                        Polarrpc__V1__ObservationState state, const char *reason)
{
    const Polarstack__V1__NodeConfig none = POLARSTACK__V1__NODE_CONFIG__INIT;
    Polarstack__V1__NodeConfig *found = psd_test_config_get(client);
    const Polarrpc__V1__Observation *observation = found->observation;
    assert_non_null(observation);
    assert_int_equal(observation->state, state);
    if (strncmp(observation->reason, reason, strlen(reason)) != 0 || (observation->reason[0] && !reason[0]))
        fail_msg("the reason is '%s', wanted '%s'", observation->reason, reason);
    bool is_known = state != POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    assert_int_equal(observation->observed_at_ms > 0, is_known);
    Polarstack__V1__NodeConfig data = *found;
    data.observation = NULL;
    assert_true(psd_message_equal(&data.base, config ? &config->base : &none.base));
    polarstack__v1__node_config__free_unpacked(found, NULL);
}
