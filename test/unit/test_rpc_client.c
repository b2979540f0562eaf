/* A client whose server is away, dies, comes back; paging; many closings. */
#include "common/rpc/client.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>

#include "test/support/leaving_clients.h"
#include "test/support/rpc_check.h"

static void test_nobody_listens(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_client *client = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_client_options options = {.url = f->url};
    int64_t begin = psd_clock_mono_ms();
    assert_fails(psd_client_open(&options, &client, &error), &error, PSD_UNAVAILABLE, f->url);
    assert_null(client);
    options.url = "tcp://127.0.0.1:1";
    assert_fails(psd_client_open(&options, &client, &error), &error, PSD_UNAVAILABLE, "nobody listens there");
    assert_in_range(psd_clock_mono_ms() - begin, 0, 2000); /* at once */
    options.url = "http://x";
    assert_fails(psd_client_open(&options, &client, &error), &error, PSD_INVALID_ARGUMENT, "neither ipc://");
    psd_client_close(NULL);
}

static void *start_soon(void *arg)
{
    usleep(200000);
    psd_echo_server_start(arg);
    return NULL;
}

static void test_waiting_for_a_server(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_rpc_connect(f, true);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_call_options options = {.timeout_ms = 100};
    assert_fails(psd_echo_echo(f->client, &request, &options, &response, &error), &error, PSD_UNAVAILABLE,
                 "no connection within the timeout");
    pthread_t starter;
    assert_int_equal(pthread_create(&starter, NULL, start_soon, &f->echo), 0);
    options.timeout_ms = 10000;
    assert_works(psd_echo_count(f->client, &request, &options, &response, &error), &error);
    assert_int_equal(response->runs, 1);
    test__v1__echo_response__free_unpacked(response, NULL);
    pthread_join(starter, NULL);
}

/* Without wait_for_ready a call fails at once while the connection is down. */
static void test_failing_fast(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_stop(&f->echo, 0);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    /* A call that still goes out on the dying connection is repeated until its
     * timeout. */
    psd_call_options hurry = {.timeout_ms = 200};
    int64_t begin = psd_clock_mono_ms();
    assert_soon(psd_echo_echo(f->client, &request, &hurry, &response, &error) < 0 &&
                strstr(error.text, "no connection to"));
    assert_int_equal(error.code, PSD_UNAVAILABLE);
    assert_in_range(psd_clock_mono_ms() - begin, 0, 2000);
    /* One call may ask to wait. */
    pthread_t starter;
    assert_int_equal(pthread_create(&starter, NULL, start_soon, &f->echo), 0);
    psd_call_options options = {.wait_for_ready = true};
    assert_works(psd_echo_echo(f->client, &request, &options, &response, &error), &error);
    test__v1__echo_response__free_unpacked(response, NULL);
    pthread_join(starter, NULL);
    psd_rpc_assert_healthy(f->client);
}

/* A server that takes a request and goes away without an answer. */
typedef struct mute_server {
    nng_socket socket;
    const char *url;
    psd_echo_server *successor; /* started at the same url; may be NULL */
    atomic_uint requests;
} mute_server;

static void *take_and_leave(void *arg)
{
    mute_server *mute = arg;
    nng_msg *message = NULL;
    if (nng_recvmsg(mute->socket, &message, 0) != 0)
        abort();
    atomic_fetch_add(&mute->requests, 1);
    nng_msg_free(message);
    nng_close(mute->socket);
    if (mute->successor) {
        usleep(100000);
        psd_echo_server_start(mute->successor);
    }
    return NULL;
}

static void start_mute(mute_server *mute, pthread_t *thread)
{
    assert_int_equal(nng_rep0_open(&mute->socket), 0);
    assert_int_equal(nng_listen(mute->socket, mute->url, NULL, 0), 0);
    assert_int_equal(pthread_create(thread, NULL, take_and_leave, mute), 0);
}

static void test_a_call_without_side_effects_is_repeated(void **state)
{
    psd_rpc_fixture *f = *state;
    mute_server mute = {.url = f->url, .successor = &f->echo};
    pthread_t thread;
    start_mute(&mute, &thread);
    psd_rpc_connect(f, false);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_echo_echo(f->client, &request, NULL, &response, &error), &error);
    assert_string_equal(response->text, "x");
    test__v1__echo_response__free_unpacked(response, NULL);
    pthread_join(thread, NULL);
    assert_int_equal(mute.requests, 1);
    assert_int_equal(f->echo.echo_runs, 1);
}

