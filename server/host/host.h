/*
 * host.h - the one way to run a command on the host: here, or over ssh when the
 * daemon runs in a container that the host does not show in.
 *
 * That a command could not be run and that it failed are two things. -1 with an
 * error means that it cannot be told how the command ended:
 *
 *   NOT_FOUND, PERMISSION_DENIED   it could not be started (over ssh this is the exit
 *                                  code 127 or 126 of the remote shell instead)
 *   UNAVAILABLE                    no connection, or lost while it ran
 *   FAILED_PRECONDITION            the ssh server's key is unknown or has changed
 *   UNAUTHENTICATED                the ssh server does not accept the user
 *   DEADLINE_EXCEEDED, CANCELLED   it was killed
 *
 * 0 means that it ran to its end; the result says which.
 */
#ifndef PSD_SERVER_HOST_HOST_H
#define PSD_SERVER_HOST_HOST_H

#include <stdbool.h>

#include "server/host/command.h"
#include "server/host/ssh_session.h"

typedef enum psd_host_access {
    PSD_HOST_LOCAL,
    PSD_HOST_SSH,
} psd_host_access;

/* "local", "ssh", NULL: by access, for option tables. */
extern const char *const psd_host_access_names[];

typedef struct psd_host_settings {
    psd_host_access access;
    psd_ssh_settings ssh; /* for PSD_HOST_SSH */
} psd_host_settings;

typedef struct psd_host psd_host;

/* Copies SETTINGS; connects nowhere. */
int psd_host_open(const psd_host_settings *settings, psd_host **host, psd_error *error) PSD_MUST_CHECK;
/* No command runs any more. NULL is ignored. */
void psd_host_close(psd_host *host);

psd_host_access psd_host_get_access(const psd_host *host);

/* Who later commands run as over ssh; empty or NULL: root. True when that is somebody
 * else than before; never where the settings name the user, or locally. Thread-safe. */
bool psd_host_set_user(psd_host *host, const char *user);

/* Runs COMMAND. RESULT is PSD_COMMAND_RESULT_INIT before; it is the caller's, and
 * empty after -1. Thread-safe: local commands run side by side, those over ssh one
 * after the other, and the time in which they wait for their turn counts. */
int psd_host_run(psd_host *host, const psd_command *command, psd_command_result *result,
                 psd_error *error) PSD_MUST_CHECK;

#endif
