/* Commands over ssh: against a real sshd, and against its faults. */
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
#include "test/support/ssh_server.h"

enum { TIMEOUT_MS = 20000, RUNS = 50, THREADS = 4, RUNS_EACH = 8 };

/* Prints the process of the connection: the command's parent is timeout(1). */
#define CONNECTION "cut -d' ' -f4 /proc/$PPID/stat"

static psd_test_ssh_server server;
static psd_host *host; /* the server's, with the right key */

/* ---- helpers ---- */

static psd_host_settings settings_of_server(void)
{
    return (psd_host_settings){.access = PSD_HOST_SSH,
                               .ssh = {.address = "127.0.0.1",
                                       .port = server.port,
                                       .user = server.user,
                                       .key_file = server.key_file,
                                       .known_hosts = server.known_hosts}};
}

static psd_host *open_host(const psd_host_settings *settings)
{
    psd_error error = PSD_ERROR_INIT;
    psd_host *made = NULL;
    assert_works(psd_host_open(settings, &made, &error), &error);
    return made;
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    unsetenv("SSH_AUTH_SOCK");
    psd_test_ssh_server_start(&server);
    psd_host_settings settings = settings_of_server();
    host = open_host(&settings);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    psd_host_close(host);
    psd_test_ssh_server_stop(&server);
    return 0;
}

static int run_on(psd_host *on, const char *script, int64_t timeout_ms, psd_command_result *result,
                  psd_error *error)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = timeout_ms};
    return psd_host_run(on, &command, result, error);
}

static void assert_shell(const char *script, psd_command_result *result)
{
    psd_error error = PSD_ERROR_INIT;
    psd_command_result_free(result);
    assert_works(run_on(host, script, TIMEOUT_MS, result, &error), &error);
}

static int connection(void)
{
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_shell(CONNECTION, &result);
    return atoi(result.out.text.data);
}

static void assert_refused(const psd_host_settings *settings, psd_code code, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_host *other = open_host(settings);
    assert_fails(run_on(other, "true", TIMEOUT_MS, &result, &error), &error, code, part);
    assert_non_null(strstr(error.text, "'sh': ssh to 127.0.0.1 port "));
    psd_host_close(other);
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    PSD_AUTO_DIR DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries))
        count++;
    return count;
}

static bool ends_within(pid_t pid, int64_t most_ms)
{
    int64_t end_ms = psd_clock_mono_ms() + most_ms;
    while (kill(pid, 0) == 0) {
        if (psd_clock_mono_ms() > end_ms)
            return false;
        usleep(5000);
    }
    return true;
}

static pid_t read_pid(const char *name)
{
    char path[256];
    int pid = 0;
    snprintf(path, sizeof(path), "%s/%s", server.dir, name);
    int64_t end_ms = psd_clock_mono_ms() + TIMEOUT_MS;
    while (pid == 0 && psd_clock_mono_ms() < end_ms) {
        PSD_AUTO_FILE FILE *file = fopen(path, "re");
        if (!file || fscanf(file, "%d", &pid) != 1)
            usleep(5000);
    }
    assert_true(pid > 0);
    return pid;
}

/* ---- how commands end ---- */

static void exit_codes_signals_and_outputs(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_shell("echo out; echo err >&2; exit 3", &result);
    assert_int_equal(result.exit_code, 3);
    assert_int_equal(result.signal, 0);
    assert_string_equal(result.out.text.data, "out\n");
    assert_string_equal(result.err.text.data, "err\n");
    assert_shell("echo before; kill -TERM $$", &result);
    assert_int_equal(result.signal, SIGTERM);
    assert_int_equal(result.exit_code, -1);
    assert_string_equal(result.out.text.data, "before\n");
    assert_shell("kill -KILL $$", &result);
    assert_int_equal(result.signal, SIGKILL);
    assert_shell("kill -XCPU $$", &result); /* ssh has no name for it */
    assert_int_equal(result.signal, -1);
    assert_shell("exit 255", &result);
    assert_int_equal(result.exit_code, 255);
    assert_shell("exec >&- 2>&-; sleep 0.2; exit 9", &result); /* its output ends before it does */
    assert_int_equal(result.exit_code, 9);
}

