/* Bodies that no client of ours sends: malformed, truncated, oversized, random;
 * and repeated requests. Others are served all the while. */
#include <nng/nng.h>

#include "test/support/leaving_clients.h"
#include "test/support/raw_client.h"
#include "test/support/rpc_check.h"

static const char echo_method[] = "/test.v1.EchoService/Echo";
static const char count_method[] = "/test.v1.EchoService/Count";

static nng_msg *message_of(const void *bytes, size_t length)
{
    nng_msg *message = NULL;
    assert_int_equal(nng_msg_alloc(&message, length), 0);
    if (length > 0)
        memcpy(nng_msg_body(message), bytes, length);
    return message;
}

/* Sends MESSAGE and expects an error. */
static void assert_refused(nng_socket socket, nng_msg *message, psd_code code, const char *says)
{
    Polarrpc__V1__Response *response = psd_raw_exchange(socket, message);
    assert_non_null(response);
    if (response->code != code || !strstr(response->message, says))
        fail_msg("got %u '%s', wanted %u '%s'", response->code, response->message, code, says);
    assert_int_equal(response->payload.len, 0);
    polarrpc__v1__response__free_unpacked(response, NULL);
}

/* Sends MESSAGE and expects the number of runs. */
static void assert_runs(Polarrpc__V1__Response *response, unsigned runs)
{
    assert_non_null(response);
    assert_string_equal(response->message, "");
    Test__V1__EchoResponse *answer = test__v1__echo_response__unpack(NULL, response->payload.len,
                                                                     response->payload.data);
    assert_non_null(answer);
    assert_int_equal(answer->runs, runs);
    test__v1__echo_response__free_unpacked(answer, NULL);
    polarrpc__v1__response__free_unpacked(response, NULL);
}

static void test_malformed_requests(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    assert_refused(raw, message_of("\xff\xff\xff", 3), PSD_INVALID_ARGUMENT,
                   "the message body is not a valid polarrpc.v1.Request (3 bytes)");
    assert_refused(raw, message_of("\x0a\x7fzz", 4), PSD_INVALID_ARGUMENT, "the message body is not");
    assert_refused(raw, message_of("", 0), PSD_UNIMPLEMENTED, "no method ''");
    assert_refused(raw, psd_raw_request("/nobody/Nothing", 1, "x", 0), PSD_UNIMPLEMENTED,
                   "'/nobody/Nothing'");
    assert_refused(raw, psd_raw_request("test.v1.EchoService/Echo", 1, "x", 0), PSD_UNIMPLEMENTED,
                   "no method");
    nng_msg *message = psd_wire_request(echo_method, 5, 0, NULL, (psd_bytes){"\x0a\x7f", 2},
                                        (psd_bytes){NULL, 0});
    assert_refused(raw, message, PSD_INVALID_ARGUMENT, "the request is not a valid test.v1.EchoRequest");
    char name[5000]; /* a long name is cut, not copied through */
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_refused(raw, psd_raw_request(name, 1, "x", 0), PSD_UNIMPLEMENTED, "'nnnn");
    /* The call_id comes back, with an answer as with an error. */
    Polarrpc__V1__Response *response = psd_raw_exchange(
        raw, psd_raw_request(echo_method, 0x1122334455667788, "x", 0));
    assert_true(response->call_id == 0x1122334455667788);
    polarrpc__v1__response__free_unpacked(response, NULL);
    response = psd_raw_exchange(raw, psd_raw_request("/x", 0x1122334455667788, "x", 0));
    assert_true(response->call_id == 0x1122334455667788);
    polarrpc__v1__response__free_unpacked(response, NULL);
    nng_close(raw);
    psd_rpc_assert_healthy(f->client);
    psd_server_stats stats;
    psd_server_get_stats(f->echo.server, &stats);
    assert_int_equal(stats.rejected, 8);
    assert_int_equal(stats.requests, 10);
}

/* Unknown fields belong to a newer client: they are passed over. */
static void test_fields_of_the_future(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    nng_msg *message = psd_raw_request(echo_method, 1, "x", 0);
    assert_int_equal(nng_msg_append(message, "\xf2\x3f\x03new", 6), 0); /* field 1022 */
    assert_runs(psd_raw_exchange(raw, message), 1);
    nng_close(raw);
}

