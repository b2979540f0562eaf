/*
 * scanners.h - the table of scanners: what each publishes to, and their life
 * in the daemon. A new scanner is one row.
 */
#ifndef PSD_SERVER_SCANNERS_H
#define PSD_SERVER_SCANNERS_H

#include "server/daemon.h"

/* Gives each its topic, which exists already. */
void psd_scanners_init(psd_daemon *daemon);

/* Starts the threads. */
int psd_scanners_start(psd_daemon *daemon, psd_error *error) PSD_MUST_CHECK;

/* Makes scans that run give up, so that nobody who has asked waits for them. */
void psd_scanners_interrupt(psd_daemon *daemon);

/* Stops the threads. */
void psd_scanners_stop(psd_daemon *daemon);

/* Finds by name ("port"); never NULL for a name of the table. */
psd_watched *psd_scanners_find(psd_daemon *daemon, const char *name);

/* Whether the scanner of WATCHED, whose topic says SEEN, has nothing to look for: it
 * works, and knows of nothing that could be seen. */
bool psd_scanner_is_idle(psd_watched *watched, const Polarrpc__V1__Observation *seen);

/* Makes a complete look follow at once, if the scanner runs; waits for nothing. */
void psd_scanners_look_now(psd_daemon *daemon, const char *name);

#endif
