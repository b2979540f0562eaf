/*
 * connection.h - one nng socket dialled to one url, and kept so. Internal to
 * common/rpc; the client's requests and each watch's stream have one.
 */
#ifndef PSD_COMMON_RPC_CONNECTION_H
#define PSD_COMMON_RPC_CONNECTION_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

typedef struct psd_connection {
    nng_socket socket;
    const char *url;                            /* borrowed */
    void (*changed)(void *arg, bool connected); /* on a thread of nng */
    void *arg;
    atomic_int pipe; /* number of the connection that is up; 0 when none is */

    pthread_mutex_t mutex; /* guards all below */
    nng_dialer dialer;
    bool dialing;
    int64_t dialed_ms; /* monotonic */
} psd_connection;

/* Takes an open SOCKET and sets the options that both ends agree on. CHANGED
 * may be NULL. */
int psd_connection_init(psd_connection *connection, nng_socket socket, const char *url,
                        void (*changed)(void *arg, bool connected), void *arg,
                        psd_error *error) PSD_MUST_CHECK;

/* Connects and waits for that, TIMEOUT_MS at most. UNAVAILABLE when nobody
 * listens, DEADLINE_EXCEEDED when somebody does and says nothing. */
int psd_connection_dial(psd_connection *connection, uint32_t timeout_ms, psd_error *error) PSD_MUST_CHECK;

/* Connects in the background, for as long as it takes. */
int psd_connection_dial_later(psd_connection *connection, psd_error *error) PSD_MUST_CHECK;

static inline bool psd_connection_is_up(const psd_connection *connection)
{
    return atomic_load(&connection->pipe) != 0;
}

/* nng 1.5.2 gives up dialling for good when the peer leaves in the middle of
 * the handshake (nanomsg/nng issue 1518). Whoever waits for a connection that
 * is down calls this now and then; it dials anew every few seconds. */
void psd_connection_revive(psd_connection *connection);

/* Closes the socket. */
void psd_connection_close(psd_connection *connection);

#endif
