/* Bodies of messages: there and back, truncated, garbage. */
#include "common/rpc/wire.h"

#include <stdlib.h>

#include "test/support/check.h"
#include "test/v1/echo.pb-c.h"

static ProtobufCMessage *unpack_message(const ProtobufCMessageDescriptor *type, nng_msg *message)
{
    psd_error error = PSD_ERROR_INIT;
    psd_bytes body = {nng_msg_body(message), nng_msg_len(message)};
    ProtobufCMessage *unpacked = psd_wire_unpack(type, body, "the body", &error);
    nng_msg_free(message);
    if (!unpacked)
        fail_msg("%s", error.text);
    return unpacked;
}

static void test_requests(void **state)
{
    (void)state;
    nng_msg *message = psd_wire_request("/a.B/C", 0x0123456789abcdef, 250, "secret", (psd_bytes){"abc", 3},
                                        (psd_bytes){"de", 2});
    Polarrpc__V1__Request *request = (Polarrpc__V1__Request *)unpack_message(
        &polarrpc__v1__request__descriptor, message);
    assert_string_equal(request->method, "/a.B/C");
    assert_true(request->call_id == 0x0123456789abcdef);
    assert_int_equal(request->timeout_ms, 250);
    assert_string_equal(request->token, "secret");
    assert_int_equal(request->payload.len, 5);
    assert_memory_equal(request->payload.data, "abcde", 5);
    polarrpc__v1__request__free_unpacked(request, NULL);

    message = psd_wire_request("", 0, 0, NULL, (psd_bytes){NULL, 0}, (psd_bytes){NULL, 0});
    request = (Polarrpc__V1__Request *)unpack_message(&polarrpc__v1__request__descriptor, message);
    assert_string_equal(request->method, "");
    assert_string_equal(request->token, "");
    assert_int_equal(request->payload.len, 0);
    polarrpc__v1__request__free_unpacked(request, NULL);
}

static Polarrpc__V1__Response *read_response(nng_msg *message)
{
    return (Polarrpc__V1__Response *)unpack_message(&polarrpc__v1__response__descriptor, message);
}

static void test_responses(void **state)
{
    (void)state;
    Test__V1__EchoResponse answer = TEST__V1__ECHO_RESPONSE__INIT;
    answer.text = (char[]){"hello"};
    answer.runs = 3;
    Polarrpc__V1__Response *response = read_response(psd_wire_response(UINT64_MAX, &answer.base));
    assert_true(response->call_id == UINT64_MAX);
    assert_int_equal(response->code, PSD_OK);
    assert_string_equal(response->message, "");
    Test__V1__EchoResponse *got = test__v1__echo_response__unpack(NULL, response->payload.len,
                                                                  response->payload.data);
    assert_non_null(got);
    assert_string_equal(got->text, "hello");
    assert_int_equal(got->runs, 3);
    test__v1__echo_response__free_unpacked(got, NULL);
    polarrpc__v1__response__free_unpacked(response, NULL);

    response = read_response(psd_wire_response_packed(1, (psd_bytes){NULL, 0}));
    assert_int_equal(response->payload.len, 0);
    polarrpc__v1__response__free_unpacked(response, NULL);

    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_NOT_FOUND, "no port 5");
    response = read_response(psd_wire_response_error(7, &error));
    assert_int_equal(response->code, PSD_NOT_FOUND);
    assert_string_equal(response->message, "no port 5");
    assert_int_equal(response->payload.len, 0);
    polarrpc__v1__response__free_unpacked(response, NULL);

    /* An error that forgot its code does not pass for success. */
    psd_error none = PSD_ERROR_INIT;
    response = read_response(psd_wire_response_error(7, &none));
    assert_int_equal(response->code, PSD_UNKNOWN);
    polarrpc__v1__response__free_unpacked(response, NULL);
}

static void test_answers_that_are_too_large(void **state)
{
    (void)state;
    static char bytes[PSD_WIRE_PAYLOAD_MAX + 1];
    nng_msg *message = psd_wire_response_packed(1, (psd_bytes){bytes, PSD_WIRE_PAYLOAD_MAX});
    assert_true(nng_msg_len(message) <= PSD_WIRE_MAX);
    Polarrpc__V1__Response *response = read_response(message);
    assert_int_equal(response->payload.len, PSD_WIRE_PAYLOAD_MAX);
    polarrpc__v1__response__free_unpacked(response, NULL);

    response = read_response(psd_wire_response_packed(1, (psd_bytes){bytes, PSD_WIRE_PAYLOAD_MAX + 1}));
    assert_int_equal(response->code, PSD_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(response->message, "ask for pages"));
    polarrpc__v1__response__free_unpacked(response, NULL);

    Test__V1__EchoResponse answer = TEST__V1__ECHO_RESPONSE__INIT;
    answer.text = bytes;
    memset(bytes, 'x', PSD_WIRE_PAYLOAD_MAX);
    response = read_response(psd_wire_response(1, &answer.base));
    assert_int_equal(response->code, PSD_RESOURCE_EXHAUSTED);
    polarrpc__v1__response__free_unpacked(response, NULL);
}

