/* cluster_service.c - answers for all nodes that have an agent. */
#include <stdlib.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/background.h"
#include "k8s/cluster/core_versions.h"
#include "k8s/services/services.h"

enum {
    DEFAULT_TIMEOUT_MS = 3000,
    /* A daemon whose runtime hangs says so, even when it was looking already. */
    DEFAULT_CHECK_TIMEOUT_MS = 12000,
    MOST_TIMEOUT_MS = 30000,
    ANSWER_MS = 100, /* kept back for the way of the answer */
};

/* What asks the agents, on a thread of its own. */
typedef struct errand {
    psd_call *call;
    psd_bridge *bridge;
    uint32_t timeout_ms;
    bool list_only;
    bool no_wait;                                   /* the call is answered first */
    Polarstack__V1__ClusterCoreVersionCheck *check; /* owned; NULL: it is another errand */
} errand;

static void clean_errand(errand **todo)
{
    if (*todo && (*todo)->check)
        polarstack__v1__cluster_core_version_check__free_unpacked((*todo)->check, NULL);
    free(*todo);
}

/* The time that the caller gives the agents. */
static int choose_timeout(uint32_t wanted_ms, uint32_t default_ms, uint32_t *timeout_ms, psd_error *error)
{
    if (wanted_ms > MOST_TIMEOUT_MS)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "timeout_ms %u: %d at most", wanted_ms,
                             MOST_TIMEOUT_MS);
    *timeout_ms = wanted_ms ? wanted_ms : default_ms;
    return 0;
}

/* The agents' time, within that of whoever asks. */
static uint32_t time_for_agents(const psd_call *call, uint32_t wanted_ms)
{
    int64_t left_ms = psd_call_deadline(call) - psd_clock_mono_ms() - ANSWER_MS;
    if (left_ms < 1)
        return 1;
    return left_ms < (int64_t)wanted_ms ? (uint32_t)left_ms : wanted_ms;
}

static errand *new_errand(psd_call *call, psd_bridge *bridge, uint32_t wanted_ms, uint32_t default_ms,
                          psd_error *error)
{
    uint32_t timeout_ms = 0;
    if (choose_timeout(wanted_ms, default_ms, &timeout_ms, error) < 0)
        return NULL;
    errand *made = calloc(1, sizeof(*made));
    if (!made)
        abort();
    *made = (errand){.call = call, .bridge = bridge, .timeout_ms = timeout_ms};
    return made;
}

/* ---- ListNodes ---- */

static void answer_nodes(void *arg)
{
    PSD_AUTO(clean_errand) errand *todo = arg;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__ClusterNodes *nodes = psd_cluster_list(todo->bridge->cluster, &error);
    if (!nodes) {
        psd_call_fail(todo->call, &error);
        return;
    }
    if (!todo->list_only)
        psd_cluster_check_health(todo->bridge->cluster, nodes, time_for_agents(todo->call, todo->timeout_ms));
    psd_cluster_list_nodes_reply(todo->call, nodes);
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

static void list_nodes(psd_call *call, const Polarstack__V1__ListNodesRequest *request, void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO(clean_errand)
    errand *todo = new_errand(call, arg, request->timeout_ms, DEFAULT_TIMEOUT_MS, &error);
    if (todo)
        todo->list_only = request->list_only;
    if (!todo || psd_background_run(answer_nodes, todo, &error) < 0)
        psd_call_fail(call, &error);
    else
        (void)psd_take(todo);
}

/* ---- CheckCoreVersions ---- */

/* Ends the check, as FAILURE says, and remembers how; NULL: it went well. */
static void end_check(const errand *todo, const psd_error *failure)
{
    psd_error error = PSD_ERROR_INIT;
    psd_core_check_end(todo->check, failure);
    if (psd_core_check_remember(todo->bridge->core_checks, todo->check, &error) < 0)
        psd_log(PSD_LOG_WARNING, "check forgotten", "operation=%s reason=\"%s\"", todo->check->operation_id,
                error.text);
}

static void check_nodes(void *arg)
{
    PSD_AUTO(clean_errand) errand *todo = arg;
    psd_error error = PSD_ERROR_INIT;
    if (todo->no_wait)
        psd_cluster_check_core_versions_reply(todo->call, todo->check);
    Polarstack__V1__ClusterNodes *nodes = psd_cluster_list(todo->bridge->cluster, &error);
    if (nodes) {
        uint32_t timeout_ms = todo->no_wait ? todo->timeout_ms
                                            : time_for_agents(todo->call, todo->timeout_ms);
        /* Whoever waits learns the id at the end. */
        psd_operations *shown = todo->no_wait ? todo->bridge->core_checks : NULL;
        psd_core_check_ask(todo->check, shown, todo->bridge->cluster, nodes, timeout_ms);
        polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
    }
    end_check(todo, nodes ? NULL : &error);
    if (!todo->no_wait && nodes)
        psd_cluster_check_core_versions_reply(todo->call, todo->check);
    else if (!todo->no_wait)
        psd_call_fail(todo->call, &error);
}

static int begin_check(psd_call *call, const Polarstack__V1__CheckClusterCoreVersionsRequest *request,
                       psd_bridge *bridge, psd_error *error)
{
    PSD_AUTO(clean_errand)
    errand *todo = new_errand(call, bridge, request->timeout_ms, DEFAULT_CHECK_TIMEOUT_MS, error);
    if (!todo)
        return -1;
    todo->no_wait = request->no_wait;
    todo->check = psd_core_check_new();
    if (psd_core_check_remember(bridge->core_checks, todo->check, error) < 0)
        return -1;
    if (psd_background_run(check_nodes, todo, error) < 0) {
        psd_operations_forget(bridge->core_checks, todo->check->operation_id);
        return -1;
    }
    (void)psd_take(todo);
    return 0;
}

static void check_core_versions(psd_call *call,
                                const Polarstack__V1__CheckClusterCoreVersionsRequest *request, void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    if (begin_check(call, request, arg, &error) < 0)
        psd_call_fail(call, &error);
}

static void get_core_version_check(psd_call *call,
                                   const Polarstack__V1__GetClusterCoreVersionCheckRequest *request,
                                   void *arg)
{
    const psd_bridge *bridge = arg;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_FREE uint8_t *packed = NULL;
    size_t length = 0;
    if (psd_operations_get(bridge->core_checks, request->operation_id, &packed, &length, &error) < 0)
        psd_call_fail(call, &error);
    else
        psd_call_reply_packed(call, packed, length);
}

const psd_cluster_handlers psd_bridge_cluster_handlers = {.list_nodes = list_nodes,
                                                          .check_core_versions = check_core_versions,
                                                          .get_core_version_check = get_core_version_check};
