/*
 * services.h - the services of the daemon. A new one is a row in services.c
 * and a file of handlers.
 */
#ifndef PSD_SERVER_SERVICES_SERVICES_H
#define PSD_SERVER_SERVICES_SERVICES_H

#include "server/daemon.h"

/* Adds all services to the daemon's server. */
int psd_services_add(psd_daemon *daemon, psd_error *error) PSD_MUST_CHECK;

#endif
