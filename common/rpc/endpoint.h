/*
 * endpoint.h - urls of servers.
 *
 * Requests and streams have an endpoint each. The second one follows from the
 * first: ipc://DIR/NAME.sock gives ipc://DIR/NAME.stream.sock, and
 * tcp://HOST:PORT gives tcp://HOST:(PORT+1).
 */
#ifndef PSD_COMMON_RPC_ENDPOINT_H
#define PSD_COMMON_RPC_ENDPOINT_H

#include <stdbool.h>

#include "common/error.h"

enum { PSD_URL_SIZE = 256 };

typedef struct psd_endpoint {
    char url[PSD_URL_SIZE];
    char stream_url[PSD_URL_SIZE];
    bool is_ipc;
    bool is_loopback; /* tcp on 127.0.0.0/8, [::1] or localhost */
    const char *path; /* ipc: the socket's path, inside url */
} psd_endpoint;

/* Refuses other schemes, relative and over-long ipc paths and bad ports. */
int psd_endpoint_parse(const char *url, psd_endpoint *endpoint, psd_error *error) PSD_MUST_CHECK;

#endif
