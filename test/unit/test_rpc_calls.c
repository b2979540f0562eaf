/* Calls between a real client and a real server: answers, errors, deadlines,
 * many at once. */
#include "common/rpc/client.h"

#include <pthread.h>

#include "test/support/leaving_clients.h"
#include "test/support/rpc_check.h"

/* Calls Echo and expects the text back. */
static void assert_echo(psd_client *client, const char *text, uint32_t delay_ms)
{
    Test__V1__EchoRequest request = psd_rpc_request(text, delay_ms);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_echo_echo(client, &request, NULL, &response, &error), &error);
    assert_string_equal(response->text, text);
    test__v1__echo_response__free_unpacked(response, NULL);
}

static void assert_echo_fails(psd_client *client, const char *text, psd_code code, const char *says)
{
    Test__V1__EchoRequest request = psd_rpc_request(text, 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_echo_echo(client, &request, NULL, &response, &error), &error, code, says);
    assert_null(response);
}

static void test_unary(void **state)
{
    psd_rpc_fixture *f = *state;
    assert_string_equal(psd_client_url(f->client), f->url);
    assert_echo(f->client, "", 0);
    assert_echo(f->client, "hello", 0);
    assert_echo(f->client, "late", 5);
    assert_int_equal(f->echo.echo_runs, 3);
    assert_int_equal(f->echo.late_answers, 1);
    psd_server_stats stats;
    psd_server_get_stats(f->echo.server, &stats);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.rejected, 0);
}

static void test_unary_over_tcp(void **state)
{
    psd_rpc_fixture *f = *state;
    char url[64];
    f->echo.urls[1] = url;
    f->echo.options.operator_hint = "ask for it politely";
    psd_error error = PSD_ERROR_INIT;
    int result = -1;
    for (int i = 0; i < 100 && result < 0; i++) { /* until a port and the next one are free */
        snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", 20000 + arc4random_uniform(10000));
        result = psd_echo_server_try(&f->echo, &error);
    }
    assert_works(result, &error);
    psd_client *client = NULL;
    assert_works(psd_client_open(&(psd_client_options){.url = url}, &client, &error), &error);
    assert_echo(client, "hello", 0);
    assert_echo(client, "late", 5);
    /* TCP callers are READER: no changes. */
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    assert_fails(psd_echo_count(client, &request, NULL, &response, &error), &error, PSD_PERMISSION_DENIED,
                 "needs the role OPERATOR, the caller has READER: ask for it politely");
    assert_fails(psd_echo_shutdown(client, &request, NULL, &response, &error), &error, PSD_PERMISSION_DENIED,
                 "needs the role ADMIN, the caller has READER");
    assert_null(strstr(error.text, "politely")); /* that would not help */
    assert_int_equal(f->echo.count_runs, 0);
    psd_client_close(client);
}

static void test_errors_travel_with_code_and_text(void **state)
{
    psd_rpc_fixture *f = *state;
    for (unsigned code = 1; code <= 16; code++) {
        char text[64];
        snprintf(text, sizeof(text), "fail %u reason %u", code, code);
        assert_echo_fails(f->client, text, (psd_code)code, text + strlen("fail 1 ") + (code > 9));
    }
    assert_echo_fails(f->client, "fail 99 odd", PSD_UNKNOWN, "odd");
    assert_echo_fails(f->client, "fail 0 ", PSD_UNKNOWN, "UNKNOWN");
    psd_rpc_assert_healthy(f->client);
}

static void test_methods_that_cannot_be_called(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    ProtobufCMessage *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_method stranger = psd_echo_methods[PSD_ECHO_METHOD_ECHO];
    stranger.full_name = "/test.v1.EchoService/Missing";
    assert_fails(psd_client_call(f->client, &stranger, &request.base, NULL, &response, &error), &error,
                 PSD_UNIMPLEMENTED, "no method '/test.v1.EchoService/Missing'");
    const psd_method *shutdown = &psd_echo_methods[PSD_ECHO_METHOD_SHUTDOWN];
    assert_fails(psd_client_call(f->client, shutdown, &request.base, NULL, &response, &error), &error,
                 PSD_UNIMPLEMENTED, "/test.v1.EchoService/Shutdown has no handler in this server");
    const psd_method *stream = &psd_inventory_methods[PSD_INVENTORY_METHOD_WATCH_INVENTORY];
    Test__V1__WatchInventoryRequest nothing = TEST__V1__WATCH_INVENTORY_REQUEST__INIT;
    assert_fails(psd_client_call(f->client, stream, &nothing.base, NULL, &response, &error), &error,
                 PSD_FAILED_PRECONDITION, "subscribe to the topic 'test.v1.Inventory'");
    psd_rpc_assert_healthy(f->client);
}

