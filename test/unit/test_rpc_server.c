/* A server's life: who may listen where, and how it stops. */
#include "common/rpc/server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/rpc/client.h"
#include "test/support/leaving_clients.h"
#include "test/support/rpc_check.h"

static void path_of(const psd_rpc_fixture *f, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", f->dir, name);
}

static void test_a_second_server_on_the_same_path(void **state)
{
    psd_rpc_fixture *f = *state;
    psd_echo_server second = {.urls = {f->url}};
    psd_error error = PSD_ERROR_INIT;
    char pid[32];
    snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
    assert_fails(psd_echo_server_try(&second, &error), &error, PSD_ALREADY_EXISTS, pid);
    assert_non_null(strstr(error.text, "stop that one first"));
    psd_rpc_assert_healthy(f->client); /* the first one does not notice */
    psd_client *another = NULL;
    assert_works(psd_client_open(&(psd_client_options){.url = f->url}, &another, &error), &error);
    psd_client_close(another);
}

static void test_the_lock_ends_with_the_server(void **state)
{
    psd_rpc_fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        psd_client_close(f->client);
        psd_echo_server_stop(&f->echo, 0);
        psd_echo_server_start(&f->echo);
        psd_rpc_connect(f, false);
        psd_rpc_assert_healthy(f->client);
    }
}

/* Killed, a server leaves its socket files behind. */
static void test_stale_socket_files_are_taken_over(void **state)
{
    psd_rpc_fixture *f = *state;
    static const char *const names[] = {"t.sock", "t.stream.sock"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", f->dir, names[i]);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        close(fd);
    }
    psd_echo_server_start(&f->echo);
    psd_rpc_connect(f, false);
    psd_rpc_assert_healthy(f->client);
}

static void test_modes_of_the_socket_files(void **state)
{
    psd_rpc_fixture *f = *state;
    static const char *const names[] = {"t.sock", "t.stream.sock"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        char path[256];
        struct stat status;
        path_of(f, names[i], path);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0660);
    }
    psd_client_close(f->client);
    f->client = NULL;
    psd_echo_server_stop(&f->echo, 0);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        char path[256];
        path_of(f, names[i], path);
        assert_int_equal(access(path, F_OK), -1); /* nothing stale is left */
    }
}

static void assert_refuses_to_listen(const char *url, psd_code code, const char *says)
{
    psd_echo_server refused = {.urls = {url}};
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_echo_server_try(&refused, &error), &error, code, says);
}

static void test_places_where_no_server_listens(void **state)
{
    psd_rpc_fixture *f = *state;
    assert_refuses_to_listen("tcp://0.0.0.0:9000", PSD_PERMISSION_DENIED, "is not on the loopback interface");
    assert_refuses_to_listen("tcp://[::]:9000", PSD_PERMISSION_DENIED, "is not on the loopback interface");
    assert_refuses_to_listen("tcp://*:9000", PSD_PERMISSION_DENIED, "is not on the loopback interface");
    assert_refuses_to_listen("tcp://127.evil.example:9000", PSD_PERMISSION_DENIED, "is not on the loopback");
    assert_refuses_to_listen("udp://127.0.0.1:9000", PSD_INVALID_ARGUMENT, "neither ipc:// nor tcp://");
    char url[300];
    snprintf(url, sizeof(url), "ipc://%s/missing/t.sock", f->dir);
    assert_refuses_to_listen(url, PSD_NOT_FOUND, "cannot open the lock file");
    /* A folder where the socket should be. */
    char path[256];
    path_of(f, "dir.sock", path);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(url, sizeof(url), "ipc://%s", path);
    psd_echo_server refused = {.urls = {url}};
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_echo_server_try(&refused, &error), -1);
    assert_non_null(strstr(error.text, "is in the socket's place and is no socket"));
    /* A link where the lock should be: not followed. */
    char lock[256];
    path_of(f, "link.sock.lock", lock);
    assert_int_equal(symlink("/tmp/psd-nowhere", lock), 0);
    snprintf(url, sizeof(url), "ipc://%s/link.sock", f->dir);
    assert_refuses_to_listen(url, PSD_INTERNAL, "cannot open the lock file");
}

/* When the second endpoint cannot be had, nothing is left of the first one. */
static void test_half_a_listener(void **state)
{
    psd_rpc_fixture *f = *state;
    unsigned port = 30000 + (unsigned)getpid() % 10000;
    char taken[64];
    char wanted[64];
    snprintf(taken, sizeof(taken), "tcp://127.0.0.1:%u", port + 2);
    snprintf(wanted, sizeof(wanted), "tcp://127.0.0.1:%u", port + 1); /* its stream is on the taken port */
    f->echo.urls[1] = taken;
    psd_echo_server_start(&f->echo);
    assert_refuses_to_listen(wanted, PSD_ALREADY_EXISTS, "the address is in use");
    snprintf(wanted, sizeof(wanted), "tcp://127.0.0.1:%u", port - 1);
    psd_echo_server other = {.urls = {wanted}};
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_echo_server_try(&other, &error), &error);
    psd_echo_server_stop(&other, 0);
}

