/*
 * server_listener.h - the two endpoints of a server, and the lock that keeps a
 * second server off the same ipc path (a second nng listen would break the
 * first one). Internal to common/rpc.
 */
#ifndef PSD_COMMON_RPC_SERVER_LISTENER_H
#define PSD_COMMON_RPC_SERVER_LISTENER_H

#include <nng/nng.h>
#include <sys/types.h>

#include "common/rpc/endpoint.h"

typedef struct psd_listener {
    nng_listener requests;
    nng_listener streams;
    int lock_fd; /* -1 for tcp */
} psd_listener;

int psd_listener_open(nng_socket requests, nng_socket streams, const char *url, mode_t mode,
                      psd_listener *listener, psd_error *error) PSD_MUST_CHECK;

/* Takes no new connections and ends those that exist. */
void psd_listener_close(psd_listener *listener);

/* Lets the next server have the path. After the sockets are closed. */
void psd_listener_unlock(psd_listener *listener);

#endif
