/* Connections to agents that are kept for a while. */
#include "k8s/cluster/connections.h"

#include "test/support/rpc_check.h"

static psd_client *open_to(const char *url)
{
    psd_error error = PSD_ERROR_INIT;
    psd_client_options options = {.url = url, .wait_for_ready = true};
    psd_client *client = NULL;
    assert_works(psd_client_open(&options, &client, &error), &error);
    return client;
}

static void each_serves_once_at_a_time(void **state)
{
    (void)state;
    const char *urls[] = {"tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tcp://127.0.0.1:3"};
    psd_error error = PSD_ERROR_INIT;
    psd_connections *connections = NULL;
    psd_client *clients[3] = {open_to(urls[0]), NULL, open_to(urls[2])};
    psd_client *first = clients[0];
    assert_works(psd_connections_new(&connections, &error), &error);
    psd_connections_keep(connections, urls, 3, clients);
    psd_connections_take(connections, urls, 3, clients);
    assert_ptr_equal(clients[0], first);
    assert_null(clients[1]);
    assert_non_null(clients[2]);
    psd_client *none[3] = {first, first, first};
    psd_connections_take(connections, urls, 3, none);
    assert_null(none[0]);
    assert_null(none[1]);
    assert_null(none[2]);
    psd_connections_keep(connections, urls, 3, clients);
    psd_connections_free(connections); /* closes them */
}

/* As of two rounds side by side. */
static void a_second_one_to_the_same_server_is_closed(void **state)
{
    (void)state;
    const char *urls[] = {"tcp://127.0.0.1:1", "tcp://127.0.0.1:1"};
    psd_error error = PSD_ERROR_INIT;
    psd_connections *connections = NULL;
    psd_client *clients[2] = {open_to(urls[0]), open_to(urls[0])};
    psd_client *first = clients[0];
    assert_works(psd_connections_new(&connections, &error), &error);
    psd_connections_keep(connections, urls, 2, clients);
    psd_connections_take(connections, urls, 2, clients);
    assert_ptr_equal(clients[0], first);
    assert_null(clients[1]);
    psd_client_close(clients[0]);
    psd_connections_free(connections);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_serves_once_at_a_time),
        cmocka_unit_test(a_second_one_to_the_same_server_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
