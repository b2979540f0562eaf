#include "common/rpc/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

static uint8_t *write_varint(uint8_t *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (uint8_t)(value | 0x80);
    *at++ = (uint8_t)value;
    return at;
}

size_t psd_wire_field_size(unsigned field, size_t length)
{
    return varint_size((uint64_t)field << 3) + varint_size(length) + length;
}

uint8_t *psd_wire_write_field_header(uint8_t *at, unsigned field, size_t length)
{
    at = write_varint(at, (uint64_t)field << 3 | WIRE_BYTES);
    return write_varint(at, length);
}

static uint8_t *write_bytes(uint8_t *at, psd_bytes bytes)
{
    if (bytes.length > 0)
        memcpy(at, bytes.data, bytes.length);
    return at + bytes.length;
}

nng_msg *psd_wire_request(const char *method, uint64_t call_id, uint32_t timeout_ms, const char *token,
                          psd_bytes payload, psd_bytes appendix)
{
    Polarrpc__V1__Request envelope = POLARRPC__V1__REQUEST__INIT;
    /* protobuf-c declares strings it only reads as char *. */
    envelope.method = (char *)(uintptr_t)method;
    envelope.call_id = call_id;
    envelope.timeout_ms = timeout_ms;
    if (token)
        envelope.token = (char *)(uintptr_t)token;
    size_t head = polarrpc__v1__request__get_packed_size(&envelope);
    size_t length = payload.length + appendix.length;
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, head + psd_wire_field_size(4, length)) != 0)
        return NULL;
    uint8_t *at = nng_msg_body(message);
    at += polarrpc__v1__request__pack(&envelope, at);
    at = psd_wire_write_field_header(at, 4, length);
    write_bytes(write_bytes(at, payload), appendix);
    return message;
}

/* A successful response with room for LENGTH bytes of payload at *AT. */
static nng_msg *response_with_room(uint64_t call_id, size_t length, uint8_t **at)
{
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, 1 + sizeof(uint64_t) + psd_wire_field_size(4, length)) != 0)
        return NULL;
    uint8_t *body = nng_msg_body(message);
    *body++ = 1 << 3 | WIRE_FIXED64;
    for (unsigned shift = 0; shift < 64; shift += 8)
        *body++ = (uint8_t)(call_id >> shift);
    *at = psd_wire_write_field_header(body, 4, length);
    return message;
}

static nng_msg *response_too_large(uint64_t call_id, size_t length)
{
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_RESOURCE_EXHAUSTED,
                  "the answer has %zu bytes, %d at most are sent: ask for pages or for less", length,
                  PSD_WIRE_PAYLOAD_MAX);
    return psd_wire_response_error(call_id, &error);
}

nng_msg *psd_wire_response(uint64_t call_id, const ProtobufCMessage *message)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    if (length > PSD_WIRE_PAYLOAD_MAX)
        return response_too_large(call_id, length);
    uint8_t *at = NULL;
    nng_msg *response = response_with_room(call_id, length, &at);
    if (response)
        protobuf_c_message_pack(message, at);
    return response;
}

nng_msg *psd_wire_response_packed(uint64_t call_id, psd_bytes payload)
{
    if (payload.length > PSD_WIRE_PAYLOAD_MAX)
        return response_too_large(call_id, payload.length);
    uint8_t *at = NULL;
    nng_msg *response = response_with_room(call_id, payload.length, &at);
    if (response)
        write_bytes(at, payload);
    return response;
}

nng_msg *psd_wire_response_error(uint64_t call_id, const psd_error *error)
{
    Polarrpc__V1__Response envelope = POLARRPC__V1__RESPONSE__INIT;
    envelope.call_id = call_id;
    envelope.code = error->code == PSD_OK ? PSD_UNKNOWN : (uint32_t)error->code;
    envelope.message = (char *)(uintptr_t)error->text;
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, polarrpc__v1__response__get_packed_size(&envelope)) != 0)
        return NULL;
    polarrpc__v1__response__pack(&envelope, nng_msg_body(message));
    return message;
}

nng_msg *psd_wire_event(const char *topic, psd_bytes event)
{
    size_t topic_size = strlen(topic) + 1;
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, topic_size + event.length) != 0)
        return NULL;
    write_bytes(write_bytes(nng_msg_body(message), (psd_bytes){topic, topic_size}), event);
    return message;
}

int psd_wire_split_event(psd_bytes body, const char **topic, psd_bytes *event, psd_error *error)
{
    const char *end = body.length > 0 ? memchr(body.data, '\0', body.length) : NULL;
    if (!end)
        return psd_error_set(error, PSD_DATA_LOSS, "an event has no zero byte after its topic");
    *topic = body.data;
    event->data = end + 1;
    event->length = body.length - (size_t)(end + 1 - *topic);
    return 0;
}

ProtobufCMessage *psd_wire_unpack(const ProtobufCMessageDescriptor *type, psd_bytes bytes, const char *what,
                                  psd_error *error)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, bytes.length, bytes.data);
    if (!message)
        psd_error_set(error, PSD_INVALID_ARGUMENT, "%s is not a valid %s (%zu bytes)", what, type->name,
                      bytes.length);
    return message;
}

static psd_code code_from_nng(int result)
{
    switch (result) {
    case NNG_ETIMEDOUT:
        return PSD_DEADLINE_EXCEEDED;
    case NNG_ECLOSED:
    case NNG_ECANCELED:
        return PSD_CANCELLED;
    case NNG_ENOMEM:
    case NNG_EMSGSIZE:
    case NNG_ENOFILES:
    case NNG_ENOSPC:
        return PSD_RESOURCE_EXHAUSTED;
    case NNG_ECONNREFUSED:
    case NNG_ECONNRESET:
    case NNG_ECONNABORTED:
    case NNG_ECONNSHUT:
    case NNG_ENOENT:
    case NNG_EUNREACHABLE:
        return PSD_UNAVAILABLE;
    case NNG_EPERM:
        return PSD_PERMISSION_DENIED;
    case NNG_EADDRINUSE:
        return PSD_ALREADY_EXISTS;
    case NNG_EINVAL:
    case NNG_EADDRINVAL:
        return PSD_INVALID_ARGUMENT;
    default:
        return PSD_INTERNAL;
    }
}

static const char *text_from_nng(int result)
{
    switch (result) {
    case NNG_ENOENT:
        return "no such socket";
    case NNG_ECONNREFUSED:
        return "nobody listens there";
    case NNG_EPERM:
        return "permission denied";
    case NNG_EADDRINUSE:
        return "the address is in use";
    case NNG_EADDRINVAL:
        return "not a valid address";
    default:
        return nng_strerror(result);
    }
}

int psd_error_set_nng(psd_error *error, int nng_result, const char *format, ...)
{
    char context[PSD_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    return psd_error_set(error, code_from_nng(nng_result), "%s: %s", context, text_from_nng(nng_result));
}
