/*
 * bmc.h - the scanner of the board management controller, by ipmitool.
 *
 * Every look publishes a whole Polarstack__V1__Bmc, a failed one too: a scan fails only when
 * it is stopped. What a failed look says is state and reason; the address stays the last one
 * that the BMC told, with its time.
 *
 * | state | next look |
 * | --- | --- |
 * | BMC_ANSWERING | period |
 * | BMC_FAILED | backoff: doubled each time, with jitter, never more than its limit |
 * | BMC_ABSENT, BMC_NOT_ASKED | the backoff's limit |
 *
 * psd_scanner_wake() brings the next look forward: call it after psd_bmc_control_set_check() or
 * psd_host_set_user() returned true. At most one ipmitool runs at a time. A look may take twice the time-out,
 * whatever the frame's deadline is: a slow BMC holds up nobody but its own thread.
 */
#ifndef PSD_SERVER_SCAN_NET_BMC_H
#define PSD_SERVER_SCAN_NET_BMC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/host/host.h"
#include "server/scan/scanner.h"

/* What changes while the scanner runs. All functions are thread-safe. */
typedef struct psd_bmc_control {
    atomic_bool check; /* ask the BMC */
} psd_bmc_control;

void psd_bmc_control_init(psd_bmc_control *control, bool check);
/* True when that is new. */
bool psd_bmc_control_set_check(psd_bmc_control *control, bool check);

typedef struct psd_bmc_settings {
    psd_host *host;                 /* borrowed until the scanner is stopped */
    const psd_bmc_control *control; /* likewise */
    const char *program;            /* "ipmitool", or a path */
    const char *arguments; /* before its command, words with blanks between: "-I lanplus -H …"; NULL: none */
    unsigned channel;      /* 0 to 15 */
    int64_t period_ms;
    int64_t first_backoff_ms;
    int64_t most_backoff_ms;
    int64_t timeout_ms; /* of each of the two commands */
    const char *root;   /* the folder that holds dev and sys; NULL: "/" */
} psd_bmc_settings;

/* Its settings are a psd_bmc_settings. */
extern const psd_scanner_type psd_bmc_scanner;

#endif
