#include "k8s/mirror/port_ledger.h"

#include <stdlib.h>

void psd_port_ledger_free(psd_port_ledger *ledger)
{
    free(ledger->transients);
    *ledger = (psd_port_ledger){.transients = NULL};
}

static bool is_transient(const Polarstack__V1__Port *port)
{
    return port->class_ != POLARSTACK__V1__PORT_CLASS__LISTENING &&
           port->class_ != POLARSTACK__V1__PORT_CLASS__BOUND;
}

/* The time that PORT has been transient before this look, plus PASSED_MS; 0 for a new
 * one. Both lists are sorted, so *AT only grows. */
static int64_t age(const psd_port_ledger *old, size_t *at, unsigned port, int64_t passed_ms)
{
    while (*at < old->count && old->transients[*at].port < port)
        (*at)++;
    bool is_known = *at < old->count && old->transients[*at].port == port;
    return is_known ? old->transients[*at].age_ms + passed_ms : 0;
}

int64_t psd_port_ledger_update(psd_port_ledger *ledger, const Polarstack__V1__PortUsage *usage,
                               int64_t now_ms, int64_t transient_ms, const psd_port_set *counted,
                               psd_port_set *used)
{
    int64_t observed_at_ms = usage->observation->observed_at_ms;
    bool is_newer = !ledger->begun || observed_at_ms != ledger->observed_at_ms;
    int64_t passed_ms = ledger->begun && is_newer ? now_ms - ledger->looked_ms : 0;
    int64_t again_ms = INT64_MAX;
    size_t at = 0;
    psd_port_ledger next = {.transients = calloc(usage->n_ports + 1, sizeof(*next.transients)),
                            .begun = true,
                            .observed_at_ms = observed_at_ms,
                            .looked_ms = is_newer ? now_ms : ledger->looked_ms};
    if (!next.transients)
        abort();
    psd_port_set_clear(used);
    for (size_t i = 0; i < usage->n_ports; i++) {
        const Polarstack__V1__Port *port = usage->ports[i];
        if (!is_transient(port)) {
            psd_port_set_add(used, port->port, port->port);
            continue;
        }
        int64_t age_ms = age(ledger, &at, port->port, passed_ms);
        if (!ledger->begun && psd_port_set_has(counted, port->port))
            age_ms = transient_ms;
        next.transients[next.count++] = (psd_transient_port){(uint16_t)port->port, age_ms};
        int64_t left_ms = transient_ms - age_ms;
        if (left_ms <= 0)
            psd_port_set_add(used, port->port, port->port);
        else if (left_ms < again_ms)
            again_ms = left_ms;
    }
    psd_port_ledger_free(ledger);
    *ledger = next;
    return again_ms;
}
