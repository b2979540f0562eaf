/* objects.c - the tables of what is mirrored. */
#include "common/macros.h"
#include "k8s/mirror/port_ledger.h"
#include "k8s/mirror/rows.h"
#include "polarstack/v1/port_usage.rpc.h"

const char *const psd_mirror_mode_names[] = {"off", "compare", "on", NULL};

const psd_map_row psd_map_rows[] = {
    {.prefix = "cloud-provider-port-usage-",
     .stream = &psd_port_usage_methods[PSD_PORT_USAGE_METHOD_WATCH_PORT_USAGE],
     .changed_annotation = "updateTimestamp",
     .state_size = sizeof(psd_port_ledger),
     .want = psd_want_port_usage,
     .free_state = psd_free_port_usage},
};
const size_t psd_map_row_count = PSD_ARRAY_SIZE(psd_map_rows);

const psd_condition_row psd_condition_rows[] = {
    {.type = "NodeRefreshFlag", .want = psd_want_refresh},
};
const size_t psd_condition_row_count = PSD_ARRAY_SIZE(psd_condition_rows);
