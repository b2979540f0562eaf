#include "common/rpc/client_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"

enum {
    RETRY_FIRST_MS = 50,
    RETRY_MOST_MS = 1000,
    CONNECTION_PAUSE_MS = 20,
    SEND_MOST_MS = 1000, /* then the connection is looked at again */
    MAX_RESTARTS = 8,    /* of a paged answer whose resource keeps changing */
};

static int64_t time_left(const psd_client_call_ctx *call)
{
    return call->deadline_ms - psd_clock_mono_ms();
}

/* LEFT as nng counts: an int32, whose negative values mean something else. */
static nng_duration nng_time(int64_t left)
{
    return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (nng_duration)left;
}

/* Ends the call. Always false, for psd_client_call_step. */
static bool end(psd_client_call_ctx *call, psd_code code, const char *what)
{
    psd_error_set(&call->error, code, "%s: %s", call->method->full_name, what);
    return false;
}

/* There is no connection, or no longer: what tells it from an answer of this code. */
static bool end_unconnected(psd_client_call_ctx *call, const char *what)
{
    psd_error_set(&call->error, PSD_UNAVAILABLE, "%s: %s", call->method->full_name, what);
    call->error.sys_errno = ENOTCONN;
    return false;
}

static bool pause_for(psd_client_call_ctx *call, int64_t pause_ms)
{
    call->state = PSD_CALL_PAUSING;
    nng_sleep_aio((nng_duration)pause_ms, call->aio);
    return true;
}

static bool wait_for_connection(psd_client_call_ctx *call)
{
    if (time_left(call) <= CONNECTION_PAUSE_MS)
        return end_unconnected(call, "no connection within the timeout");
    psd_client_revive(call);
    return pause_for(call, CONNECTION_PAUSE_MS);
}

static bool start_sending(psd_client_call_ctx *call)
{
    psd_link link = psd_client_link(call);
    if (link == PSD_LINK_CLOSING)
        return end(call, PSD_CANCELLED, "the client was closed");
    if (link == PSD_LINK_DOWN)
        return wait_for_connection(call);
    int64_t left = time_left(call);
    if (left <= 0)
        return end(call, PSD_DEADLINE_EXCEEDED, "no answer within the timeout");
    uint8_t appendix[512];
    size_t appendix_length = 0;
    if (call->page_token) {
        unsigned field =
            protobuf_c_message_descriptor_get_field_by_name(call->method->request, "page_token")->id;
        size_t length = strlen(call->page_token);
        if (psd_wire_field_size(field, length) > sizeof(appendix))
            return end(call, PSD_DATA_LOSS, "the server's page token is too long");
        uint8_t *at = psd_wire_write_field_header(appendix, field, length);
        memcpy(at, call->page_token, length);
        appendix_length = (size_t)(at - appendix) + length;
    }
    const psd_client_options *options = psd_client_get_options(call->client);
    nng_msg *message = psd_wire_request(call->method->full_name, call->call_id, (uint32_t)left,
                                        options->token, (psd_bytes){call->request, call->request_length},
                                        (psd_bytes){appendix, appendix_length});
    if (!message)
        return end(call, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (nng_msg_len(message) > PSD_WIRE_MAX) {
        nng_msg_free(message);
        return end(call, PSD_RESOURCE_EXHAUSTED, "the request is larger than 1 MiB");
    }
    call->state = PSD_CALL_SENDING;
    nng_aio_set_msg(call->aio, message);
    nng_aio_set_timeout(call->aio, nng_time(left < SEND_MOST_MS ? left : SEND_MOST_MS));
    nng_ctx_send(call->ctx, call->aio);
    return true;
}

bool psd_client_call_begin(psd_client_call_ctx *call)
{
    return start_sending(call);
}

/* The answer is whole: join it with the pages before. */
static bool finish(psd_client_call_ctx *call, ProtobufCBinaryData payload)
{
    psd_bytes bytes = {payload.data, payload.len};
    if (call->joined) {
        uint8_t *joined = realloc(call->joined, call->joined_length + payload.len + 1);
        if (!joined)
            return end(call, PSD_RESOURCE_EXHAUSTED, "out of memory");
        call->joined = joined;
        if (payload.len > 0)
            memcpy(joined + call->joined_length, payload.data, payload.len);
        bytes = (psd_bytes){joined, call->joined_length + payload.len};
    }
    psd_error error = PSD_ERROR_INIT;
    call->response = psd_wire_unpack(call->method->response, bytes, "the answer", &error);
    return call->response ? false : end(call, PSD_DATA_LOSS, error.text);
}

static char **string_field(const ProtobufCMessage *message, const char *name)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        message->descriptor, name);
    if (!field || field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED)
        return NULL;
    return (char **)(uintptr_t)((const char *)message + field->offset);
}

