/* config_client.h - a real daemon, and calls of its NodeConfigService, in a test with cmocka. */
#ifndef PSD_TEST_SUPPORT_CONFIG_CLIENT_H
#define PSD_TEST_SUPPORT_CONFIG_CLIENT_H

#include "polarstack/v1/node_config.rpc.h"
#include "test/support/check.h"
#include "test/support/daemon_process.h"

typedef struct psd_test_agent {
    psd_test_daemon daemon;
    psd_client *client;
} psd_test_agent;

void psd_test_agent_start(psd_test_agent *agent, const char *const *arguments);
/* Kills it with SIGKILL and starts it again. */
void psd_test_agent_restart(psd_test_agent *agent, const char *const *arguments);
void psd_test_agent_stop(psd_test_agent *agent);

/* The configuration in force; for polarstack__v1__node_config__free_unpacked(). */
Polarstack__V1__NodeConfig *psd_test_config_get(psd_client *client);

/* 0 and the revision in *REVISION (which may be NULL), or -1. */
int psd_test_config_apply(psd_client *client, Polarstack__V1__NodeConfig *config, uint64_t *revision,
                          psd_error *error);

/* The configuration in force is CONFIG (NULL: none), in STATE, with a reason
 * that begins with REASON ("": none at all). */
void psd_test_config_is(psd_client *client, const Polarstack__V1__NodeConfig *config,
                        Polarrpc__V1__ObservationState state, const char *reason);

#endif
