/*
 * explain.h - everything about one port, looked at now.
 */
#ifndef PSD_SERVER_SCAN_PORT_EXPLAIN_H
#define PSD_SERVER_SCAN_PORT_EXPLAIN_H

#include <stdint.h>

#include "common/error.h"
#include "common/port_set.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "server/scan/port/socket.h"

/* An answer names no more than these; the summary counts the rest. */
enum {
    PSD_EXPLAIN_SOCKETS_MAX = 256,
    PSD_EXPLAIN_PROCESSES_MAX = 512,
};

/* Makes *EXPLANATION of PORT (1 to 65535), all but its `node`; to be freed by
 * protobuf_c_message_free_unpacked. SCANNED is what PortUsage covers. Lists all
 * sockets and walks /proc: blocks for some milliseconds, at the longest until
 * DEADLINE_MS (monotonic). Thread-safe. */
int psd_port_explain(unsigned port, const psd_port_set *scanned, int64_t deadline_ms,
                     Polarstack__V1__PortExplanation **made, psd_error *error) PSD_MUST_CHECK;

/* The sentence that says free or not, and why; for free(). SOCKETS holds all
 * sockets on the port, the first ones standing in EXPLANATION in the same
 * order. A pure function. */
char *psd_port_summary(const Polarstack__V1__PortExplanation *explanation, const psd_sockets *sockets);

#endif
