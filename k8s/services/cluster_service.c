/* cluster_service.c - answers for all nodes that have an agent. */
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/background.h"
#include "k8s/services/services.h"

enum {
    DEFAULT_TIMEOUT_MS = 3000,
    MOST_TIMEOUT_MS = 30000,
    ANSWER_MS = 100, /* kept back for the way of the answer */
};

typedef struct listing {
    psd_call *call;
    psd_bridge *bridge;
    bool list_only;
    uint32_t timeout_ms;
} listing;

/* The agents' time, within that of whoever asks. */
static uint32_t time_for_agents(const psd_call *call, uint32_t wanted_ms)
{
    int64_t left_ms = psd_call_deadline(call) - psd_clock_mono_ms() - ANSWER_MS;
    if (left_ms < 1)
        return 1;
    return left_ms < (int64_t)wanted_ms ? (uint32_t)left_ms : wanted_ms;
}

static void answer_nodes(void *arg)
{
    PSD_AUTO_FREE listing *todo = arg;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__ClusterNodes *nodes = psd_cluster_list(todo->bridge->cluster, &error);
    if (!nodes) {
        psd_call_fail(todo->call, &error);
        return;
    }
    if (!todo->list_only)
        psd_cluster_check_health(nodes, time_for_agents(todo->call, todo->timeout_ms));
    psd_cluster_list_nodes_reply(todo->call, nodes);
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

static int list(psd_call *call, const Polarstack__V1__ListNodesRequest *request, psd_bridge *bridge,
                psd_error *error)
{
    if (request->timeout_ms > MOST_TIMEOUT_MS)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "timeout_ms %u: %d at most", request->timeout_ms,
                             MOST_TIMEOUT_MS);
    PSD_AUTO_FREE listing *todo = malloc(sizeof(*todo));
    if (!todo)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *todo = (listing){call, bridge, request->list_only,
                      request->timeout_ms ? request->timeout_ms : DEFAULT_TIMEOUT_MS};
    if (psd_background_run(answer_nodes, todo, error) < 0)
        return -1;
    (void)psd_take(todo);
    return 0;
}

static void list_nodes(psd_call *call, const Polarstack__V1__ListNodesRequest *request, void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    if (list(call, request, arg, &error) < 0)
        psd_call_fail(call, &error);
}

const psd_cluster_handlers psd_bridge_cluster_handlers = {.list_nodes = list_nodes};
