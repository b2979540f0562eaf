/* port_usage.c - the ConfigMap that the operator's port generator reads. */
#include "k8s/mirror/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/node_config_part.h"
#include "common/parse.h"
#include "k8s/mirror/port_ledger.h"
#include "k8s/reconciler.h"

enum { AGAIN_LEAST_MS = 1000 };

/* v1's readers find exactly this text. */
static const char *const port_text = "the port already use";

/* The ports that stand in the ConfigMap's data. */
static void ports_of(const cJSON *data, psd_port_set *ports)
{
    const cJSON *item = NULL;
    psd_port_set_clear(ports);
    cJSON_ArrayForEach(item, data)
    {
        uint64_t port = 0;
        if (psd_parse_uint(item->string, 1, PSD_PORT_MAX, &port, NULL) == 0)
            psd_port_set_add(ports, (unsigned)port, (unsigned)port);
    }
}

static void set_of(Polarstack__V1__PortRange *const *ranges, size_t count, psd_port_set *set)
{
    psd_port_set_clear(set);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i]->first >= 1 && ranges[i]->first <= ranges[i]->last && ranges[i]->last <= PSD_PORT_MAX)
            psd_port_set_add(set, ranges[i]->first, ranges[i]->last);
    }
}

/* A port that was not looked at must not look free. */
static bool covers(const psd_port_set *looked_at, const psd_port_set *wanted, unsigned *missing)
{
    for (*missing = 1; *missing <= PSD_PORT_MAX; (*missing)++) {
        if (psd_port_set_has(wanted, *missing) && !psd_port_set_has(looked_at, *missing))
            return false;
    }
    return true;
}

/* Says why nothing can be published, if so. */
static bool is_ready(const psd_mirror_source *source, psd_port_set *ranges, psd_wanted_map *wanted)
{
    const Polarstack__V1__PortUsage *usage = (const Polarstack__V1__PortUsage *)source->resource;
    psd_port_set looked_at;
    unsigned missing = 0;
    if (!source->config || source->config->n_port_ranges == 0) {
        psd_map_wait(wanted, "the cluster's port ranges are not known: see 'pdctl get config'");
        return false;
    }
    if (!psd_node_config_part(source->config, "publish_ports")) {
        psd_map_wait(wanted, "it is not known whether the ports shall be published: see 'pdctl get config'");
        return false;
    }
    if (!source->config->publish_ports) {
        wanted->verdict = PSD_MAP_DISABLED;
        psd_text_add(&wanted->reason, "enablePrintPort is false in ConfigMap controller-config");
        return false;
    }
    if (!usage || !usage->observation || usage->observation->observed_at_ms == 0 ||
        usage->observation->state == POLARRPC__V1__OBSERVATION_STATE__UNKNOWN) {
        psd_map_wait(wanted, "the daemon has not seen the ports yet: see 'pdctl health'");
        return false;
    }
    set_of(source->config->port_ranges, source->config->n_port_ranges, ranges);
    set_of(usage->ranges, usage->n_ranges, &looked_at);
    if (!covers(&looked_at, ranges, &missing)) {
        psd_text_printf(&wanted->reason, "the daemon does not look at port %u of the cluster's ranges yet",
                        missing);
        wanted->verdict = PSD_MAP_WAIT;
        return false;
    }
    return true;
}

void psd_want_port_usage(const psd_mirror_source *source, psd_wanted_map *wanted)
{
    psd_port_set ranges;
    psd_port_set used;
    psd_port_set counted;
    if (!is_ready(source, &ranges, wanted))
        return;
    ports_of(source->found, &counted);
    int64_t again_ms = psd_port_ledger_update(
        source->state, (const Polarstack__V1__PortUsage *)source->resource, psd_clock_mono_ms(),
        source->options->transient_ms, &counted, &used);
    for (unsigned port = 1; port <= PSD_PORT_MAX; port++) {
        char name[8];
        if (!psd_port_set_has(&used, port) || !psd_port_set_has(&ranges, port))
            continue;
        snprintf(name, sizeof(name), "%u", port);
        if (!cJSON_AddStringToObject(wanted->data, name, port_text))
            abort();
    }
    wanted->verdict = PSD_MAP_WRITE;
    if (again_ms != INT64_MAX)
        wanted->again_ms = again_ms < AGAIN_LEAST_MS ? AGAIN_LEAST_MS : again_ms;
}

void psd_free_port_usage(void *state)
{
    psd_port_ledger_free(state);
}