static psd_role as_told(const psd_peer *peer, void *arg)
{
    if (!peer->is_ipc || peer->uid != geteuid())
        return PSD_ROLE_NONE;
    return strcmp(peer->token, "secret") == 0 ? PSD_ROLE_ADMIN : (psd_role)atomic_load((atomic_int *)arg);
}

static void test_roles(void **state)
{
    psd_rpc_fixture *f = *state;
    atomic_int role = PSD_ROLE_READER;
    f->echo.options.authorize = as_told;
    f->echo.options.authorize_arg = &role;
    psd_echo_server_start(&f->echo);
    psd_rpc_connect(f, false);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_rpc_assert_healthy(f->client);
    assert_fails(psd_echo_count(f->client, &request, NULL, &response, &error), &error, PSD_PERMISSION_DENIED,
                 "/test.v1.EchoService/Count needs the role OPERATOR, the caller has READER");
    role = PSD_ROLE_OPERATOR;
    assert_works(psd_echo_count(f->client, &request, NULL, &response, &error), &error);
    test__v1__echo_response__free_unpacked(response, NULL);
    assert_fails(psd_echo_shutdown(f->client, &request, NULL, &response, &error), &error,
                 PSD_PERMISSION_DENIED, "needs the role ADMIN, the caller has OPERATOR");
    role = PSD_ROLE_NONE;
    assert_echo_fails(f->client, "x", PSD_PERMISSION_DENIED, "the caller has NONE");
    assert_int_equal(f->echo.count_runs, 1);
    /* The token of the client reaches the server with each call. */
    psd_client *known = NULL;
    psd_client_options options = {.url = f->url, .token = "secret"};
    assert_works(psd_client_open(&options, &known, &error), &error);
    psd_rpc_assert_healthy(known);
    psd_client_close(known);
}

static void test_the_local_policy(void **state)
{
    (void)state;
    psd_peer peer = {.is_ipc = true, .uid = 0, .token = ""};
    assert_int_equal(psd_authorize_local(&peer, NULL), PSD_ROLE_ADMIN);
    peer.uid = geteuid();
    assert_int_equal(psd_authorize_local(&peer, NULL), PSD_ROLE_ADMIN);
    peer.uid = geteuid() + 4711;
    assert_int_equal(psd_authorize_local(&peer, NULL), PSD_ROLE_READER);
    peer = (psd_peer){.is_ipc = false, .uid = 0, .token = ""};
    assert_int_equal(psd_authorize_local(&peer, NULL), PSD_ROLE_READER);
    psd_role role = PSD_ROLE_OPERATOR;
    assert_int_equal(psd_authorize_local(&peer, &role), PSD_ROLE_OPERATOR);
    peer = (psd_peer){.is_ipc = true, .uid = geteuid() + 4711, .token = ""};
    assert_int_equal(psd_authorize_local(&peer, &role), PSD_ROLE_READER);
}

/* The handler sits on the call: the client is told in time, and the late reply
 * finds nobody. */
static void test_deadline(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("slow", 300);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_call_options options = {.timeout_ms = 60};
    for (int i = 0; i < 3; i++) {
        int64_t begin = psd_clock_mono_ms();
        assert_fails(psd_echo_echo(f->client, &request, &options, &response, &error), &error,
                     PSD_DEADLINE_EXCEEDED, "within");
        assert_in_range(psd_clock_mono_ms() - begin, 55, 5000); /* each has its own time */
    }
    psd_rpc_assert_healthy(f->client);
    assert_soon(f->echo.late_answers == 3);
    psd_rpc_assert_healthy(f->client);
    psd_server_stats stats;
    assert_soon((psd_server_get_stats(f->echo.server, &stats), stats.in_flight == 0));
    assert_int_equal(stats.requests, 5);
    assert_int_equal(stats.rejected, 3); /* too late */
}

