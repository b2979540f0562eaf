/*
 * grpc_unary.h - gRPC's unary calls over a unix socket.
 *
 * A message travels in a frame: a flag (compressed or not), its length in four bytes,
 * itself. How the call went stands in trailers behind it, or in the header when there
 * is no message.
 */
#ifndef PSD_SERVER_SCAN_VERSION_GRPC_UNARY_H
#define PSD_SERVER_SCAN_VERSION_GRPC_UNARY_H

#include <stdint.h>

#include "server/scan/version/http_unix.h"

enum {
    PSD_GRPC_HEAD = 5, /* bytes before a message */
    PSD_GRPC_MOST_BYTES = 16 << 20,
    PSD_GRPC_MESSAGE_SIZE = 256,
};

/* What header and trailers say. Starts zeroed. */
typedef struct psd_grpc_status {
    bool is_grpc;                        /* by the content type */
    bool has_code;                       /* grpc-status was there, and a number */
    unsigned code;                       /* as the wire has it */
    char message[PSD_GRPC_MESSAGE_SIZE]; /* decoded, one line of ASCII; cut when too long */
} psd_grpc_status;

/* Takes in a line of the header or of the trailers. */
void psd_grpc_status_line(psd_grpc_status *status, const char *line, size_t length);

/* Finds the message in BODY, the answer to a call. -1: the call's own code and text;
 * UNAVAILABLE: half an answer, or none of gRPC's; INTERNAL: it cannot be read. */
int psd_grpc_unwrap(long http_status, const psd_grpc_status *status, const psd_text *body,
                    const uint8_t **message, size_t *length, psd_error *error) PSD_MUST_CHECK;

/* Whether the server knows METHOD: calls it without the message that belongs to it, which
 * does nothing. -1: UNIMPLEMENTED (it does not), psd_http_ask. Wants to be asked before
 * psd_grpc_call: a server refuses an unknown method before it has got the message, and libcurl
 * 7.88 may then lose the answer. */
int psd_grpc_serves(psd_http *http, const char *method, const psd_wait *wait,
                    psd_error *error) PSD_MUST_CHECK;

/* Calls METHOD, "/runtime.v1.ImageService/ListImages", with a message of no fields. ANSWER
 * keeps the bytes that *MESSAGE points to. Errors: psd_http_ask, psd_grpc_unwrap. */
int psd_grpc_call(psd_http *http, const char *method, const psd_wait *wait, psd_text *answer,
                  const uint8_t **message, size_t *length, psd_error *error) PSD_MUST_CHECK;

#endif
