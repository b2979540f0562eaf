#include <stdlib.h>

#include "common/cleanup.h"
#include "common/rpc/background.h"
#include "server/daemon.h"
#include "server/services/handlers.h"

static void get_node_config(psd_call *call, const Polarstack__V1__GetNodeConfigRequest *request PSD_UNUSED,
                            void *arg)
{
    psd_daemon *daemon = arg;
    const psd_snapshot *snapshot = psd_topic_snapshot(daemon->topics[PSD_TOPIC_NODE_CONFIG]);
    psd_call_reply_packed(call, snapshot->packed, snapshot->packed_length); /* it always fits */
    psd_snapshot_release(snapshot);
}

/* An ApplyNodeConfig under way. */
typedef struct application {
    psd_call *call;
    psd_daemon *daemon;
    Polarstack__V1__NodeConfig *config; /* owned */
} application;

static void free_application(application **it)
{
    if (!*it)
        return;
    polarstack__v1__node_config__free_unpacked((*it)->config, NULL);
    free(*it);
}

static void apply(void *arg)
{
    PSD_AUTO(free_application) application *todo = arg;
    psd_error error = PSD_ERROR_INIT;
    if (psd_node_config_apply(todo->daemon->node_config, todo->config, &error) < 0) {
        psd_call_fail(todo->call, &error);
        return;
    }
    const psd_snapshot *snapshot = psd_topic_snapshot(todo->daemon->topics[PSD_TOPIC_NODE_CONFIG]);
    Polarstack__V1__ApplyNodeConfigResponse answer = POLARSTACK__V1__APPLY_NODE_CONFIG_RESPONSE__INIT;
    answer.observation = (Polarrpc__V1__Observation *)(uintptr_t)snapshot->observation;
    psd_node_config_apply_node_config_reply(todo->call, &answer);
    psd_snapshot_release(snapshot);
}

static int begin_apply(psd_call *call, const Polarstack__V1__NodeConfig *wanted, psd_daemon *daemon,
                       psd_error *error)
{
    if (!wanted)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the request holds no config");
    PSD_AUTO(free_application) application *todo = calloc(1, sizeof(*todo));
    if (!todo)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *todo = (application){.call = call, .daemon = daemon, .config = psd_node_config_checked(wanted, error)};
    if (!todo->config || psd_background_run(apply, todo, error) < 0)
        return -1;
    (void)psd_take(todo);
    return 0;
}

static void apply_node_config(psd_call *call, const Polarstack__V1__ApplyNodeConfigRequest *request,
                              void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    if (begin_apply(call, request->config, arg, &error) < 0)
        psd_call_fail(call, &error);
}

const psd_node_config_handlers psd_daemon_node_config_handlers = {
    .get_node_config = get_node_config,
    .apply_node_config = apply_node_config,
};
