/*
 * port_ledger.h - which ports count as used in the cluster.
 *
 * A port that somebody listens on or is bound to counts at once. One that only
 * connections use (CONNECTED, CLOSING) counts when it has stayed so for a while:
 * most are gone the next moment, and a ConfigMap is no place for them. TIME_WAIT
 * ends after a minute, so a time above that leaves it out.
 */
#ifndef PSD_K8S_MIRROR_PORT_LEDGER_H
#define PSD_K8S_MIRROR_PORT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/port_set.h"
#include "polarstack/v1/port_usage.pb-c.h"

/* A port with connections only. */
typedef struct psd_transient_port {
    uint16_t port;
    int64_t age_ms; /* how long the looks have shown it so */
} psd_transient_port;

/* Starts zeroed. */
typedef struct psd_port_ledger {
    psd_transient_port *transients; /* sorted by port */
    size_t count;
    bool begun;
    int64_t observed_at_ms; /* of the last look that was another one */
    int64_t looked_ms;      /* monotonic: when that came */
} psd_port_ledger;

/* Brings the ledger up to USAGE at NOW_MS (monotonic: a clock that is set must
 * make no port old), and fills USED. Time passes for a port only when a newer look
 * shows it again. COUNTED are ports that counted in an earlier life: on the first
 * call their time is up already. Returns the ms after which a further port may
 * count, INT64_MAX when none will. */
int64_t psd_port_ledger_update(psd_port_ledger *ledger, const Polarstack__V1__PortUsage *usage,
                               int64_t now_ms, int64_t transient_ms, const psd_port_set *counted,
                               psd_port_set *used);

void psd_port_ledger_free(psd_port_ledger *ledger);

#endif