typedef struct tally {
    atomic_uint good;
    atomic_uint cancelled;
    atomic_uint unavailable;
    atomic_uint other;
} tally;

static void count_done(void *arg, const Test__V1__EchoResponse *response, const psd_error *error)
{
    tally *t = arg;
    if (response)
        atomic_fetch_add(&t->good, 1);
    else if (error->code == PSD_CANCELLED)
        atomic_fetch_add(&t->cancelled, 1);
    else if (error->code == PSD_UNAVAILABLE)
        atomic_fetch_add(&t->unavailable, 1);
    else
        atomic_fetch_add(&t->other, 1);
}

static void call_count(psd_client *client, unsigned number, uint32_t delay_ms, tally *t)
{
    for (unsigned i = 0; i < number; i++) {
        Test__V1__EchoRequest request = psd_rpc_request("x", delay_ms);
        psd_error error = PSD_ERROR_INIT;
        assert_works(psd_echo_count_async(client, &request, NULL, count_done, t, &error), &error);
    }
}

/* What was accepted is answered; what was not is refused. Nothing hangs. */
static void test_stopping_answers_what_was_accepted(void **state)
{
    psd_rpc_fixture *f = *state;
    tally t = {0};
    call_count(f->client, 40, 150, &t);
    assert_soon(f->echo.count_runs == 40);
    int64_t begin = psd_clock_mono_ms();
    psd_echo_server_stop(&f->echo, 5000);
    assert_in_range(psd_clock_mono_ms() - begin, 50, 3000); /* no longer than it takes */
    assert_soon(t.good + t.cancelled + t.unavailable + t.other == 40);
    assert_int_equal(t.good, 40);
}

static void test_stopping_with_more_than_can_run(void **state)
{
    psd_rpc_fixture *f = *state;
    tally t = {0};
    call_count(f->client, 200, 150, &t); /* 64 run, the others wait */
    assert_soon(f->echo.count_runs == 64);
    psd_echo_server_stop(&f->echo, 5000);
    assert_soon(t.good + t.cancelled + t.unavailable + t.other == 200);
    assert_int_equal(t.other, 0);
    assert_int_equal(t.good + t.cancelled, f->echo.count_runs); /* each one that ran was told */
    assert_int_equal(t.good, f->echo.count_runs);
}

static void test_stopping_without_patience(void **state)
{
    psd_rpc_fixture *f = *state;
    tally t = {0};
    call_count(f->client, 10, 600, &t);
    assert_soon(f->echo.count_runs == 10);
    int64_t begin = psd_clock_mono_ms();
    psd_server_stop(f->echo.server, 50);
    assert_in_range(psd_clock_mono_ms() - begin, 50, 450);
    assert_soon(t.good + t.cancelled + t.unavailable + t.other == 10);
    assert_int_equal(t.cancelled, 10); /* told, not just dropped */
    psd_echo_server_stop(&f->echo, 0); /* waits for the handlers */
    assert_int_equal(f->echo.late_answers, 10);
}

static void test_stopping_a_server_that_never_started(void **state)
{
    (void)state;
    psd_server *server = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_server_new(NULL, &server, &error), &error);
    psd_server_stop(server, 1000);
    psd_server_free(server);
    psd_server_free(NULL);
}

static void test_services_are_listed(void **state)
{
    psd_rpc_fixture *f = *state;
    const psd_service *const *services = NULL;
    assert_int_equal(psd_server_services(f->echo.server, &services), 2);
    assert_string_equal(services[0]->full_name, "test.v1.EchoService");
    assert_string_equal(services[1]->full_name, "test.v1.InventoryService");
}

/* Another process holds the path until it dies, however it dies. */
static void test_a_killed_server(void **state)
{
    psd_rpc_fixture *f = *state;
    char lock[256];
    path_of(f, "t.sock.lock", lock);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        char text[16];
        int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
        if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(fd, text, (size_t)length) != length ||
            write(ready[1], "", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    char says[32];
    snprintf(says, sizeof(says), "(pid %d)", (int)pid);
    assert_refuses_to_listen(f->url, PSD_ALREADY_EXISTS, says);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    psd_echo_server_start(&f->echo);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        without_server(test_a_killed_server), /* first: it forks before there are threads */
        with_server(test_a_second_server_on_the_same_path),
        with_server(test_the_lock_ends_with_the_server),
        without_server(test_stale_socket_files_are_taken_over),
        with_server(test_modes_of_the_socket_files),
        without_server(test_places_where_no_server_listens),
        without_server(test_half_a_listener),
        with_server(test_stopping_answers_what_was_accepted),
        with_server(test_stopping_with_more_than_can_run),
        with_server(test_stopping_without_patience),
        cmocka_unit_test(test_stopping_a_server_that_never_started),
        with_server(test_services_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
