/*
 * topics.h - the table of topics: every resource of the daemon, whoever
 * publishes it, and its life. A new resource is one row.
 */
#ifndef PSD_SERVER_TOPICS_H
#define PSD_SERVER_TOPICS_H

#include "server/daemon.h"

/* Makes the topics, all UNKNOWN. */
int psd_topics_init(psd_daemon *daemon, psd_error *error) PSD_MUST_CHECK;

void psd_topics_heartbeat(psd_daemon *daemon);

/* After everybody who publishes has stopped. */
void psd_topics_free(psd_daemon *daemon);

#endif
