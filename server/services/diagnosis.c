#include "common/rpc/diagnosis.h"
#include "common/cleanup.h"
#include "common/rpc/background.h"
#include "common/text.h"
#include "common/thread.h"
#include "server/host/kernel_ports.h"
#include "server/scanners.h"
#include "server/services/handlers.h"

#define GOOD POLARSTACK__V1__FINDING_LEVEL__GOOD
#define WARNING POLARSTACK__V1__FINDING_LEVEL__WARNING
#define FAULT POLARSTACK__V1__FINDING_LEVEL__FAULT
#define NOT_CHECKED POLARSTACK__V1__FINDING_LEVEL__NOT_CHECKED

typedef Polarstack__V1__Diagnosis diagnosis;

static void release(const psd_snapshot **snapshot)
{
    psd_snapshot_release(*snapshot);
}

static void check_scanner(psd_watched *watched, diagnosis *d)
{
    PSD_AUTO(release) const psd_snapshot *snapshot = psd_topic_snapshot(watched->topic);
    const Polarrpc__V1__Observation *seen = snapshot->observation;
    if (seen->state == POLARRPC__V1__OBSERVATION_STATE__FRESH)
        psd_diagnosis_add(d, GOOD, "scanner", NULL, "the %s scanner sees this host", watched->name);
    else if (psd_scanner_is_idle(watched, seen))
        psd_diagnosis_add(d, GOOD, "scanner", NULL, "the %s scanner has nothing to look for: %s",
                          watched->name, seen->reason);
    else
        psd_diagnosis_add(d, FAULT, "scanner", watched->mend, "the %s scanner does not: %s", watched->name,
                          seen->reason);
    for (size_t i = 0; i < seen->n_limitations; i++)
        psd_diagnosis_add(d, WARNING, "visibility", "see docs/ports.md for what takes it away", "%s",
                          seen->limitations[i]);
}

/* The ports of the cluster's ranges that the kernel may hand out by itself. */
static void find_exposed(const Polarstack__V1__NodeConfig *config, const psd_kernel_ports *kernel,
                         psd_port_set *exposed)
{
    psd_port_set_clear(exposed);
    for (size_t i = 0; i < config->n_port_ranges; i++) {
        for (unsigned port = config->port_ranges[i]->first; port <= config->port_ranges[i]->last; port++) {
            if (port >= kernel->local.first && port <= kernel->local.last &&
                !psd_port_set_has(&kernel->reserved, port))
                psd_port_set_add(exposed, port, port);
        }
    }
}

/* "sysctl -w net.ipv4.ip_local_reserved_ports=…", with those reserved already. */
static void add_sysctl(psd_text *text, const psd_port_set *exposed, const psd_port_set *reserved)
{
    enum { longest = 4096 };
    char list[longest];
    psd_port_set all = *reserved;
    for (unsigned port = 1; port <= PSD_PORT_MAX; port++) {
        if (psd_port_set_has(exposed, port))
            psd_port_set_add(&all, port, port);
    }
    psd_port_set_format(&all, list, sizeof(list));
    psd_text_printf(text, "sysctl -w net.ipv4.ip_local_reserved_ports=%s, and in /etc/sysctl.d", list);
}

static void check_port_ranges(const Polarstack__V1__NodeConfig *config, diagnosis *d)
{
    psd_kernel_ports kernel;
    psd_port_set exposed;
    psd_error error = PSD_ERROR_INIT;
    if (config->n_port_ranges == 0)
        return;
    if (psd_kernel_ports_read(&kernel, &error) < 0) {
        psd_diagnosis_add(d, NOT_CHECKED, "port-ranges", NULL, "%s", error.text);
        return;
    }
    find_exposed(config, &kernel, &exposed);
    if (psd_port_set_is_empty(&exposed)) {
        psd_diagnosis_add(d, GOOD, "port-ranges", NULL,
                          "the kernel hands out no port of the cluster's ranges");
        return;
    }
    char ports[256];
    PSD_AUTO_TEXT mend = PSD_TEXT_INIT;
    psd_port_set_format(&exposed, ports, sizeof(ports));
    add_sysctl(&mend, &exposed, &kernel.reserved);
    psd_diagnosis_add(d, WARNING, "port-ranges", psd_text_string(&mend),
                      "the kernel may give these database ports to outgoing connections: %s", ports);
}

static void check_config(psd_daemon *daemon, diagnosis *d)
{
    PSD_AUTO(release)
    const psd_snapshot *snapshot = psd_topic_snapshot(daemon->topics[PSD_TOPIC_NODE_CONFIG]);
    const Polarrpc__V1__Observation *seen = snapshot->observation;
    if (seen->state == POLARRPC__V1__OBSERVATION_STATE__FRESH)
        psd_diagnosis_add(d, GOOD, "config", NULL, "the cluster's configuration is in force");
    else if (seen->observed_at_ms == 0)
        psd_diagnosis_add(d, GOOD, "config", NULL,
                          "no configuration of a cluster was applied: the daemon goes by its own options");
    else
        psd_diagnosis_add(d, WARNING, "config", "start polarstack-bridge, or see what it says", "%s",
                          seen->reason);
    check_port_ranges((const Polarstack__V1__NodeConfig *)snapshot->message, d);
}

static void answer(psd_call *call, void *arg)
{
    psd_daemon *daemon = arg;
    diagnosis *d = psd_diagnosis_new();
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++)
        check_scanner(&daemon->scanners[i], d);
    check_config(daemon, d);
    psd_diagnosis_diagnose_reply(call, d);
    polarstack__v1__diagnosis__free_unpacked(d, NULL);
}

static void diagnose(psd_call *call, const Polarstack__V1__DiagnoseRequest *request PSD_UNUSED, void *arg)
{
    psd_background_answer(call, answer, arg);
}

const psd_diagnosis_handlers psd_daemon_diagnosis_handlers = {.diagnose = diagnose};
