/* rpc_check.h - a server and a client of its own for each test of the runtime. */
#ifndef PSD_TEST_SUPPORT_RPC_CHECK_H
#define PSD_TEST_SUPPORT_RPC_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/check.h"
#include "test/support/echo_server.h"
#include "test/support/temp_dir.h"

typedef struct psd_rpc_fixture {
    char *dir;
    char url[128]; /* ipc, in dir */
    psd_echo_server echo;
    psd_client *client; /* NULL until psd_rpc_connect() */
} psd_rpc_fixture;

/* A folder and a url; nothing runs yet. */
static inline int psd_rpc_set_up_idle(void **state)
{
    psd_rpc_fixture *f = calloc(1, sizeof(*f));
    f->dir = psd_test_temp_dir();
    snprintf(f->url, sizeof(f->url), "ipc://%s/t.sock", f->dir);
    f->echo.urls[0] = f->url;
    *state = f;
    return 0;
}

static inline void psd_rpc_connect(psd_rpc_fixture *f, bool wait_for_ready)
{
    psd_error error = PSD_ERROR_INIT;
    psd_client_options options = {.url = f->url, .wait_for_ready = wait_for_ready};
    assert_works(psd_client_open(&options, &f->client, &error), &error);
}

/* A server and a client. */
static inline int psd_rpc_set_up(void **state)
{
    psd_rpc_set_up_idle(state);
    psd_rpc_fixture *f = *state;
    psd_echo_server_start(&f->echo);
    psd_rpc_connect(f, false);
    return 0;
}

static inline int psd_rpc_tear_down(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_client_close(f->client);
    psd_echo_server_stop(&f->echo, 100);
    psd_test_remove_dir(f->dir);
    free(f);
    return 0;
}

/* TEXT, answered after DELAY_MS. */
static inline Test__V1__EchoRequest psd_rpc_request(const char *text, uint32_t delay_ms)
{
    Test__V1__EchoRequest request = TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t)text;
    request.delay_ms = delay_ms;
    return request;
}

/* The server answers: what was done to it before did no harm. */
static inline void psd_rpc_assert_healthy(psd_client *client)
{
    Test__V1__EchoRequest request = psd_rpc_request("are you there?", 0);
    Test__V1__EchoResponse *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_echo_echo(client, &request, NULL, &response, &error), &error);
    assert_string_equal(response->text, "are you there?");
    test__v1__echo_response__free_unpacked(response, NULL);
}

/* Waits up to 10 s for CONDITION. */
#define assert_soon(condition)                                         \
    do {                                                               \
        int64_t until_ = psd_clock_mono_ms() + 10000;                  \
        while (!(condition)) {                                         \
            if (psd_clock_mono_ms() > until_)                          \
                fail_msg("did not come true in 10 s: %s", #condition); \
            usleep(1000);                                              \
        }                                                              \
    } while (0)

#define with_server(test) cmocka_unit_test_setup_teardown(test, psd_rpc_set_up, psd_rpc_tear_down)
#define without_server(test) cmocka_unit_test_setup_teardown(test, psd_rpc_set_up_idle, psd_rpc_tear_down)

#endif