static void arguments_arrive_as_they_are(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char all[256];
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    const char *const arguments[] = {"printf", "%s|", all, "", "$(id)", "'; exit 9", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = TIMEOUT_MS};
    assert_works(psd_host_run(host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 0);
    assert_memory_equal(result.out.text.data, all, 255);
    assert_string_equal(result.out.text.data + 255, "||$(id)|'; exit 9|");
}

static void environment_and_input(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_shell("cat; echo $LC_ALL $PATH", &result);
    assert_string_equal(result.out.text.data, "C " PSD_COMMAND_PATH "\n");
}

static void a_missing_program_is_exit_code_127(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    const char *const arguments[] = {"no-such-program", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = TIMEOUT_MS};
    assert_works(psd_host_run(host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 127);
}

static void output_is_capped(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_shell("head -c 9000000 /dev/zero; head -c 65536 /dev/zero >&2; exit 4", &result);
    assert_int_equal(result.exit_code, 4);
    assert_int_equal(result.out.text.length, PSD_COMMAND_OUTPUT_MAX);
    assert_true(result.out.cut);
    assert_int_equal(result.err.text.length, PSD_COMMAND_OUTPUT_MAX);
    assert_false(result.err.cut);
}

/* ---- one connection ---- */

static void one_connection_serves_many_runs(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int first = connection();
    size_t before = count_descriptors();
    for (int i = 0; i < RUNS; i++)
        assert_shell("exit 0", &result);
    assert_int_equal(connection(), first);
    assert_int_equal(count_descriptors(), before);
}

static void *run_many(void *arg)
{
    int number = *(int *)arg;
    for (int i = 0; i < RUNS_EACH; i++) {
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        char script[64];
        snprintf(script, sizeof(script), "echo %d; exit %d", number, number);
        if (run_on(host, script, TIMEOUT_MS, &result, NULL) < 0 || result.exit_code != number ||
            atoi(result.out.text.data) != number)
            return arg;
    }
    return NULL;
}

static void threads_take_turns(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void another_user_is_another_connection(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_host_settings settings = settings_of_server();
    assert_false(psd_host_set_user(host, "somebody")); /* the settings name one */
    settings.ssh.user = NULL;
    psd_host *other = open_host(&settings);
    assert_true(psd_host_set_user(other, "no-such-user"));
    assert_fails(run_on(other, "true", TIMEOUT_MS, &result, &error), &error, PSD_UNAUTHENTICATED,
                 "the server refuses user 'no-such-user' with key file");
    psd_host_set_user(other, server.user);
    assert_false(psd_host_set_user(other, server.user));
    assert_works(run_on(other, "true", TIMEOUT_MS, &result, &error), &error);
    psd_host_close(other);
}

/* ---- commands that do not end ---- */

static void assert_ended_at_the_deadline(const char *command)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char script[256];
    int before = connection();
    snprintf(script, sizeof(script), "echo $$ >%s/hangs; %s", server.dir, command);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(run_on(host, script, 600, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "it may take 600ms");
    int64_t took_ms = psd_clock_mono_ms() - begin_ms;
    assert_true(took_ms >= 600 && took_ms < 2600);
    assert_true(ends_within(read_pid("hangs"), 2000));
    assert_int_equal(connection(), before); /* the server told of the end: it is kept */
}

static void the_deadline_ends_it_on_the_server(void **state)
{
    (void)state;
    assert_ended_at_the_deadline("trap '' TERM; while :; do sleep 1; done");
    assert_ended_at_the_deadline("exec yes");
}

static void a_process_that_holds_the_output_is_not_waited_for(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char script[256];
    snprintf(script, sizeof(script),
             "setsid sh -c 'echo $$ >%s/away; exec sleep 60' & while [ ! -s %s/away ]; do :; done; echo "
             "done; exit 5",
             server.dir, server.dir);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_shell(script, &result);
    assert_true(psd_clock_mono_ms() - begin_ms < 3000);
    assert_int_equal(result.exit_code, 5);
    assert_string_equal(result.out.text.data, "done\n");
    kill(read_pid("away"), SIGKILL);
    assert_shell("exit 6", &result);
    assert_int_equal(result.exit_code, 6);
}

static void *raise_later(void *arg)
{
    usleep(300000);
    psd_stop_raise(arg);
    return NULL;
}

static void another_thread_stops_it(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_stop stop;
    pthread_t thread;
    assert_works(psd_stop_init(&stop, &error), &error);
    const char *const arguments[] = {"sleep", "60", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = 60000, .stop = &stop};
    assert_int_equal(pthread_create(&thread, NULL, raise_later, &stop), 0);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_host_run(host, &command, &result, &error), &error, PSD_CANCELLED, "stopped");
    assert_true(psd_clock_mono_ms() - begin_ms < 2000);
    pthread_join(thread, NULL);
    psd_stop_destroy(&stop);
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
    psd_host_settings settings = settings_of_server();
    snprintf(path, sizeof(path), "%s/other_hosts", server.dir);
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
    snprintf(from, sizeof(from), "%s/host_key", server.dir);
    snprintf(to, sizeof(to), "%s/host_key.kept", server.dir);
    assert_int_equal(rename(from, to), 0);
    psd_test_ssh_server_kill(&server);
    psd_test_ssh_server_change_key(&server);
    psd_test_ssh_server_restart(&server);
    assert_fails(run_on(host, "true", TIMEOUT_MS, &result, &error), &error, PSD_FAILED_PRECONDITION,
                 "the host key has changed: it is now ssh-ed25519 SHA256:");
    assert_non_null(strstr(error.text, server.known_hosts));
    psd_test_ssh_server_kill(&server);
    assert_int_equal(rename(to, from), 0);
    psd_test_ssh_server_restart(&server);
    assert_works(run_on(host, "true", TIMEOUT_MS, &result, &error), &error);
}

static void wrong_keys_are_told_apart(void **state)
{
    (void)state;
    char path[256];
    psd_host_settings settings = settings_of_server();
    snprintf(path, sizeof(path), "%s/other_key", server.dir);
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
    const char *const add_key[] = {"ssh-add", "-q", server.key_file, NULL};
    psd_host_settings settings = settings_of_server();
    settings.ssh.key_file = NULL;
    snprintf(path, sizeof(path), "%s/agent", server.dir);
    pid_t agent = start_agent(path);
    size_t before = count_descriptors();
    assert_refused(&settings, PSD_UNAUTHENTICATED, "with the keys of the ssh agent");
    assert_int_equal(psd_test_run(add_key), 0);
    psd_host *other = open_host(&settings);
    assert_works(run_on(other, "exit 0", TIMEOUT_MS, &result, &error), &error);
    psd_host_close(other);
    assert_int_equal(count_descriptors(), before);
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    unsetenv("SSH_AUTH_SOCK");
}

/* ---- connections that fail ---- */

static void a_name_is_no_address(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host *none = NULL;
    psd_host_settings settings = settings_of_server();
    settings.ssh.address = "localhost";
    assert_fails(psd_host_open(&settings, &none, &error), &error, PSD_INVALID_ARGUMENT,
                 "'localhost' is not an IP address");
}

static void no_server(void **state)
{
    (void)state;
    unsigned port = 0;
    psd_host_settings settings = settings_of_server();
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
    psd_host_settings settings = settings_of_server();
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
    int first = connection();
    size_t before = count_descriptors();
    for (int i = 0; i < 5; i++) {
        psd_test_ssh_server_signal(&server, SIGKILL, false);
        usleep(i % 2 ? 100000 : 0); /* the end is known already, or not yet */
        assert_works(run_on(host, "exit 0", TIMEOUT_MS, &result, &error), &error);
    }
    assert_true(connection() != first);
    psd_test_ssh_server_kill(&server);
    assert_fails(run_on(host, "true", TIMEOUT_MS, &result, &error), &error, PSD_UNAVAILABLE,
                 "cannot connect");
    psd_test_ssh_server_restart(&server);
    assert_works(run_on(host, "exit 0", TIMEOUT_MS, &result, &error), &error);
    assert_int_equal(count_descriptors(), before);
}

static void *kill_connections(void *arg)
{
    (void)arg;
    read_pid("lives");
    psd_test_ssh_server_signal(&server, SIGKILL, false);
    return NULL;
}

static void a_connection_lost_in_the_middle(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    pthread_t thread;
    char script[256];
    snprintf(script, sizeof(script), "echo $$ >%s/lives; echo half; exec sleep 60", server.dir);
    assert_int_equal(pthread_create(&thread, NULL, kill_connections, NULL), 0);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(run_on(host, script, TIMEOUT_MS, &result, &error), &error, PSD_UNAVAILABLE,
                 "the connection was lost while the command ran");
    assert_true(psd_clock_mono_ms() - begin_ms < 3000);
    assert_int_equal(result.out.text.length, 0);
    pthread_join(thread, NULL);
    assert_works(run_on(host, "exit 0", TIMEOUT_MS, &result, &error), &error);
}

static void a_server_that_hangs(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_host_settings settings = settings_of_server();
    psd_host *fresh = open_host(&settings);
    connection();
    psd_test_ssh_server_signal(&server, SIGSTOP, true);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(run_on(host, "true", 800, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "it may take 800ms");
    assert_fails(run_on(fresh, "true", 400, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "it may take 400ms");
    assert_true(psd_clock_mono_ms() - begin_ms < 3500);
    psd_test_ssh_server_signal(&server, SIGCONT, true);
    assert_works(run_on(host, "exit 0", TIMEOUT_MS, &result, &error), &error);
    assert_works(run_on(fresh, "exit 0", TIMEOUT_MS, &result, &error), &error);
    psd_host_close(fresh);
}

static void *let_go(void *arg)
{
    (void)arg;
    usleep(1500000);
    psd_test_ssh_server_signal(&server, SIGCONT, true);
    return NULL;
}

static void a_server_that_is_slow(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    pthread_t thread;
    int before = connection();
    psd_test_ssh_server_signal(&server, SIGSTOP, true);
    assert_int_equal(pthread_create(&thread, NULL, let_go, NULL), 0);
    assert_works(run_on(host, CONNECTION, TIMEOUT_MS, &result, &error), &error);
    assert_int_equal(atoi(result.out.text.data), before);
    pthread_join(thread, NULL);
}

/* One connection lives on while its process hangs: a new one takes its place. */
static void a_connection_that_hangs_is_replaced(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int before = connection();
    kill(before, SIGSTOP);
    assert_works(run_on(host, CONNECTION, 4000, &result, &error), &error);
    assert_true(atoi(result.out.text.data) != before);
    kill(before, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_signals_and_outputs),
        cmocka_unit_test(arguments_arrive_as_they_are),
        cmocka_unit_test(environment_and_input),
        cmocka_unit_test(a_missing_program_is_exit_code_127),
        cmocka_unit_test(output_is_capped),
        cmocka_unit_test(one_connection_serves_many_runs),
        cmocka_unit_test(threads_take_turns),
        cmocka_unit_test(another_user_is_another_connection),
        cmocka_unit_test(the_deadline_ends_it_on_the_server),
        cmocka_unit_test(a_process_that_holds_the_output_is_not_waited_for),
        cmocka_unit_test(another_thread_stops_it),
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
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
