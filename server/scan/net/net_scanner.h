/*
 * net_scanner.h - the scanner of the resource NodeNetStatus.
 *
 * It sleeps until rtnetlink tells of a change that concerns the client NIC, or
 * somebody changes the psd_net_state; then it looks at the NIC anew, as a
 * whole. What is heard decides only that: a lost message loses nothing. One
 * exception: a NIC that was down for an instant, and is up again when looked
 * at, counts as having been down.
 *
 * It has timers only while UP or a missing address is held back (hold.h), and
 * while looks fail. It looks at the network namespace of its thread.
 */
#ifndef PSD_SERVER_SCAN_NET_NET_SCANNER_H
#define PSD_SERVER_SCAN_NET_NET_SCANNER_H

#include <stdint.h>

#include "server/scan/net/net_state.h"
#include "server/scan/scanner.h"

enum { PSD_NET_UP_DELAY_MS = 2000 }; /* default */

typedef struct psd_net_scanner_settings {
    psd_net_state *state; /* what others say; looked at before each scan */
    int64_t up_delay_ms;  /* how long UP, or a missing address, is held back; 0 or more */
    int receive_buffer;   /* bytes, of the socket that hears of changes; 0: the system's default */
} psd_net_scanner_settings;

/* Its settings are a psd_net_scanner_settings. */
extern const psd_scanner_type psd_net_scanner;

#endif