/* Keeps the page and asks for the next one. */
static bool next_page(psd_client_call_ctx *call, ProtobufCBinaryData payload, const char *token)
{
    char *next = strdup(token);
    uint8_t *joined = realloc(call->joined, call->joined_length + payload.len + 1);
    if (joined)
        call->joined = joined;
    free(call->page_token);
    call->page_token = next;
    if (!next || !joined)
        return end(call, PSD_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(joined + call->joined_length, payload.data, payload.len);
    call->joined_length += payload.len;
    return start_sending(call);
}

/* Pages are joined by concatenation, which protobuf merges; the token of an
 * earlier page then shows through the last one's empty token. */
static void clear_token(ProtobufCMessage *response)
{
    char **token = string_field(response, "next_page_token");
    if (token && *token && (*token)[0])
        (*token)[0] = '\0';
}

static bool accept_payload(psd_client_call_ctx *call, ProtobufCBinaryData payload)
{
    if (!call->joins_pages)
        return finish(call, payload);
    /* The page alone, to see its token. Most answers are one page: that one is
     * the answer already. */
    psd_error error = PSD_ERROR_INIT;
    ProtobufCMessage *page = psd_wire_unpack(call->method->response, (psd_bytes){payload.data, payload.len},
                                             "the answer", &error);
    if (!page)
        return end(call, PSD_DATA_LOSS, error.text);
    const char *token = *string_field(page, "next_page_token");
    bool more = token[0] != '\0';
    if (!more && !call->joined) {
        call->response = page;
        return false;
    }
    bool goes_on = more ? next_page(call, payload, token) : finish(call, payload);
    protobuf_c_message_free_unpacked(page, NULL);
    if (call->response)
        clear_token(call->response);
    return goes_on;
}

static bool accept_response(psd_client_call_ctx *call, const Polarrpc__V1__Response *response)
{
    psd_code code = psd_code_from_number(response->code);
    if (code == PSD_ABORTED && call->page_token && call->restarts < MAX_RESTARTS) {
        call->restarts++;
        free(psd_take(call->page_token));
        free(psd_take(call->joined));
        call->joined_length = 0;
        return start_sending(call);
    }
    if (response->code == PSD_OK)
        return accept_payload(call, response->payload);
    psd_error_set(&call->error, code, "%s", response->message[0] ? response->message : psd_code_name(code));
    return false;
}

static bool receive_response(psd_client_call_ctx *call)
{
    nng_msg *message = nng_aio_get_msg(call->aio);
    psd_error error = PSD_ERROR_INIT;
    psd_bytes body = {nng_msg_body(message), nng_msg_len(message)};
    ProtobufCMessage *envelope = psd_wire_unpack(&polarrpc__v1__response__descriptor, body, "the response",
                                                 &error);
    nng_msg_free(message);
    if (!envelope)
        return end(call, PSD_DATA_LOSS, error.text);
    bool goes_on = accept_response(call, (const Polarrpc__V1__Response *)envelope);
    protobuf_c_message_free_unpacked(envelope, NULL);
    return goes_on;
}

/* The answer was lost, with the connection or by nng. */
static bool retry_or_end(psd_client_call_ctx *call)
{
    if (!call->method->no_side_effects)
        return end_unconnected(
            call,
            "the connection was lost before the answer came: whether the call took effect is not known");
    int64_t pause = psd_backoff_ms(call->attempt, RETRY_FIRST_MS, RETRY_MOST_MS);
    if (pause >= time_left(call))
        return end_unconnected(call, "the connection was lost and did not come back within the timeout");
    call->attempt++;
    return pause_for(call, pause);
}

static bool failed(psd_client_call_ctx *call, int result)
{
    if (call->state == PSD_CALL_SENDING)
        nng_msg_free(nng_aio_get_msg(call->aio)); /* a failed send leaves it with us */
    if (psd_client_link(call) == PSD_LINK_CLOSING || result == NNG_ECLOSED || result == NNG_ECANCELED)
        return end(call, PSD_CANCELLED, "the client was closed");
    if (result == NNG_ECONNRESET)
        return retry_or_end(call);
    if (result == NNG_ETIMEDOUT && call->state == PSD_CALL_SENDING)
        return wait_for_connection(call); /* nothing was sent */
    if (result == NNG_ETIMEDOUT && time_left(call) > 0)
        return retry_or_end(call); /* the timeout of the send, which hit the wrong operation */
    if (result == NNG_ETIMEDOUT)
        return end(call, PSD_DEADLINE_EXCEEDED, "no answer within the timeout");
    psd_error error = PSD_ERROR_INIT;
    psd_error_set_nng(&error, result, "%s", call->method->full_name);
    error.sys_errno = ENOTCONN;
    call->error = error;
    return false;
}

bool psd_client_call_step(psd_client_call_ctx *call)
{
    int result = nng_aio_result(call->aio);
    if (result != 0)
        return failed(call, result);
    switch (call->state) {
    case PSD_CALL_PAUSING:
        return start_sending(call);
    case PSD_CALL_SENDING:
        call->state = PSD_CALL_RECEIVING;
        nng_aio_set_timeout(call->aio, nng_time(time_left(call)));
        nng_ctx_recv(call->ctx, call->aio);
        return true;
    case PSD_CALL_RECEIVING:
        return receive_response(call);
    }
    return false;
}

void psd_client_call_reset(psd_client_call_ctx *call)
{
    free(psd_take(call->request));
    free(psd_take(call->page_token));
    free(psd_take(call->joined));
    call->joined_length = 0;
    call->request_length = 0;
    call->attempt = 0;
    call->restarts = 0;
    call->response = NULL;
    call->error = (psd_error)PSD_ERROR_INIT;
    call->shim = NULL;
    call->done = NULL;
}
