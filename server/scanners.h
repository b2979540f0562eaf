/*
 * scanners.h - the table of scanners: what each publishes, and their life in
 * the daemon. A new scanner is one row.
 */
#ifndef PSD_SERVER_SCANNERS_H
#define PSD_SERVER_SCANNERS_H

#include "server/daemon.h"

/* Makes the topics, all UNKNOWN. */
int psd_scanners_init(psd_daemon *daemon, psd_error *error) PSD_MUST_CHECK;

/* Starts the threads. */
int psd_scanners_start(psd_daemon *daemon, psd_error *error) PSD_MUST_CHECK;

void psd_scanners_heartbeat(psd_daemon *daemon);

/* Stops the threads. */
void psd_scanners_stop(psd_daemon *daemon);

/* Frees the topics. */
void psd_scanners_free(psd_daemon *daemon);

/* Finds by name ("port"); never NULL for a name of the table. */
psd_watched *psd_scanners_find(psd_daemon *daemon, const char *name);

#endif
