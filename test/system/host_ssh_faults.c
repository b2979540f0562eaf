/* ssh servers that are not who they should be, that refuse, hang, or go away. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/host/host.h"
#include "test/support/check.h"
#include "test/support/listener.h"
#include "test/support/run_program.h"
#include "test/support/ssh_fixture.h"

enum { RUNS = 50, THREADS = 4, RUNS_EACH = 8 };

static void assert_refused(const psd_host_settings *settings, psd_code code, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_host *other = psd_test_open_host(settings);
    assert_fails(psd_test_run_shell(other, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error), &error, code,
                 part);
    assert_non_null(strstr(error.text, "'sh': ssh to 127.0.0.1 port "));
    psd_host_close(other);
}

/* ---- who is who ---- */

static void write_line(const char *path, const char *text)
{
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
}

static void an_unknown_host_is_refused(void **state)
{
    (void)state;
    char path[256];
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    snprintf(path, sizeof(path), "%s/other_hosts", psd_test_ssh.dir);
    settings.ssh.known_hosts = path;
    assert_refused(&settings, PSD_FAILED_PRECONDITION, "cannot read the file of known hosts");
    write_line(path, "");
    assert_refused(&settings, PSD_FAILED_PRECONDITION, "the host key ssh-ed25519 SHA256:");
    assert_refused(&settings, PSD_FAILED_PRECONDITION, path);
    assert_refused(&settings, PSD_FAILED_PRECONDITION, "ssh-keyscan -p ");
    write_line(path, "garbage \x01\n|1|x|y\n");
    assert_refused(&settings, PSD_FAILED_PRECONDITION, "is not in");
}

