/*
 * local.h - runs commands on this host.
 *
 * A command is the leader of a process group of its own, with an empty signal
 * mask, default signal actions, /dev/null as standard input, no descriptor of
 * the daemon's, and nothing but PATH and LC_ALL=C in its environment. Nothing of
 * its group outlives the call: when the leader has ended, when the time is over
 * or when it is stopped, the group gets SIGKILL at once. No gentler signal comes
 * before: who may take longer says so by its timeout.
 *
 * A process that left the group (setsid) and holds the output open is not
 * waited for: what is there after the leader's end is read, no more.
 *
 * The kernel may hold a killed process (a driver that does not return). It is
 * left behind then and reaped by a later call; until that, the same program is not
 * started again.
 *
 * Thread-safe; uses no signal handler.
 */
#ifndef PSD_SERVER_HOST_LOCAL_H
#define PSD_SERVER_HOST_LOCAL_H

#include "server/host/command.h"

typedef struct psd_local psd_local;

int psd_local_new(psd_local **local, psd_error *error) PSD_MUST_CHECK;
void psd_local_free(psd_local *local);

/* As psd_host_run(). */
int psd_local_run(psd_local *local, const psd_command *command, const psd_wait *wait,
                  psd_command_result *result, psd_error *error) PSD_MUST_CHECK;

#endif
