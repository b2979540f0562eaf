/*
 * ssh_command.h - runs commands on the server of an ssh connection.
 *
 * The server hands a text to the user's shell: here "exec env PATH=… LC_ALL=C timeout -s
 * KILL SECONDS ARGUMENTS", each argument quoted. It needs a POSIX shell and timeout(1), and
 * tells of a program that cannot be started by exit code 127 (not found) or 126.
 *
 * At the deadline the process group is killed: by timeout, and by the server itself where it
 * takes that request (OpenSSH's does not for root). A command that is stopped earlier may
 * therefore live on until its deadline. The connection is kept if the server tells of the
 * end within 1.5 seconds. A process that left the group is not reached.
 */
#ifndef PSD_SERVER_HOST_SSH_COMMAND_H
#define PSD_SERVER_HOST_SSH_COMMAND_H

#include "server/host/command.h"
#include "server/host/ssh_session.h"

/* As psd_host_run(). Connects when needed; a connection that was lost since the
 * last run is made anew. One that is lost while the command runs is UNAVAILABLE:
 * whether the command did its work is not known. */
int psd_ssh_run(psd_ssh_session *session, const char *user, const psd_command *command, const psd_wait *wait,
                psd_command_result *result, psd_error *error) PSD_MUST_CHECK;

#endif