static void a_changed_host_key_is_refused(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char from[160];
    char to[160];
    snprintf(from, sizeof(from), "%s/host_key", psd_test_ssh.dir);
    snprintf(to, sizeof(to), "%s/host_key.kept", psd_test_ssh.dir);
    assert_int_equal(rename(from, to), 0);
    psd_test_ssh_server_kill(&psd_test_ssh);
    psd_test_ssh_server_change_key(&psd_test_ssh);
    psd_test_ssh_server_restart(&psd_test_ssh);
    assert_fails(psd_test_run_shell(psd_test_ssh_host, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error, PSD_FAILED_PRECONDITION, "the host key has changed: it is now ssh-ed25519 SHA256:");
    assert_non_null(strstr(error.text, psd_test_ssh.known_hosts));
    psd_test_ssh_server_kill(&psd_test_ssh);
    assert_int_equal(rename(to, from), 0);
    psd_test_ssh_server_restart(&psd_test_ssh);
    assert_works(psd_test_run_shell(psd_test_ssh_host, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error);
}

static void wrong_keys_are_told_apart(void **state)
{
    (void)state;
    char path[256];
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    snprintf(path, sizeof(path), "%s/other_key", psd_test_ssh.dir);
    settings.ssh.key_file = path;
    assert_refused(&settings, PSD_UNAUTHENTICATED, "it is missing or may not be read");
    write_line(path, "no key");
    assert_refused(&settings, PSD_UNAUTHENTICATED, "it is no private key");
    psd_test_ssh_make_key(path, "");
    assert_refused(&settings, PSD_UNAUTHENTICATED, "authorized_keys");
    psd_test_ssh_make_key(path, "a passphrase");
    assert_refused(&settings, PSD_UNAUTHENTICATED, "has a passphrase");
    settings.ssh.key_file = NULL;
    assert_refused(&settings, PSD_UNAUTHENTICATED, "there is no ssh agent");
}

static pid_t start_agent(const char *path)
{
    pid_t agent = fork();
    if (agent == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(STDOUT_FILENO);
        execlp("ssh-agent", "ssh-agent", "-D", "-a", path, NULL);
        _exit(127);
    }
    while (access(path, F_OK) < 0)
        usleep(5000);
    setenv("SSH_AUTH_SOCK", path, 1);
    return agent;
}

static void the_agent_has_the_key(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char path[256];
    const char *const add_key[] = {"ssh-add", "-q", psd_test_ssh.key_file, NULL};
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    settings.ssh.key_file = NULL;
    snprintf(path, sizeof(path), "%s/agent", psd_test_ssh.dir);
    pid_t agent = start_agent(path);
    size_t before = psd_test_count_descriptors();
    assert_refused(&settings, PSD_UNAUTHENTICATED, "with the keys of the ssh agent");
    assert_int_equal(psd_test_run(add_key), 0);
    psd_host *other = psd_test_open_host(&settings);
    assert_works(psd_test_run_shell(other, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error), &error);
    psd_host_close(other);
    other = psd_test_open_host(&settings);
    kill(agent, SIGSTOP);
    assert_fails(psd_test_run_shell(other, "true", 500, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "waiting for the ssh agent at ");
    psd_host_close(other);
    assert_int_equal(psd_test_count_descriptors(), before);
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    assert_refused(&settings, PSD_UNAUTHENTICATED, "cannot reach the ssh agent at ");
    unsetenv("SSH_AUTH_SOCK");
}

/* ---- connections that fail ---- */

static void a_name_is_no_address(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host *none = NULL;
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    settings.ssh.address = "localhost";
    assert_fails(psd_host_open(&settings, &none, &error), &error, PSD_INVALID_ARGUMENT,
                 "'localhost' is not an IP address");
}

static void no_server(void **state)
{
    (void)state;
    unsigned port = 0;
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    close(psd_test_listen(&port));
    settings.ssh.port = (uint16_t)port;
    assert_refused(&settings, PSD_UNAVAILABLE, "Connection refused");
}

static void *answer_garbage(void *arg)
{
    int listener = *(int *)arg;
    for (int i = 0; i < 200; i++) {
        PSD_AUTO_CLOSE int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            break;
        static const char garbage[] = "HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31m";
        if (write(fd, garbage, sizeof(garbage)) < 0)
            break;
    }
    return NULL;
}

static void not_an_ssh_server(void **state)
{
    (void)state;
    unsigned port = 0;
    pthread_t thread;
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    int listener = psd_test_listen(&port);
    settings.ssh.port = (uint16_t)port;
    assert_int_equal(pthread_create(&thread, NULL, answer_garbage, &listener), 0);
    assert_refused(&settings, PSD_UNAVAILABLE, "cannot connect");
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
}

static void a_lost_connection_is_made_anew(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int first = psd_test_ssh_connection();
    size_t before = psd_test_count_descriptors();
    for (int i = 0; i < 5; i++) {
        psd_test_ssh_server_signal(&psd_test_ssh, SIGKILL, false);
        usleep(i % 2 ? 100000 : 0); /* the end is known already, or not yet */
        assert_works(
            psd_test_run_shell(psd_test_ssh_host, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
            &error);
    }
    assert_true(psd_test_ssh_connection() != first);
    psd_test_ssh_server_kill(&psd_test_ssh);
    assert_fails(psd_test_run_shell(psd_test_ssh_host, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error, PSD_UNAVAILABLE, "cannot connect");
    psd_test_ssh_server_restart(&psd_test_ssh);
    assert_works(psd_test_run_shell(psd_test_ssh_host, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error);
    assert_int_equal(psd_test_count_descriptors(), before);
}

static void *kill_connections(void *arg)
{
    (void)arg;
    psd_test_read_pid(psd_test_ssh.dir, "lives");
    psd_test_ssh_server_signal(&psd_test_ssh, SIGKILL, false);
    return NULL;
}

static void a_connection_lost_in_the_middle(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    pthread_t thread;
    char script[256];
    snprintf(script, sizeof(script), "echo $$ >%s/lives; echo half; exec sleep 60", psd_test_ssh.dir);
    assert_int_equal(pthread_create(&thread, NULL, kill_connections, NULL), 0);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_run_shell(psd_test_ssh_host, script, PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error, PSD_UNAVAILABLE, "the connection was lost while the command ran");
    assert_true(psd_clock_mono_ms() - begin_ms < 3000);
    assert_int_equal(result.out.text.length, 0);
    pthread_join(thread, NULL);
    assert_works(psd_test_run_shell(psd_test_ssh_host, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error);
}

static void a_server_that_hangs(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    psd_host *fresh = psd_test_open_host(&settings);
    psd_test_ssh_connection();
    psd_test_ssh_server_signal(&psd_test_ssh, SIGSTOP, true);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_run_shell(psd_test_ssh_host, "true", 800, &result, &error), &error,
                 PSD_DEADLINE_EXCEEDED, "it may take 800ms");
    assert_fails(psd_test_run_shell(fresh, "true", 400, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "it may take 400ms");
    assert_true(psd_clock_mono_ms() - begin_ms < 3500);
    psd_test_ssh_server_signal(&psd_test_ssh, SIGCONT, true);
    assert_works(psd_test_run_shell(psd_test_ssh_host, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
                 &error);
    assert_works(psd_test_run_shell(fresh, "exit 0", PSD_TEST_SSH_TIMEOUT_MS, &result, &error), &error);
    psd_host_close(fresh);
}

static void *let_go(void *arg)
{
    (void)arg;
    usleep(1500000);
    psd_test_ssh_server_signal(&psd_test_ssh, SIGCONT, true);
    return NULL;
}

static void a_server_that_is_slow(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    pthread_t thread;
    int before = psd_test_ssh_connection();
    psd_test_ssh_server_signal(&psd_test_ssh, SIGSTOP, true);
    assert_int_equal(pthread_create(&thread, NULL, let_go, NULL), 0);
    assert_works(
        psd_test_run_shell(psd_test_ssh_host, PSD_TEST_CONNECTION, PSD_TEST_SSH_TIMEOUT_MS, &result, &error),
        &error);
    assert_int_equal(atoi(result.out.text.data), before);
    pthread_join(thread, NULL);
}

/* One connection lives on while its process hangs: a new one takes its place. */
static void a_connection_that_hangs_is_replaced(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int before = psd_test_ssh_connection();
    kill(before, SIGSTOP);
    assert_works(psd_test_run_shell(psd_test_ssh_host, PSD_TEST_CONNECTION, 4000, &result, &error), &error);
    assert_true(atoi(result.out.text.data) != before);
    kill(before, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_host_is_refused),
        cmocka_unit_test(a_changed_host_key_is_refused),
        cmocka_unit_test(wrong_keys_are_told_apart),
        cmocka_unit_test(the_agent_has_the_key),
        cmocka_unit_test(a_name_is_no_address),
        cmocka_unit_test(no_server),
        cmocka_unit_test(not_an_ssh_server),
        cmocka_unit_test(a_lost_connection_is_made_anew),
        cmocka_unit_test(a_connection_lost_in_the_middle),
        cmocka_unit_test(a_server_that_hangs),
        cmocka_unit_test(a_server_that_is_slow),
        cmocka_unit_test(a_connection_that_hangs_is_replaced),
    };
    return cmocka_run_group_tests(tests, psd_test_ssh_set_up, psd_test_ssh_tear_down);
}
