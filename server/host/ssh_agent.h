/* ssh_agent.h - whether the ssh agent at $SSH_AUTH_SOCK answers. */
#ifndef PSD_SERVER_HOST_SSH_AGENT_H
#define PSD_SERVER_HOST_SSH_AGENT_H

#include "server/host/wait.h"

/* Asks it for its keys, and looks at no answer but that there is one: libssh waits for an
 * agent without limit. -1: UNAUTHENTICATED (there is none), or as psd_wait_poll. */
int psd_ssh_agent_check(const psd_wait *wait, psd_error *error) PSD_MUST_CHECK;

#endif
