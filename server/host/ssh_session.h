/*
 * ssh_session.h - one connection to an ssh server, kept and made anew when lost.
 *
 * Nothing but its settings decides: no ssh_config is read, no password is ever
 * offered, the server's key must stand in the one file of known hosts. A key that
 * is unknown or another one is refused before anything is sent to the server that
 * could be misused.
 *
 * While nothing is asked of the server, the kernel's TCP keepalive finds out that it is
 * gone. Owned by one caller at a time: not thread-safe.
 */
#ifndef PSD_SERVER_HOST_SSH_SESSION_H
#define PSD_SERVER_HOST_SSH_SESSION_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "server/host/wait.h"

typedef struct psd_ssh_settings {
    const char *address; /* IPv4 or IPv6 */
    uint16_t port;
    const char *user;        /* NULL: who is set later, else root */
    const char *key_file;    /* without passphrase; NULL: the agent at $SSH_AUTH_SOCK */
    const char *known_hosts; /* a file in OpenSSH's format */
} psd_ssh_settings;

typedef struct psd_ssh_session psd_ssh_session;

/* Copies SETTINGS; connects nowhere. */
int psd_ssh_session_new(const psd_ssh_settings *settings, psd_ssh_session **session,
                        psd_error *error) PSD_MUST_CHECK;
/* Drops the connection. NULL is ignored. */
void psd_ssh_session_free(psd_ssh_session *session);

/* Connects as USER if there is no connection, or one of another user. -1:
 * UNAVAILABLE (no server), FAILED_PRECONDITION (its key), UNAUTHENTICATED, or as
 * psd_wait_poll. */
int psd_ssh_session_connect(psd_ssh_session *session, const char *user, const psd_wait *wait,
                            psd_error *error) PSD_MUST_CHECK;

/* Whether there seems to be a connection; only its use can tell. */
bool psd_ssh_session_is_connected(const psd_ssh_session *session);

/* The connection for libssh's calls, in non-blocking mode; NULL when there is none. */
ssh_session psd_ssh_session_handle(const psd_ssh_session *session);

/* Waits until the server has sent something, or for MOST_MS. */
int psd_ssh_session_pause(const psd_ssh_session *session, const psd_wait *wait, int64_t most_ms,
                          psd_error *error) PSD_MUST_CHECK;

/* An error of libssh's as one: WHAT, and what the library says. */
int psd_ssh_session_error(const psd_ssh_session *session, psd_code code, const char *what, psd_error *error);

/* Closes the connection without waiting for the server. */
void psd_ssh_session_drop(psd_ssh_session *session);

#endif
