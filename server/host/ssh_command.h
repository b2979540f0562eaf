/*
 * ssh_command.h - runs commands on the server of an ssh connection.
 *
 * The server hands a text to the user's shell: here "exec env PATH=… LC_ALL=C
 * ARGUMENTS", each word quoted, so that the program takes the shell's place and its
 * signals are its own. It needs a POSIX shell, and tells of a program that cannot be
 * started by exit code 127 (not found) or 126.
 *
 * At the deadline, or when stopped, the program's process group gets SIGKILL through the
 * server, and the channel is closed; a server that does not react loses the
 * connection. A process that it left in the background is not reached.
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
