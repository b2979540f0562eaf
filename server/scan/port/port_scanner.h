/*
 * port_scanner.h - the scanner of the resource PortUsage.
 *
 * A full look lists all sockets; between two of them only the listening ones
 * are listed anew, which is cheap, and joined with the rest of the last full
 * look. So observed_at_ms is the end of the last full look, and listeners may
 * be newer than that. When a listener is gone, a full look follows at once:
 * what it leaves behind may hold the port still.
 *
 * When the ranges have changed, the next look is a full one.
 *
 * The scanner opens no port. It looks at the network namespace of its thread.
 */
#ifndef PSD_SERVER_SCAN_PORT_PORT_SCANNER_H
#define PSD_SERVER_SCAN_PORT_PORT_SCANNER_H

#include <stdint.h>

#include "server/scan/port/port_ranges.h"
#include "server/scan/scanner.h"

enum {
    PSD_PORT_LISTEN_PERIOD_MS = 500, /* defaults */
    PSD_PORT_FULL_PERIOD_MS = 2000,
};

typedef struct psd_port_scanner_settings {
    psd_port_ranges *ranges;  /* ports to tell of; not empty; looked at before each scan */
    int64_t listen_period_ms; /* more than 0 */
    int64_t full_period_ms;   /* more than 0 */
} psd_port_scanner_settings;

/* Its settings are a psd_port_scanner_settings. */
extern const psd_scanner_type psd_port_scanner;

#endif
