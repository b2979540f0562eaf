/*
 * unix_socket.h - what listens on a unix socket, and why it cannot be reached.
 */
#ifndef PSD_SERVER_SCAN_VERSION_UNIX_SOCKET_H
#define PSD_SERVER_SCAN_VERSION_UNIX_SOCKET_H

#include <stddef.h>

#include "common/error.h"
#include "server/host/wait.h"

typedef enum psd_socket_kind {
    PSD_SOCKET_UNKNOWN,
    PSD_SOCKET_HTTP1,
    PSD_SOCKET_HTTP2,
} psd_socket_kind;

enum { PSD_SOCKET_GREETING = 9 }; /* bytes that surely tell */

/* What the first bytes of a server's answer to an HTTP/2 greeting say. UNKNOWN when
 * they are no HTTP; with fewer than PSD_SOCKET_GREETING also when more are needed. */
psd_socket_kind psd_socket_kind_of(const void *bytes, size_t length);

/* Connects to PATH, greets as an HTTP/2 client does, and looks at what comes back: a
 * server of HTTP/2 sends its settings, one of HTTP/1 an answer. -1: UNAVAILABLE,
 * PERMISSION_DENIED, or as psd_wait_poll. */
int psd_socket_probe(const char *path, const psd_wait *wait, psd_socket_kind *kind,
                     psd_error *error) PSD_MUST_CHECK;

/* A connection could not be made for the reason SYS_ERRNO: says what to do. Returns -1. */
int psd_socket_refusal(int sys_errno, psd_error *error);

/* Time was over, or somebody stopped it, as psd_wait_poll says: tells it of a runtime. */
int psd_socket_gave_up(psd_error *error);

#endif
