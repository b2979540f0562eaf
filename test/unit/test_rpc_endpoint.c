/* Urls of servers: the stream's url, loopback, and every rejection. */
#include "common/rpc/endpoint.h"

#include <stdio.h>

#include "test/support/check.h"

static void test_streams_follow_from_requests(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *stream_url;
        bool is_ipc;
        bool is_loopback;
    } cases[] = {
        {"ipc:///run/x/daemon.sock", "ipc:///run/x/daemon.stream.sock", true, false},
        {"ipc:///run/x/daemon", "ipc:///run/x/daemon.stream", true, false},
        {"ipc:///.sock", "ipc:///.stream.sock", true, false},
        {"ipc:///a.sock/b", "ipc:///a.sock/b.stream", true, false},
        {"tcp://127.0.0.1:9000", "tcp://127.0.0.1:9001", false, true},
        {"tcp://127.1.2.3:9999", "tcp://127.1.2.3:10000", false, true},
        {"tcp://localhost:1", "tcp://localhost:2", false, true},
        {"tcp://[::1]:65534", "tcp://[::1]:65535", false, true},
        {"tcp://0.0.0.0:9000", "tcp://0.0.0.0:9001", false, false},
        {"tcp://*:9000", "tcp://*:9001", false, false},
        {"tcp://[::]:9000", "tcp://[::]:9001", false, false},
        {"tcp://192.168.0.1:9000", "tcp://192.168.0.1:9001", false, false},
        {"tcp://127.evil.example:9000", "tcp://127.evil.example:9001", false, false},
        {"tcp://127.0.0.1.evil.example:9", "tcp://127.0.0.1.evil.example:10", false, false},
        {"tcp://localhost.evil.example:9", "tcp://localhost.evil.example:10", false, false},
        {"tcp://12.0.0.1:9", "tcp://12.0.0.1:10", false, false},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_endpoint endpoint;
        psd_error error = PSD_ERROR_INIT;
        assert_works(psd_endpoint_parse(cases[i].url, &endpoint, &error), &error);
        assert_string_equal(endpoint.url, cases[i].url);
        assert_string_equal(endpoint.stream_url, cases[i].stream_url);
        assert_int_equal(endpoint.is_ipc, cases[i].is_ipc);
        assert_int_equal(endpoint.is_loopback, cases[i].is_loopback);
        if (cases[i].is_ipc)
            assert_string_equal(endpoint.path, cases[i].url + strlen("ipc://"));
    }
}

static void test_refused_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        {"", "begins with neither ipc:// nor tcp://"},
        {"/run/x.sock", "begins with neither"},
        {"http://127.0.0.1:80", "begins with neither"},
        {"tls+tcp://127.0.0.1:80", "begins with neither"},
        {"IPC:///x", "begins with neither"},
        {"ipc://", "needs an absolute path"},
        {"ipc://run/x.sock", "needs an absolute path"},
        {"tcp://", "is not tcp://HOST:PORT"},
        {"tcp://127.0.0.1", "is not tcp://HOST:PORT"},
        {"tcp://:9000", "is not tcp://HOST:PORT"},
        {"tcp://127.0.0.1:", "port of 'tcp://127.0.0.1:'"},
        {"tcp://127.0.0.1:0", "from 1 to 65534"},
        {"tcp://127.0.0.1:65535", "from 1 to 65534"},
        {"tcp://127.0.0.1:70000", "from 1 to 65534"},
        {"tcp://127.0.0.1:9000/x", "'9000/x'"},
        {"tcp://127.0.0.1:http", "'http'"},
    };
    psd_endpoint endpoint;
    psd_error error = PSD_ERROR_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        assert_fails(psd_endpoint_parse(cases[i].url, &endpoint, &error), &error, PSD_INVALID_ARGUMENT,
                     cases[i].says);
    }
}

static void test_long_paths(void **state)
{
    (void)state;
    psd_endpoint endpoint;
    psd_error error = PSD_ERROR_INIT;
    char url[400];
    /* 107 bytes for the stream's path, ".stream" included. */
    snprintf(url, sizeof(url), "ipc:///%0*d.sock", 107 - 7 - 5 - 1, 1);
    assert_works(psd_endpoint_parse(url, &endpoint, &error), &error);
    assert_int_equal(strlen(endpoint.stream_url), 6 + 107);
    snprintf(url, sizeof(url), "ipc:///%0*d.sock", 107 - 7 - 5, 1);
    assert_fails(psd_endpoint_parse(url, &endpoint, &error), &error, PSD_INVALID_ARGUMENT,
                 "use a shorter folder");
    snprintf(url, sizeof(url), "ipc:///%0350d", 1);
    assert_fails(psd_endpoint_parse(url, &endpoint, &error), &error, PSD_INVALID_ARGUMENT, "is too long");
    snprintf(url, sizeof(url), "tcp://%0350d:1", 1);
    assert_fails(psd_endpoint_parse(url, &endpoint, &error), &error, PSD_INVALID_ARGUMENT, "is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_follow_from_requests),
        cmocka_unit_test(test_refused_urls),
        cmocka_unit_test(test_long_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
