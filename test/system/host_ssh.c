/* Commands over ssh to a real sshd: how they end, and the one connection that carries them. */
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

/* ---- how commands end ---- */

static void exit_codes_signals_and_outputs(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_test_ssh_shell("echo out; echo err >&2; exit 3", &result);
    assert_int_equal(result.exit_code, 3);
    assert_int_equal(result.signal, 0);
    assert_string_equal(result.out.text.data, "out\n");
    assert_string_equal(result.err.text.data, "err\n");
    psd_test_ssh_shell("echo before; kill -TERM $$", &result);
    assert_int_equal(result.signal, SIGTERM);
    assert_int_equal(result.exit_code, -1);
    assert_string_equal(result.out.text.data, "before\n");
    psd_test_ssh_shell("kill -KILL $$", &result);
    assert_int_equal(result.signal, SIGKILL);
    psd_test_ssh_shell("kill -XCPU $$", &result); /* ssh has no name for it */
    assert_int_equal(result.signal, -1);
    psd_test_ssh_shell("exit 255", &result);
    assert_int_equal(result.exit_code, 255);
    psd_test_ssh_shell("exec >&- 2>&-; sleep 0.2; exit 9", &result); /* its output ends before it does */
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
    psd_command command = {.arguments = arguments, .timeout_ms = PSD_TEST_SSH_TIMEOUT_MS};
    assert_works(psd_host_run(psd_test_ssh_host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 0);
    assert_memory_equal(result.out.text.data, all, 255);
    assert_string_equal(result.out.text.data + 255, "||$(id)|'; exit 9|");
}

static void environment_and_input(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_test_ssh_shell("cat; echo $LC_ALL $PATH", &result);
    assert_string_equal(result.out.text.data, "C " PSD_COMMAND_PATH "\n");
}

static void a_missing_program_is_exit_code_127(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    const char *const arguments[] = {"no-such-program", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = PSD_TEST_SSH_TIMEOUT_MS};
    assert_works(psd_host_run(psd_test_ssh_host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 127);
}

static void output_is_capped(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_test_ssh_shell("head -c 9000000 /dev/zero; head -c 65536 /dev/zero >&2; exit 4", &result);
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
    int first = psd_test_ssh_connection();
    size_t before = psd_test_count_descriptors();
    for (int i = 0; i < RUNS; i++)
        psd_test_ssh_shell("exit 0", &result);
    assert_int_equal(psd_test_ssh_connection(), first);
    assert_int_equal(psd_test_count_descriptors(), before);
}

static void *run_many(void *arg)
{
    int number = *(int *)arg;
    for (int i = 0; i < RUNS_EACH; i++) {
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        char script[64];
        snprintf(script, sizeof(script), "echo %d; exit %d", number, number);
        if (psd_test_run_shell(psd_test_ssh_host, script, PSD_TEST_SSH_TIMEOUT_MS, &result, NULL) < 0 ||
            result.exit_code != number || atoi(result.out.text.data) != number)
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
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    assert_false(psd_host_set_user(psd_test_ssh_host, "somebody")); /* the settings name one */
    settings.ssh.user = NULL;
    psd_host *other = psd_test_open_host(&settings);
    assert_true(psd_host_set_user(other, "no-such-user"));
    assert_fails(psd_test_run_shell(other, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error), &error,
                 PSD_UNAUTHENTICATED, "the server refuses user 'no-such-user' with key file");
    psd_host_set_user(other, psd_test_ssh.user);
    assert_false(psd_host_set_user(other, psd_test_ssh.user));
    assert_works(psd_test_run_shell(other, "true", PSD_TEST_SSH_TIMEOUT_MS, &result, &error), &error);
    psd_host_close(other);
}

/* ---- commands that do not end ---- */

static void assert_ended_at_the_deadline(const char *command)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char script[256];
    int before = psd_test_ssh_connection();
    snprintf(script, sizeof(script), "echo $$ >%s/hangs; %s", psd_test_ssh.dir, command);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_run_shell(psd_test_ssh_host, script, 600, &result, &error), &error,
                 PSD_DEADLINE_EXCEEDED, "it may take 600ms");
    int64_t took_ms = psd_clock_mono_ms() - begin_ms;
    assert_true(took_ms >= 600 && took_ms < 2600);
    assert_true(ends_within(psd_test_read_pid(psd_test_ssh.dir, "hangs"), 2000));
    assert_int_equal(psd_test_ssh_connection(), before); /* the server told of the end: it is kept */
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
             psd_test_ssh.dir, psd_test_ssh.dir);
    int64_t begin_ms = psd_clock_mono_ms();
    psd_test_ssh_shell(script, &result);
    assert_true(psd_clock_mono_ms() - begin_ms < 3000);
    assert_int_equal(result.exit_code, 5);
    assert_string_equal(result.out.text.data, "done\n");
    kill(psd_test_read_pid(psd_test_ssh.dir, "away"), SIGKILL);
    psd_test_ssh_shell("exit 6", &result);
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
    assert_fails(psd_host_run(psd_test_ssh_host, &command, &result, &error), &error, PSD_CANCELLED,
                 "stopped");
    assert_true(psd_clock_mono_ms() - begin_ms < 2000);
    pthread_join(thread, NULL);
    psd_stop_destroy(&stop);
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
    };
    return cmocka_run_group_tests(tests, psd_test_ssh_set_up, psd_test_ssh_tear_down);
}