static void test_a_call_with_side_effects_is_not_repeated(void **state)
{
    psd_rpc_fixture *f = *state;
    mute_server mute = {.url = f->url, .successor = &f->echo};
    pthread_t thread;
    start_mute(&mute, &thread);
    psd_rpc_connect(f, true);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_echo_count(f->client, &request, NULL, &response, &error), &error, PSD_UNAVAILABLE,
                 "whether the call took effect is not known");
    pthread_join(thread, NULL);
    psd_rpc_assert_healthy(f->client); /* connected again by now */
    usleep(300000);
    assert_int_equal(f->echo.count_runs, 0); /* and nobody repeated it */
}

static void test_a_server_that_does_not_come_back(void **state)
{
    psd_rpc_fixture *f = *state;
    mute_server mute = {.url = f->url};
    pthread_t thread;
    start_mute(&mute, &thread);
    psd_rpc_connect(f, false);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    psd_call_options options = {.timeout_ms = 400};
    int64_t begin = psd_clock_mono_ms();
    assert_fails(psd_echo_echo(f->client, &request, &options, &response, &error), &error, PSD_UNAVAILABLE,
                 "");
    assert_in_range(psd_clock_mono_ms() - begin, 0, 2000);
    pthread_join(thread, NULL);
}

/* Answers that no server of ours sends. */
typedef struct liar {
    nng_socket socket;
    const char *answer;
    size_t length;
} liar;

static void *lie(void *arg)
{
    liar *l = arg;
    nng_msg *message = NULL;
    if (nng_recvmsg(l->socket, &message, 0) != 0)
        return NULL;
    nng_msg_clear(message);
    nng_msg_append(message, l->answer, l->length);
    if (nng_sendmsg(l->socket, message, 0) != 0)
        nng_msg_free(message);
    return NULL;
}

static void test_answers_that_cannot_be_read(void **state)
{
    psd_rpc_fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t length;
        psd_code code;
        const char *says;
    } cases[] = {
        {"\xff\xff", 2, PSD_DATA_LOSS, "the response is not a valid polarrpc.v1.Response"},
        {"\x22\x02\x0a\x7f", 4, PSD_DATA_LOSS, "the answer is not a valid test.v1.EchoResponse"},
        {"\x10\xc8\x01", 3, PSD_UNKNOWN, "UNKNOWN"}, /* code 200, no text */
        {"\x10\x05", 2, PSD_NOT_FOUND, "NOT_FOUND"}, /* no text */
        {"\x10\x05\x1a\x02no", 6, PSD_NOT_FOUND, "no"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        liar l = {.answer = cases[i].bytes, .length = cases[i].length};
        pthread_t thread;
        assert_int_equal(nng_rep0_open(&l.socket), 0);
        assert_int_equal(nng_listen(l.socket, f->url, NULL, 0), 0);
        assert_int_equal(pthread_create(&thread, NULL, lie, &l), 0);
        psd_rpc_connect(f, false);
        Test__V1__EchoRequest request = psd_rpc_request("x", 0);
        Test__V1__EchoResponse *response = NULL;
        psd_error error = PSD_ERROR_INIT;
        assert_fails(psd_echo_echo(f->client, &request, NULL, &response, &error), &error, cases[i].code,
                     cases[i].says);
        pthread_join(thread, NULL);
        psd_client_close(f->client);
        f->client = NULL;
        nng_close(l.socket);
    }
}

static Test__V1__Inventory *get_all(psd_client *client)
{
    Test__V1__GetInventoryRequest request = TEST__V1__GET_INVENTORY_REQUEST__INIT;
    Test__V1__Inventory *inventory = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_inventory_get_inventory(client, &request, NULL, &inventory, &error), &error);
    return inventory;
}

static void assert_items(const Test__V1__Inventory *inventory, size_t count, unsigned value)
{
    assert_int_equal(inventory->n_items, count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "item-%05zu", i);
        assert_string_equal(inventory->items[i]->name, name);
        assert_int_equal(inventory->items[i]->value, value);
    }
    assert_string_equal(inventory->next_page_token, "");
}

static void publish_whole(psd_rpc_fixture *f, size_t count)
{
    static const char *const limits[] = {"one", "two"};
    char *tags[] = {(char[]){"tag a"}, (char[]){"tag b"}};
    Test__V1__Inventory *inventory = psd_test_inventory_of(count, 1);
    psd_test_inventory_set_title(inventory, "all of it");
    inventory->tags = tags;
    inventory->n_tags = 2;
    psd_look look = {&inventory->base, 1000, limits, 2, NULL};
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_topic_publish(f->echo.topic, &look, &error), &error);
    inventory->tags = NULL;
    inventory->n_tags = 0;
    psd_test_inventory_free(inventory);
}