/* A server with one context frees it at the deadline, for others. */
static void test_a_late_handler_does_not_block_others(void **state)
{
    psd_rpc_fixture *f = *state;
    f->echo.options.max_in_flight = 1;
    psd_echo_server_start(&f->echo);
    psd_rpc_connect(f, false);
    Test__V1__EchoRequest request = psd_rpc_request("slow", 500);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_call_options options = {.timeout_ms = 50};
    assert_fails(psd_echo_echo(f->client, &request, &options, &response, &error), &error,
                 PSD_DEADLINE_EXCEEDED, "within");
    psd_rpc_assert_healthy(f->client);
    assert_int_equal(f->echo.late_answers, 0);
}

static void test_large_timeouts(void **state)
{
    psd_rpc_fixture *f = *state;
    static const uint32_t timeouts[] = {INT32_MAX, (uint32_t)INT32_MAX + 1, UINT32_MAX - 1, UINT32_MAX};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(timeouts); i++) {
        Test__V1__EchoRequest request = psd_rpc_request("x", 2);
        Test__V1__EchoResponse *response = NULL;
        psd_error error = PSD_ERROR_INIT;
        psd_call_options options = {.timeout_ms = timeouts[i]};
        assert_works(psd_echo_echo(f->client, &request, &options, &response, &error), &error);
        test__v1__echo_response__free_unpacked(response, NULL);
    }
}

/* Requests and answers over the limit of 1 MiB. */
static void test_sizes(void **state)
{
    psd_rpc_fixture *f = *state;
    static char text[(1 << 20) + 1];
    memset(text, 'x', sizeof(text) - 1);
    assert_echo_fails(f->client, text, PSD_RESOURCE_EXHAUSTED, "the request has 10485");
    assert_int_equal(f->echo.echo_runs, 0);
    text[1000000] = '\0';
    assert_echo(f->client, text, 0);
    assert_echo_fails(f->client, "size 1048576", PSD_RESOURCE_EXHAUSTED, "the answer has 10485");
    assert_echo_fails(f->client, "size 100000000", PSD_RESOURCE_EXHAUSTED, "ask for pages");
    psd_rpc_assert_healthy(f->client);
}

typedef struct tally {
    atomic_uint good;
    atomic_uint bad;
    atomic_uint cancelled;
} tally;

static void count_done(void *arg, const Test__V1__EchoResponse *response, const psd_error *error)
{
    tally *t = arg;
    if (response && !error && strcmp(response->text, "hi") == 0)
        atomic_fetch_add(&t->good, 1);
    else if (!response && error && error->code == PSD_CANCELLED)
        atomic_fetch_add(&t->cancelled, 1);
    else
        atomic_fetch_add(&t->bad, 1);
}

/* 500 asynchronous calls on 64 contexts, answered by other threads. */
static void test_many_calls_at_once(void **state)
{
    psd_rpc_fixture *f = *state;
    tally t = {0};
    psd_error error = PSD_ERROR_INIT;
    for (int i = 0; i < 500; i++) {
        Test__V1__EchoRequest request = psd_rpc_request("hi", 1 + (uint32_t)i % 20);
        assert_works(psd_echo_echo_async(f->client, &request, NULL, count_done, &t, &error), &error);
    }
    assert_soon(t.good + t.bad + t.cancelled == 500);
    assert_int_equal(t.good, 500);
    assert_int_equal(f->echo.late_answers, 500);
}

static void *call_often(void *arg)
{
    psd_rpc_fixture *f = arg;
    for (int i = 0; i < 100; i++)
        assert_echo(f->client, "from a thread", i % 10 == 0 ? 1 : 0);
    return NULL;
}

static void test_blocking_calls_from_many_threads(void **state)
{
    psd_rpc_fixture *f = *state;
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, f), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(f->echo.echo_runs, 800);
}

typedef struct outcome {
    psd_error error;
    atomic_bool ended;
} outcome;

static void take_error(void *arg, const Test__V1__EchoResponse *response, const psd_error *error)
{
    outcome *got = arg;
    if (response || !error)
        abort();
    got->error = *error;
    atomic_store(&got->ended, true);
}

