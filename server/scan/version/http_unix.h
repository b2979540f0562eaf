/*
 * http_unix.h - asks a server of HTTP on a unix socket, one request after the other.
 *
 * Keeps the connection for the next request and makes a new one where it was lost.
 * One thread; whoever raises the psd_stop of a psd_wait may be another one.
 */
#ifndef PSD_SERVER_SCAN_VERSION_HTTP_UNIX_H
#define PSD_SERVER_SCAN_VERSION_HTTP_UNIX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/text.h"
#include "server/host/wait.h"

typedef struct psd_http psd_http;

/* Of PATH, which is copied. Connects to nothing yet; libcurl is not touched before
 * the first request. */
psd_http *psd_http_new(const char *path);
void psd_http_free(psd_http *http); /* NULL is ignored */

typedef struct psd_http_request {
    const char *target;         /* "/version" */
    const psd_text *body;       /* NULL: GET, otherwise POST */
    const char *const *headers; /* "te: trailers" …, ended by NULL; may be NULL */
    bool http2;                 /* without asking whether the server speaks it */
    size_t most_bytes;          /* of the answer's body */
    /* Each line of header and trailers: "grpc-status: 0\r\n", without a zero byte at its end.
     * May be NULL. */
    void (*header)(void *arg, const char *line, size_t length);
    void *arg;
} psd_http_request;

/* Sets *STATUS and adds the whole body to ANSWER. -1: there is none or half of one;
 * UNAVAILABLE, PERMISSION_DENIED, RESOURCE_EXHAUSTED (too large), DEADLINE_EXCEEDED,
 * CANCELLED. After that no connection is kept. */
int psd_http_ask(psd_http *http, const psd_http_request *request, const psd_wait *wait, long *status,
                 psd_text *answer, psd_error *error) PSD_MUST_CHECK;

/* How many connections were made: whether the last request had one of its own. */
unsigned psd_http_connections(const psd_http *http);

#endif