static void test_events(void **state)
{
    (void)state;
    nng_msg *message = psd_wire_event("a.B", (psd_bytes){"\0xy", 3});
    psd_bytes body = {nng_msg_body(message), nng_msg_len(message)};
    assert_int_equal(body.length, 7);
    const char *topic = NULL;
    psd_bytes event = {NULL, 0};
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_wire_split_event(body, &topic, &event, &error), &error);
    assert_string_equal(topic, "a.B");
    assert_int_equal(event.length, 3);
    assert_memory_equal(event.data, "\0xy", 3);
    assert_works(psd_wire_split_event((psd_bytes){"a", 2}, &topic, &event, &error), &error);
    assert_int_equal(event.length, 0);
    assert_fails(psd_wire_split_event((psd_bytes){"abc", 3}, &topic, &event, &error), &error, PSD_DATA_LOSS,
                 "no zero byte");
    assert_fails(psd_wire_split_event((psd_bytes){NULL, 0}, &topic, &event, &error), &error, PSD_DATA_LOSS,
                 "no zero byte");
    nng_msg_free(message);
}

/* A cut message is either refused or, where the cut falls between fields, a
 * smaller valid one: never a fault. */
static void test_truncated_requests(void **state)
{
    (void)state;
    nng_msg *message = psd_wire_request("/a.B/C", 1, 250, "t", (psd_bytes){"abc", 3}, (psd_bytes){NULL, 0});
    size_t refused = 0;
    for (size_t length = 0; length < nng_msg_len(message); length++) {
        char *cut = malloc(length + 1); /* of its own, so that a sanitizer sees the end */
        memcpy(cut, nng_msg_body(message), length);
        psd_error error = PSD_ERROR_INIT;
        ProtobufCMessage *request = psd_wire_unpack(&polarrpc__v1__request__descriptor,
                                                    (psd_bytes){cut, length}, "the message body", &error);
        if (request)
            protobuf_c_message_free_unpacked(request, NULL);
        else
            refused += error.code == PSD_INVALID_ARGUMENT && strstr(error.text, "polarrpc.v1.Request");
        free(cut);
    }
    assert_true(refused > nng_msg_len(message) / 2);
    nng_msg_free(message);
}

static void test_garbage(void **state)
{
    (void)state;
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)random() % 64;
        char *bytes = malloc(length + 1);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (char)random();
        psd_error error = PSD_ERROR_INIT;
        ProtobufCMessage *request = psd_wire_unpack(&polarrpc__v1__request__descriptor,
                                                    (psd_bytes){bytes, length}, "it", &error);
        if (request)
            protobuf_c_message_free_unpacked(request, NULL);
        else
            assert_int_equal(error.code, PSD_INVALID_ARGUMENT);
        free(bytes);
    }
}

static void test_errors_of_nng(void **state)
{
    (void)state;
    static const struct {
        int number;
        psd_code code;
        const char *text;
    } cases[] = {
        {NNG_ETIMEDOUT, PSD_DEADLINE_EXCEEDED, "dial x: Timed out"},
        {NNG_ECLOSED, PSD_CANCELLED, "dial x: Object closed"},
        {NNG_ECONNREFUSED, PSD_UNAVAILABLE, "dial x: nobody listens there"},
        {NNG_ENOENT, PSD_UNAVAILABLE, "dial x: no such socket"},
        {NNG_EADDRINUSE, PSD_ALREADY_EXISTS, "dial x: the address is in use"},
        {NNG_EPERM, PSD_PERMISSION_DENIED, "dial x: permission denied"},
        {NNG_EADDRINVAL, PSD_INVALID_ARGUMENT, "dial x: not a valid address"},
        {NNG_ENOMEM, PSD_RESOURCE_EXHAUSTED, "dial x: Out of memory"},
        {NNG_EINTERNAL, PSD_INTERNAL, "dial x: "},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_error error = PSD_ERROR_INIT;
        assert_fails(psd_error_set_nng(&error, cases[i].number, "dial %s", "x"), &error, cases[i].code,
                     cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_answers_that_are_too_large),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_truncated_requests),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_errors_of_nng),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