static void test_async_errors(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_error error = PSD_ERROR_INIT;
    outcome got = {.error = PSD_ERROR_INIT};
    Test__V1__EchoRequest request = psd_rpc_request("fail 5 no such thing", 0);
    assert_works(psd_echo_echo_async(f->client, &request, NULL, take_error, &got, &error), &error);
    assert_soon(got.ended);
    assert_int_equal(got.error.code, PSD_NOT_FOUND);
    assert_string_equal(got.error.text, "no such thing");
    got.ended = false;
    request = psd_rpc_request("slow", 200);
    psd_call_options options = {.timeout_ms = 30};
    assert_works(psd_echo_echo_async(f->client, &request, &options, take_error, &got, &error), &error);
    assert_soon(got.ended);
    assert_int_equal(got.error.code, PSD_DEADLINE_EXCEEDED);
    /* What cannot be sent is refused at once. */
    static char text[(1 << 20) + 1];
    memset(text, 'x', sizeof(text) - 1);
    request = psd_rpc_request(text, 0);
    assert_fails(psd_echo_echo_async(f->client, &request, NULL, take_error, &got, &error), &error,
                 PSD_RESOURCE_EXHAUSTED, "at most are sent");
}

/* A callback may start the next call. */
typedef struct chain {
    psd_client *client;
    atomic_uint left;
} chain;

static void call_again(void *arg, const Test__V1__EchoResponse *response, const psd_error *error)
{
    chain *c = arg;
    psd_error failure = PSD_ERROR_INIT;
    Test__V1__EchoRequest request = psd_rpc_request("hi", 0);
    if (!response || error)
        abort();
    if (atomic_fetch_sub(&c->left, 1) > 1 &&
        psd_echo_echo_async(c->client, &request, NULL, call_again, c, &failure) < 0)
        abort();
}

static void test_calls_from_callbacks(void **state)
{
    psd_rpc_fixture *f = *state;
    chain c = {f->client, 200};
    psd_error error = PSD_ERROR_INIT;
    Test__V1__EchoRequest request = psd_rpc_request("hi", 0);
    assert_works(psd_echo_echo_async(f->client, &request, NULL, call_again, &c, &error), &error);
    assert_soon(c.left == 0);
}

static void test_closing_with_calls_in_flight(void **state)
{
    psd_rpc_fixture *f = *state;
    tally t = {0};
    psd_error error = PSD_ERROR_INIT;
    for (int i = 0; i < 100; i++) {
        Test__V1__EchoRequest request = psd_rpc_request("hi", 200);
        assert_works(psd_echo_echo_async(f->client, &request, NULL, count_done, &t, &error), &error);
    }
    int64_t begin = psd_clock_mono_ms();
    psd_client_close(f->client);
    f->client = NULL;
    assert_int_equal(t.cancelled, 100); /* each callback has run by now */
    assert_in_range(psd_clock_mono_ms() - begin, 0, 150);
}

static void *close_soon(void *arg)
{
    usleep(50000);
    psd_client_close(arg);
    return NULL;
}

static void test_closing_under_a_blocking_call(void **state)
{
    psd_rpc_fixture *f = *state;
    pthread_t closer;
    Test__V1__EchoRequest request = psd_rpc_request("slow", 1000);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(pthread_create(&closer, NULL, close_soon, f->client), 0);
    assert_fails(psd_echo_echo(f->client, &request, NULL, &response, &error), &error, PSD_CANCELLED,
                 "the client was closed");
    pthread_join(closer, NULL);
    f->client = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_unary),
        without_server(test_unary_over_tcp),
        with_server(test_errors_travel_with_code_and_text),
        with_server(test_methods_that_cannot_be_called),
        without_server(test_roles),
        cmocka_unit_test(test_the_local_policy),
        with_server(test_deadline),
        without_server(test_a_late_handler_does_not_block_others),
        with_server(test_large_timeouts),
        with_server(test_sizes),
        with_server(test_many_calls_at_once),
        with_server(test_blocking_calls_from_many_threads),
        with_server(test_async_errors),
        with_server(test_calls_from_callbacks),
        with_server(test_closing_with_calls_in_flight),
        with_server(test_closing_under_a_blocking_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