/* However many pages it took, the answer is what one page would have been. */
static void test_pages_are_joined(void **state)
{
    psd_rpc_fixture *f = *state;
    publish_whole(f, 2000);
    for (int paged = 0; paged < 2; paged++) {
        f->echo.page_size = paged ? 1000 : 0;
        f->echo.pages = 0;
        Test__V1__Inventory *inventory = get_all(f->client);
        assert_items(inventory, 2000, 1);
        assert_string_equal(inventory->title, "all of it");
        assert_int_equal(inventory->n_tags, 2);
        assert_int_equal(inventory->observation->n_limitations, 2);
        assert_int_equal(inventory->observation->revision, 1);
        assert_in_range(f->echo.pages, paged ? 20 : 1, paged ? 100 : 1);
        test__v1__inventory__free_unpacked(inventory, NULL);
    }
}

static void test_more_than_fits_into_a_message(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 90000, 1);
    Test__V1__Inventory *inventory = get_all(f->client);
    assert_items(inventory, 90000, 1);
    assert_in_range(f->echo.pages, 2, 5);
    test__v1__inventory__free_unpacked(inventory, NULL);
}

/* Never half of the old state and half of the new one. */
static void test_a_change_between_pages(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 500, 1);
    f->echo.page_size = 1000;
    f->echo.change_after_pages = 3;
    Test__V1__Inventory *inventory = get_all(f->client);
    assert_items(inventory, 500, 1003);
    assert_int_equal(inventory->observation->revision, 2);
    test__v1__inventory__free_unpacked(inventory, NULL);
}

/* A caller that asks for pages gets pages. */
static void test_pages_one_by_one(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server_publish(&f->echo, 100, 1);
    Test__V1__GetInventoryRequest request = TEST__V1__GET_INVENTORY_REQUEST__INIT;
    request.page_size = 500;
    size_t seen = 0;
    Test__V1__Inventory *page = NULL;
    psd_error error = PSD_ERROR_INIT;
    do {
        Test__V1__Inventory *next = NULL;
        assert_works(psd_inventory_get_inventory(f->client, &request, NULL, &next, &error), &error);
        if (page)
            test__v1__inventory__free_unpacked(page, NULL);
        page = next;
        seen += page->n_items;
        request.page_token = page->next_page_token;
    } while (page->next_page_token[0]);
    assert_int_equal(seen, 100);
    test__v1__inventory__free_unpacked(page, NULL);
    request.page_token = (char[]){"nonsense"};
    assert_fails(psd_inventory_get_inventory(f->client, &request, NULL, &page, &error), &error,
                 PSD_INVALID_ARGUMENT, "is not a page token");
}

static void count_down(void *arg, const Test__V1__EchoResponse *response, const psd_error *error)
{
    if (!response == !error)
        abort();
    atomic_fetch_sub((atomic_uint *)arg, 1);
}

/* Closing while answers arrive: each call ends once, and closing returns. */
static void test_closing_again_and_again(void **state)
{
    psd_rpc_fixture *f = *state;
    static const unsigned counts[] = {1, 4, 64};
    for (int i = 0; i < 300; i++) {
        psd_client *client = NULL;
        psd_error error = PSD_ERROR_INIT;
        atomic_uint open = counts[i % 3];
        assert_works(psd_client_open(&(psd_client_options){.url = f->url}, &client, &error), &error);
        for (unsigned k = counts[i % 3]; k > 0; k--) {
            Test__V1__EchoRequest request = psd_rpc_request("x", 0);
            assert_works(psd_echo_echo_async(client, &request, NULL, count_down, &open, &error), &error);
        }
        if (i % 2)
            usleep((unsigned)i);
        psd_client_close(client);
        assert_int_equal(open, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        without_server(test_nobody_listens),
        without_server(test_waiting_for_a_server),
        with_server(test_failing_fast),
        without_server(test_a_call_without_side_effects_is_repeated),
        without_server(test_a_call_with_side_effects_is_not_repeated),
        without_server(test_a_server_that_does_not_come_back),
        without_server(test_answers_that_cannot_be_read),
        with_server(test_pages_are_joined),
        with_server(test_more_than_fits_into_a_message),
        with_server(test_a_change_between_pages),
        with_server(test_pages_one_by_one),
        with_server(test_closing_again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
