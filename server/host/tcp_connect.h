/* tcp_connect.h - a TCP connection that waits no longer than it may. */
#ifndef PSD_SERVER_HOST_TCP_CONNECT_H
#define PSD_SERVER_HOST_TCP_CONNECT_H

#include <stdint.h>

#include "server/host/wait.h"

/* Connects to ADDRESS (IPv4 or IPv6 text), with TCP's keepalive on: a peer that is gone
 * breaks the connection within half a minute. *FD is the caller's; non-blocking. -1:
 * INVALID_ARGUMENT, UNAVAILABLE, or as psd_wait_poll. */
int psd_tcp_connect(const char *address, uint16_t port, const psd_wait *wait, int *fd,
                    psd_error *error) PSD_MUST_CHECK;

#endif
