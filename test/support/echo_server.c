#include "test/support/echo_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/rpc/wire.h"
#include "server/store/page.h"
#include "test/v1/echo.server.h"

static void *allocate(size_t size)
{
    void *made = calloc(1, size);
    if (!made)
        abort();
    return made;
}

/* Answers as the text asks. */
static void answer(psd_call *call, const char *text, unsigned runs)
{
    Test__V1__EchoResponse response = TEST__V1__ECHO_RESPONSE__INIT;
    unsigned number = 0;
    int used = 0;
    if (sscanf(text, "fail %u %n", &number, &used) == 1) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, (psd_code)number, "%s", text + used);
        psd_call_fail(call, &error);
        return;
    }
    PSD_AUTO_FREE char *large = NULL;
    response.runs = runs;
    response.text = (char *)(uintptr_t)text;
    if (sscanf(text, "size %u", &number) == 1) {
        large = allocate((size_t)number + 1);
        memset(large, 'x', number);
        response.text = large;
    }
    psd_call_reply(call, &response.base);
}

typedef struct later {
    psd_echo_server *echo;
    psd_call *call;
    unsigned delay_ms;
    unsigned runs;
    char text[];
} later;

static void *answer_later(void *arg)
{
    PSD_AUTO_FREE later *todo = arg;
    usleep(todo->delay_ms * 1000);
    atomic_fetch_add(&todo->echo->late_answers, 1);
    answer(todo->call, todo->text, todo->runs);
    return NULL;
}

static void answer_in_time(psd_echo_server *echo, psd_call *call, const Test__V1__EchoRequest *request,
                           unsigned runs)
{
    if (request->delay_ms == 0) {
        answer(call, request->text, runs);
        return;
    }
    later *todo = allocate(sizeof(*todo) + strlen(request->text) + 1);
    *todo = (later){echo, call, request->delay_ms, runs};
    memcpy(todo->text, request->text, strlen(request->text) + 1);
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, (size_t)256 * 1024);
    if (pthread_create(&thread, &attributes, answer_later, todo) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

static void echo_handler(psd_call *call, const Test__V1__EchoRequest *request, void *arg)
{
    psd_echo_server *echo = arg;
    answer_in_time(echo, call, request, atomic_fetch_add(&echo->echo_runs, 1) + 1);
}

static void count_handler(psd_call *call, const Test__V1__EchoRequest *request, void *arg)
{
    psd_echo_server *echo = arg;
    answer_in_time(echo, call, request, atomic_fetch_add(&echo->count_runs, 1) + 1);
}

/* Shutdown has no handler on purpose. */
static const psd_echo_handlers echo_handlers = {.echo = echo_handler, .count = count_handler};

static void reply_with_page(psd_echo_server *echo, psd_call *call,
                            const Test__V1__GetInventoryRequest *request, const psd_snapshot *now)
{
    const Test__V1__Inventory *whole = (const Test__V1__Inventory *)now->message;
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    uint32_t size = request->page_size ? request->page_size : echo->page_size;
    if (psd_page_choose((ProtobufCMessage *const *)whole->items, whole->n_items, 3, now->observation, size,
                        request->page_token, &page, &error) < 0) {
        psd_call_fail(call, &error);
        return;
    }
    Test__V1__Inventory part = TEST__V1__INVENTORY__INIT;
    if (page.first == 0)
        part = *whole;
    part.items = whole->items + page.first;
    part.n_items = page.count;
    part.next_page_token = page.next_token;
    psd_call_reply(call, &part.base);
}

static void get_inventory(psd_call *call, const Test__V1__GetInventoryRequest *request, void *arg)
{
    psd_echo_server *echo = arg;
    const psd_snapshot *now = psd_topic_snapshot(echo->topic);
    unsigned pages = atomic_fetch_add(&echo->pages, 1) + 1;
    /* Before the answer goes: the caller asks for the next page at once. */
    if (pages == atomic_load(&echo->change_after_pages))
        psd_echo_server_publish(echo, ((const Test__V1__Inventory *)now->message)->n_items, 1000 + pages);
    reply_with_page(echo, call, request, now);
    psd_snapshot_release(now);
}

static const psd_inventory_handlers inventory_handlers = {.get_inventory = get_inventory};

static void send_event(void *arg, const char *topic, const void *bytes, size_t length)
{
    psd_echo_server *echo = arg;
    if (!atomic_load(&echo->mute))
        psd_server_publish(echo->server, topic, bytes, length);
}

static void free_parts(psd_echo_server *echo)
{
    psd_server_free(psd_take(echo->server));
    psd_topic_free(psd_take(echo->topic));
}

int psd_echo_server_try(psd_echo_server *echo, psd_error *error)
{
    int result = psd_topic_new("test.v1.Inventory", &psd_inventory_resource, "node-1",
                               echo->epoch ? echo->epoch : 4711, send_event, echo, &echo->topic, error);
    if (result == 0)
        result = psd_server_new(&echo->options, &echo->server, error);
    if (result == 0)
        result = psd_server_add(echo->server, &psd_echo_service, &echo_handlers, echo, error);
    if (result == 0)
        result = psd_server_add(echo->server, &psd_inventory_service, &inventory_handlers, echo, error);
    for (size_t i = 0; result == 0 && i < PSD_TEST_URLS; i++)
        if (echo->urls[i])
            result = psd_server_listen(echo->server, echo->urls[i], 0660, error);
    if (result == 0)
        result = psd_server_start(echo->server, error);
    if (result < 0)
        free_parts(echo);
    return result;
}

void psd_echo_server_start(psd_echo_server *echo)
{
    psd_error error = PSD_ERROR_INIT;
    if (psd_echo_server_try(echo, &error) < 0) {
        fprintf(stderr, "cannot start the server: %s\n", error.text);
        abort();
    }
}

void psd_echo_server_stop(psd_echo_server *echo, uint32_t grace_ms)
{
    if (!echo->server)
        return;
    psd_server_stop(echo->server, grace_ms);
    free_parts(echo);
}

void psd_echo_server_publish(psd_echo_server *echo, size_t count, unsigned value)
{
    Test__V1__Inventory *inventory = psd_test_inventory_of(count, value);
    psd_look look = {&inventory->base, 1000 + value, NULL, 0, NULL};
    psd_error error = PSD_ERROR_INIT;
    if (psd_topic_publish(echo->topic, &look, &error) < 0)
        abort();
    psd_test_inventory_free(inventory);
}