/* Every length of a good request, and random bytes, each answered. */
static void test_truncated_and_random_requests(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    nng_msg *whole = psd_raw_request(echo_method, 1, "some text", 0);
    for (size_t length = 0; length < nng_msg_len(whole); length++) {
        Polarrpc__V1__Response *response = psd_raw_exchange(raw, message_of(nng_msg_body(whole), length));
        assert_non_null(response);
        polarrpc__v1__response__free_unpacked(response, NULL);
    }
    srandom(3);
    for (int round = 0; round < 500; round++) {
        char bytes[600];
        size_t length = (size_t)random() % sizeof(bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (char)random();
        if (round % 2) { /* a good envelope with flipped bytes */
            length = nng_msg_len(whole);
            memcpy(bytes, nng_msg_body(whole), length);
            bytes[(size_t)random() % length] = (char)random();
        }
        Polarrpc__V1__Response *response = psd_raw_exchange(raw, message_of(bytes, length));
        assert_non_null(response);
        polarrpc__v1__response__free_unpacked(response, NULL);
        if (round % 50 == 0)
            psd_rpc_assert_healthy(f->client);
    }
    nng_msg_free(whole);
    nng_close(raw);
    psd_rpc_assert_healthy(f->client);
}

/* Over the limit: the connection is dropped, others go on. */
static void test_oversized_requests(void **state)
{
    psd_rpc_fixture *f = *state;
    static char text[PSD_WIRE_MAX + 1];
    nng_socket raw = psd_raw_open(f->url, 300);
    for (int i = 0; i < 3; i++)
        assert_null(psd_raw_exchange(raw, message_of(text, sizeof(text))));
    nng_close(raw);
    psd_rpc_assert_healthy(f->client);
}

/* Requests whose sender leaves before the answer. */
static void test_senders_that_leave(void **state)
{
    psd_rpc_fixture *f = *state;
    for (int i = 0; i < 30; i++) {
        nng_socket raw = psd_raw_open(f->url, 5000);
        for (int k = 0; k < 4; k++)
            psd_raw_send(raw, psd_raw_request(echo_method, 0, "x", (uint32_t)k * 10));
        nng_close(raw);
    }
    psd_rpc_assert_healthy(f->client);
    psd_server_stats stats;
    assert_soon((psd_server_get_stats(f->echo.server, &stats), stats.in_flight == 0));
}

static void test_a_repeat_after_the_answer(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    for (int i = 0; i < 3; i++)
        assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 77, "x", 0)), 1);
    assert_int_equal(f->echo.count_runs, 1);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 78, "x", 0)), 2);
    /* 0 names no call, and a method without side effects needs no memory. */
    assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 0, "x", 0)), 3);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 0, "x", 0)), 4);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(echo_method, 5, "x", 0)), 1);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(echo_method, 5, "x", 0)), 2);
    nng_close(raw);
    /* A new connection of the same user: the same memory. */
    raw = psd_raw_open(f->url, 5000);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 77, "x", 0)), 1);
    assert_refused(raw, psd_raw_request(count_method, 77, "y", 0), PSD_INVALID_ARGUMENT,
                   "call_id 000000000000004d was used for another request");
    nng_close(raw);
    psd_server_stats stats;
    psd_server_get_stats(f->echo.server, &stats);
    assert_int_equal(stats.repeats, 3);
}

static void test_repeats_while_the_first_runs(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    nng_socket other = psd_raw_open(f->url, 5000);
    nng_ctx waiting[6];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(waiting); i++)
        waiting[i] = psd_raw_send(i % 2 ? other : raw, psd_raw_request(count_method, 9, "x", 100));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(waiting); i++)
        assert_runs(psd_raw_receive(waiting[i]), 1);
    assert_int_equal(f->echo.count_runs, 1);
    nng_close(raw);
    nng_close(other);
}

/* The first sender is gone before the answer; who repeats gets it. */
static void test_a_repeat_after_reconnecting(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    psd_raw_send(raw, psd_raw_request(count_method, 9, "x", 150));
    assert_soon(f->echo.count_runs == 1);
    nng_close(raw);
    raw = psd_raw_open(f->url, 5000);
    nng_ctx early = psd_raw_send(raw, psd_raw_request(count_method, 9, "x", 150));
    assert_runs(psd_raw_receive(early), 1);
    assert_runs(psd_raw_exchange(raw, psd_raw_request(count_method, 9, "x", 150)), 1);
    assert_int_equal(f->echo.count_runs, 1);
    nng_close(raw);
}

/* An error is an answer, too: it is repeated, not tried again. */
static void test_errors_are_remembered(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 5000);
    for (int i = 0; i < 2; i++)
        assert_refused(raw, psd_raw_request(count_method, 4, "fail 9 not now", 0), PSD_FAILED_PRECONDITION,
                       "not now");
    assert_int_equal(f->echo.count_runs, 1);
    nng_close(raw);
}

/* More repeats than contexts: those that wait for the first one hold a context
 * each, and the answer frees them all. */
static void test_a_crowd_of_repeats(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket raw = psd_raw_open(f->url, 10000);
    nng_ctx waiting[100];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(waiting); i++)
        waiting[i] = psd_raw_send(raw, psd_raw_request(count_method, 9, "x", 100));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(waiting); i++)
        assert_runs(psd_raw_receive(waiting[i]), 1);
    assert_int_equal(f->echo.count_runs, 1);
    nng_close(raw);
    psd_rpc_assert_healthy(f->client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_malformed_requests),
        with_server(test_fields_of_the_future),
        with_server(test_truncated_and_random_requests),
        with_server(test_oversized_requests),
        with_server(test_senders_that_leave),
        with_server(test_a_repeat_after_the_answer),
        with_server(test_repeats_while_the_first_runs),
        with_server(test_a_repeat_after_reconnecting),
        with_server(test_errors_are_remembered),
        with_server(test_a_crowd_of_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
