#include "server/scan/version/grpc_unary.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/parse.h"

/* ---- header and trailers ---- */

/* The value of header NAME in LINE, without the blanks around it. */
static bool header_value(const char *line, size_t length, const char *name, const char **value,
                         size_t *value_length)
{
    size_t name_length = strlen(name);
    if (length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':')
        return false;
    const char *at = line + name_length + 1;
    const char *end = line + length;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    while (end > at && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *value = at;
    *value_length = (size_t)(end - at);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What is no escape stays as it is. */
static void decode_message(const char *value, size_t length, char *message)
{
    size_t out = 0;
    for (size_t i = 0; i < length && out + 1 < PSD_GRPC_MESSAGE_SIZE; i++) {
        char c = value[i];
        if (c == '%' && i + 2 < length) {
            int high = hex_digit(value[i + 1]);
            int low = hex_digit(value[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        message[out++] = c ? c : '?';
    }
    message[out] = '\0';
    psd_text_flatten(message);
}

static bool begins_with(const char *value, size_t length, const char *word)
{
    return length >= strlen(word) && strncasecmp(value, word, strlen(word)) == 0;
}

void psd_grpc_status_line(psd_grpc_status *status, const char *line, size_t length)
{
    const char *value = NULL;
    size_t value_length = 0;
    char number[12];
    uint64_t code = 0;
    if (header_value(line, length, "content-type", &value, &value_length)) {
        status->is_grpc = begins_with(value, value_length, "application/grpc");
    } else if (header_value(line, length, "grpc-message", &value, &value_length)) {
        decode_message(value, value_length, status->message);
    } else if (header_value(line, length, "grpc-status", &value, &value_length)) {
        status->has_code = value_length < sizeof(number);
        snprintf(number, sizeof(number), "%.*s", (int)(status->has_code ? value_length : 0), value);
        status->has_code = status->has_code && psd_parse_uint(number, 0, UINT32_MAX, &code, NULL) == 0;
        status->code = (unsigned)code;
    }
}

/* ---- the answer ---- */

/* Of a server that answers no call at all, as gRPC's rules have it. */
static psd_code code_of_http(long status)
{
    switch (status) {
    case 400:
        return PSD_INTERNAL;
    case 401:
        return PSD_UNAUTHENTICATED;
    case 403:
        return PSD_PERMISSION_DENIED;
    case 404:
        return PSD_UNIMPLEMENTED;
    default:
        return PSD_UNAVAILABLE;
    }
}

static int check_frame(const psd_text *body, psd_error *error)
{
    if (body->length < PSD_GRPC_HEAD)
        return psd_error_set(error, PSD_UNAVAILABLE, "it gave half an answer: %zu bytes, and no message",
                             body->length);
    const uint8_t *head = (const uint8_t *)body->data;
    size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (head[0] != 0)
        return psd_error_set(error, PSD_INTERNAL,
                             "its answer cannot be read: it is compressed unasked (flag %u)", head[0]);
    if (body->length - PSD_GRPC_HEAD < length)
        return psd_error_set(error, PSD_UNAVAILABLE, "it gave half an answer: %zu bytes of %zu",
                             body->length - PSD_GRPC_HEAD, length);
    if (body->length - PSD_GRPC_HEAD > length)
        return psd_error_set(error, PSD_INTERNAL, "its answer cannot be read: more than one message");
    return 0;
}

/* There is a status that can be gone by. */
static int check_status(long http_status, const psd_grpc_status *status, psd_error *error)
{
    if (http_status != 200)
        return psd_error_set(error, code_of_http(http_status), "it does not serve this call: HTTP %ld",
                             http_status);
    if (!status->is_grpc)
        return psd_error_set(error, PSD_UNAVAILABLE, "what it answers is not gRPC");
    if (!status->has_code)
        return psd_error_set(error, PSD_UNAVAILABLE, "it gave half an answer: no grpc-status at its end");
    return 0;
}

static int refuse(const psd_grpc_status *status, psd_error *error)
{
    psd_code code = psd_code_from_number(status->code);
    if (code == PSD_CANCELLED || code == PSD_DEADLINE_EXCEEDED) /* these would be ours */
        code = PSD_UNAVAILABLE;
    return psd_error_set(error, code, "it answers: %s",
                         status->message[0] ? status->message : psd_code_name(code));
}

int psd_grpc_unwrap(long http_status, const psd_grpc_status *status, const psd_text *body,
                    const uint8_t **message, size_t *length, psd_error *error)
{
    if (check_status(http_status, status, error) < 0)
        return -1;
    if (status->code != PSD_OK)
        return refuse(status, error);
    if (check_frame(body, error) < 0)
        return -1;
    *message = (const uint8_t *)body->data + PSD_GRPC_HEAD;
    *length = body->length - PSD_GRPC_HEAD;
    return 0;
}

/* ---- calls ---- */

static void header_arrived(void *arg, const char *line, size_t length)
{
    psd_grpc_status_line(arg, line, length);
}

/* FRAME is empty, or has a message. */
static int exchange(psd_http *http, const char *method, const psd_text *frame, const psd_wait *wait,
                    psd_text *answer, long *http_status, psd_grpc_status *status, psd_error *error)
{
    static const char *const headers[] = {"content-type: application/grpc", "te: trailers", NULL};
    const psd_http_request request = {
        .target = method,
        .body = frame,
        .headers = headers,
        .http2 = true,
        .most_bytes = PSD_GRPC_MOST_BYTES,
        .header = header_arrived,
        .arg = status,
    };
    return psd_http_ask(http, &request, wait, http_status, answer, error);
}

int psd_grpc_serves(psd_http *http, const char *method, const psd_wait *wait, psd_error *error)
{
    PSD_AUTO_TEXT answer = PSD_TEXT_INIT;
    const psd_text nothing = PSD_TEXT_INIT;
    psd_grpc_status status = {0};
    long http_status = 0;
    if (exchange(http, method, &nothing, wait, &answer, &http_status, &status, error) < 0 ||
        check_status(http_status, &status, error) < 0)
        return -1;
    return status.code == PSD_UNIMPLEMENTED ? refuse(&status, error) : 0;
}

int psd_grpc_call(psd_http *http, const char *method, const psd_wait *wait, psd_text *answer,
                  const uint8_t **message, size_t *length, psd_error *error)
{
    static const char no_fields[PSD_GRPC_HEAD];
    PSD_AUTO_TEXT frame = PSD_TEXT_INIT;
    psd_grpc_status status = {0};
    long http_status = 0;
    psd_text_append(&frame, no_fields, sizeof(no_fields));
    if (exchange(http, method, &frame, wait, answer, &http_status, &status, error) < 0)
        return -1;
    return psd_grpc_unwrap(http_status, &status, answer, message, length, error);
}
