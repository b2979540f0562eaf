/*
 * version_scanner.h - the scanner of the resource CoreVersionAvailability.
 *
 * It asks the container runtime for all its images with one list call: at the
 * start, when the versions change, when somebody asks, and each period. After a
 * failure it tries again in 1 s, doubled each time up to 10 s or the period,
 * whichever is less: a runtime that comes back is seen soon, and asking one that is
 * away costs a refused connection.
 *
 * Without versions there is nothing to ask the runtime for. What the cluster has not told is
 * UNKNOWN, and a scan that finds it so succeeds; a cluster without any version is
 * known, and FRESH.
 *
 * A look that the runtime did not answer is published all the same: the versions are
 * those of now, their presence is unknown, and what was last known of them stays. The
 * scan's error is UNAVAILABLE then, whatever the runtime said. A look that is ended by
 * stopping is not published: CANCELLED.
 *
 * An answer that is provisional (runtime.h) is asked for again in those 10 s.
 */
#ifndef PSD_SERVER_SCAN_VERSION_VERSION_SCANNER_H
#define PSD_SERVER_SCAN_VERSION_VERSION_SCANNER_H

#include <stdint.h>

#include "server/scan/scanner.h"
#include "server/scan/version/definitions.h"

typedef struct psd_version_scanner_settings {
    psd_version_definitions *definitions; /* looked at before each scan */
    const char *endpoint;                 /* as in psd_runtime_new() */
    int64_t period_ms;
    int64_t timeout_ms; /* how long the runtime may take to answer */
} psd_version_scanner_settings;

/* Its settings are a psd_version_scanner_settings. */
extern const psd_scanner_type psd_version_scanner;

#endif
