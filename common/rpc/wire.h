/*
 * wire.h - bodies of nng messages (docs/wire-protocol.md).
 *
 * Messages are made with their payload packed in place, and read with
 * protobuf-c, which checks every length. Not thread-bound.
 */
#ifndef PSD_COMMON_RPC_WIRE_H
#define PSD_COMMON_RPC_WIRE_H

#include <nng/nng.h>
#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "polarrpc/v1/envelope.pb-c.h"

enum {
    PSD_WIRE_MAX = 1 << 20, /* largest body, either way */
    /* Largest payload that surely fits with its envelope around it. */
    PSD_WIRE_PAYLOAD_MAX = PSD_WIRE_MAX - 4096,
    PSD_HEARTBEAT_PERIOD_MS = 2000,  /* a server sends at least this often */
    PSD_HEARTBEAT_TIMEOUT_MS = 7000, /* a watcher gives up after this silence */
};

/* Packed bytes that somebody owns elsewhere. */
typedef struct psd_bytes {
    const void *data;
    size_t length;
} psd_bytes;

/* PAYLOAD and APPENDIX, both packed messages of the same type, travel as one
 * (protobuf merges concatenated messages). NULL when out of memory. */
nng_msg *psd_wire_request(const char *method, uint64_t call_id, uint32_t timeout_ms, const char *token,
                          psd_bytes payload, psd_bytes appendix);

/* The three kinds of response; NULL when out of memory. The first one fails
 * with RESOURCE_EXHAUSTED (as a response) when MESSAGE is too large. */
nng_msg *psd_wire_response(uint64_t call_id, const ProtobufCMessage *message);
nng_msg *psd_wire_response_packed(uint64_t call_id, psd_bytes payload);
nng_msg *psd_wire_response_error(uint64_t call_id, const psd_error *error);

/* Topic, zero byte, packed event. */
nng_msg *psd_wire_event(const char *topic, psd_bytes event);

/* Splits the body of an event into its topic and the packed Event. */
int psd_wire_split_event(psd_bytes body, const char **topic, psd_bytes *event,
                         psd_error *error) PSD_MUST_CHECK;

/* One length-delimited field (strings, bytes, messages) appended to a packed
 * message; SIZE tells how many bytes that takes, WRITE returns the end. */
size_t psd_wire_field_size(unsigned field, size_t length);
uint8_t *psd_wire_write_field_header(uint8_t *at, unsigned field, size_t length);

/* Unpacks BYTES; INVALID_ARGUMENT names WHAT when they are malformed. */
ProtobufCMessage *psd_wire_unpack(const ProtobufCMessageDescriptor *type, psd_bytes bytes, const char *what,
                                  psd_error *error) PSD_MUST_CHECK;

/* Code and text for the return value of an nng function. */
int psd_error_set_nng(psd_error *error, int nng_result, const char *format, ...) PSD_PRINTF(3, 4);

#endif
