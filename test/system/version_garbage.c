/* What listens on a runtime's socket and is none, or answers half. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/runtime_cases.h"
#include "test/support/temp_dir.h"
#include "test/support/unix_server.h"

enum { SHORT_MS = 500, SLACK_MS = 5000, OTHER_USER = 65534 };

static char *dir;
static char path[64];
static char endpoint[72];

static int tear_down(void **state PSD_UNUSED)
{
    psd_test_remove_dir(dir);
    return 0;
}

typedef struct garbage {
    const char *bytes;
    size_t length;
    psd_test_after after;
    psd_code code;
    const char *part;
    size_t least; /* bytes of the question that come first */
} garbage;

#define SAYS(text) (text), sizeof(text) - 1
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define OK "HTTP/1.1 200 OK\r\n"
#define REST "connection: close\r\n\r\n"
/* ":status: 200", "content-type: application/grpc"; the end of a stream */
#define GRPC_HEADER "\0\0\40\1\5\0\0\0\1\210\0\14content-type\20application/grpc"
/* The beginning of an answer, and very much of it. */
static char flood[65536];

static const garbage all[] = {
    {SAYS(""), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE, "without an answer", 0},
    {SAYS("HTTP"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE, "without an answer", 0},
    {SAYS("SSH-2.0-OpenSSH_9.2\r\n"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE, "neither CRI nor", 0},
    {SAYS("SSH-2.0-OpenSSH_9.2\r\n"), PSD_TEST_THEN_STALL, PSD_UNAVAILABLE, "neither CRI nor", 0},
    {SAYS("\377\0\1"), PSD_TEST_THEN_AGAIN, PSD_UNAVAILABLE, "neither CRI nor", 0},
    {SAYS(""), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    {SAYS("HTTP"), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    /* HTTP/1 */
    {SAYS(OK "Content-"), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    {SAYS(OK "Content-"), PSD_TEST_THEN_CLOSE, PSD_INTERNAL, "it is no JSON", 0},
    {SAYS(OK "content-length: 20\r\n\r\n[]"), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    {SAYS(OK "content-length: 20\r\n\r\n[]"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE, "no whole answer", 0},
    {SAYS(OK "transfer-encoding: chunked\r\n\r\n2\r\n[]\r\n"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE,
     "no whole", 0},
    {SAYS(OK REST "[{\"RepoTags\":null"), PSD_TEST_THEN_CLOSE, PSD_INTERNAL, "it is no JSON", 0},
    {SAYS(OK REST "{\"images\":[]}"), PSD_TEST_THEN_CLOSE, PSD_INTERNAL, "it is no list", 0},
    {SAYS("HTTP/1.1 404 Not Found\r\n" REST "{\"message\":\"page not found\"}"), PSD_TEST_THEN_CLOSE,
     PSD_UNIMPLEMENTED, "HTTP 404: page not found", 0},
    {SAYS("HTTP/1.1 500 Oh\r\n" REST "{\"message\":\"disk\\nfull\"}"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE,
     "HTTP 500: disk?full", 0},
    {SAYS("HTTP/1.1 503 Oh\r\n" REST "<html>"), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE,
     "HTTP 503: no reason given", 0},
    {flood, sizeof(flood), PSD_TEST_THEN_AGAIN, PSD_RESOURCE_EXHAUSTED, "larger than 16 MiB", 0},
    /* HTTP/2 */
    {SAYS(SETTINGS), PSD_TEST_THEN_CLOSE, PSD_UNAVAILABLE, "no whole answer", 0},
    {SAYS(SETTINGS), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    {SAYS(SETTINGS "garbage, and more of it"), PSD_TEST_THEN_STALL, PSD_UNAVAILABLE, "no whole answer", 0},
    {SAYS(SETTINGS "\0\0\1"), PSD_TEST_THEN_STALL, PSD_DEADLINE_EXCEEDED, "in time", 0},
    {SAYS(SETTINGS GRPC_HEADER), PSD_TEST_THEN_STALL, PSD_UNAVAILABLE, "no grpc-status", 150},
};

static int set_up(void **state PSD_UNUSED)
{
    memset(flood, '[', sizeof(flood));
    memcpy(flood, OK REST, sizeof(OK REST) - 1);
    dir = psd_test_temp_dir();
    snprintf(path, sizeof(path), "%s/r.sock", dir);
    snprintf(endpoint, sizeof(endpoint), "unix://%s", path);
    return 0;
}

static void assert_ends(const garbage *it, psd_runtime *runtime)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    bool hangs = it->code == PSD_DEADLINE_EXCEEDED;
    int64_t begin_ms = psd_clock_mono_ms();
    int64_t deadline_ms = hangs ? begin_ms + SHORT_MS : psd_test_runtime_deadline();
    assert_fails(psd_runtime_list(runtime, deadline_ms, &set, &facts, &error), &error, it->code, it->part);
    assert_null(set);
    assert_string_equal(facts.endpoint, endpoint);
    assert_string_equal(facts.name, "");
    if (hangs)
        assert_in_range(psd_clock_mono_ms() - begin_ms, SHORT_MS, SHORT_MS + SLACK_MS);
}

static void garbage_is_no_answer(void **state PSD_UNUSED)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(all); i++) {
        psd_test_unix_server *server = psd_test_unix_server_start(path, all[i].bytes, all[i].length,
                                                                  all[i].after);
        psd_test_unix_server_listen_longer(server, all[i].least);
        psd_runtime *runtime = psd_test_runtime_open(endpoint);
        assert_ends(&all[i], runtime);
        assert_ends(&all[i], runtime);
        psd_runtime_free(runtime);
        psd_test_unix_server_stop(server);
    }
}

/* As dockerd would, so that the cases above fail for what they say. */
static void a_whole_answer_counts(void **state PSD_UNUSED)
{
    static const char answer[] = OK REST "[{\"RepoTags\":[\"a:1\"],\"RepoDigests\":null}]";
    psd_test_unix_server *server = psd_test_unix_server_start(path, SAYS(answer), PSD_TEST_THEN_CLOSE);
    psd_runtime *runtime = psd_test_runtime_open(endpoint);
    psd_test_runtime_has(runtime, "a:1", true);
    psd_test_runtime_has(runtime, "a:2", false);
    psd_runtime_free(runtime);
    psd_test_unix_server_stop(server);
}

static void what_is_not_reached_is_told(void **state PSD_UNUSED)
{
    psd_runtime *runtime = psd_test_runtime_open(endpoint);
    char other[80];
    psd_test_runtime_fails(runtime, endpoint, PSD_UNAVAILABLE, "there is no such socket");
    psd_test_unix_server *server = psd_test_unix_server_start(path, "", 0, PSD_TEST_THEN_CLOSE);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(dir, 0755), 0);
    assert_int_equal(seteuid(OTHER_USER), 0);
    psd_test_runtime_fails(runtime, endpoint, PSD_PERMISSION_DENIED, "may not connect to it: run as root");
    assert_int_equal(seteuid(0), 0);
    /* A socket whose server has ended stays behind. */
    snprintf(other, sizeof(other), "%s.other", path);
    assert_int_equal(rename(path, other), 0);
    psd_test_unix_server_stop(server);
    assert_int_equal(rename(other, path), 0);
    psd_test_runtime_fails(runtime, endpoint, PSD_UNAVAILABLE, "nobody listens on this socket");
    psd_runtime_free(runtime);
    assert_int_equal(unlink(path), 0);
}

static void endpoints_are_checked(void **state PSD_UNUSED)
{
    static const char *const refused[] = {"/run/containerd/containerd.sock",
                                          "unix://run/x.sock",
                                          "unix:/run/x.sock",
                                          "unix://",
                                          "tcp://127.0.0.1:2375",
                                          "http://localhost",
                                          " "};
    psd_error error = PSD_ERROR_INIT;
    psd_runtime *runtime = NULL;
    char longest[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 16] = "unix://";
    assert_works(psd_runtime_endpoint_check(NULL, &error), &error);
    assert_works(psd_runtime_endpoint_check("", &error), &error);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        assert_fails(psd_runtime_endpoint_check(refused[i], &error), &error, PSD_INVALID_ARGUMENT,
                     "such as unix:///run/containerd/containerd.sock");
        assert_fails(psd_runtime_new(refused[i], &runtime, &error), &error, PSD_INVALID_ARGUMENT, "such as");
        assert_null(runtime);
    }
    memset(longest + 7, '/', 107);
    assert_works(psd_runtime_endpoint_check(longest, &error), &error);
    longest[7 + 107] = '/';
    assert_fails(psd_runtime_endpoint_check(longest, &error), &error, PSD_INVALID_ARGUMENT, "is too long");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_is_no_answer),
        cmocka_unit_test(a_whole_answer_counts),
        cmocka_unit_test(what_is_not_reached_is_told),
        cmocka_unit_test(endpoints_are_checked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
