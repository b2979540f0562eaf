/* objects.c - the tables of what is mirrored. */
#include "common/macros.h"
#include "k8s/mirror/port_ledger.h"
#include "k8s/mirror/rows.h"
#include "polarstack/v1/core_version.rpc.h"
#include "polarstack/v1/node_net.rpc.h"
#include "polarstack/v1/port_usage.rpc.h"

#define NET (&psd_node_net_methods[PSD_NODE_NET_METHOD_WATCH_NODE_NET_STATUS])

const char *const psd_mirror_mode_names[] = {"off", "compare", "on", NULL};

const psd_map_row psd_map_rows[] = {
    {.prefix = "cloud-provider-port-usage-",
     .stream = &psd_port_usage_methods[PSD_PORT_USAGE_METHOD_WATCH_PORT_USAGE],
     .changed_annotation = "updateTimestamp",
     .state_size = sizeof(psd_port_ledger),
     .want = psd_want_port_usage,
     .free_state = psd_free_port_usage},
    /* A write for each look, at the most: that is its sign of life, and looks are rarer
     * than refresh_ms. Without any it is refreshed after all. */
    {.prefix = "polarstack-daemon-version-availability-",
     .lower_case = true,
     .stream = &psd_core_version_methods[PSD_CORE_VERSION_METHOD_WATCH_CORE_VERSIONS],
     .each_look = true,
     .refresh_periods = 3,
     .want = psd_want_core_versions,
     .same = psd_same_core_versions},
};
const size_t psd_map_row_count = PSD_ARRAY_SIZE(psd_map_rows);

const psd_condition_row psd_condition_rows[] = {
    {.type = "NodeClientIP", .stream = NET, .want = psd_want_client_ip, .tell = psd_tell_client_ip},
    {.type = "NodeClientNetworkUnavailable",
     .stream = NET,
     .want = psd_want_client_network,
     .tell = psd_tell_client_network},
    {.type = "NodeOobIP", .stream = NET, .want = psd_want_oob_ip},
    {.type = "NodeRefreshFlag", .want = psd_want_refresh},
};
const size_t psd_condition_row_count = PSD_ARRAY_SIZE(psd_condition_rows);
