/* Commands on this host: how they end, what they see, and that nothing of them stays. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "server/host/host.h"
#include "test/support/check.h"
#include "test/support/host_run.h"
#include "test/support/temp_dir.h"

enum { TIMEOUT_MS = 20000, RUNS = 1000, THREADS = 8, RUNS_EACH = 50 };

static psd_host *host;
static char *dir;

static int set_up(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host_settings settings = {.access = PSD_HOST_LOCAL};
    dir = psd_test_temp_dir();
    return psd_host_open(&settings, &host, &error);
}

static int tear_down(void **state)
{
    (void)state;
    psd_host_close(host);
    psd_test_remove_dir(dir);
    return 0;
}

/* ---- helpers ---- */

static int run(const char *const *arguments, int64_t timeout_ms, psd_command_result *result, psd_error *error)
{
    psd_command command = {.arguments = arguments, .timeout_ms = timeout_ms};
    return psd_host_run(host, &command, result, error);
}

static void assert_shell(const char *script, psd_command_result *result)
{
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_test_run_shell(host, script, TIMEOUT_MS, result, &error), &error);
}

/* A child of this process that nobody waited for; -1: none. */
static pid_t any_child(void)
{
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
        return -1;
    return info.si_pid;
}

static bool is_gone(pid_t pid)
{
    char path[64];
    char state = '?';
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    PSD_AUTO_FILE FILE *stat = fopen(path, "re");
    return !stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1 || state == 'Z';
}

static bool ends_within(pid_t pid, int64_t most_ms)
{
    int64_t end_ms = psd_clock_mono_ms() + most_ms;
    while (!is_gone(pid)) {
        if (psd_clock_mono_ms() > end_ms)
            return false;
        usleep(5000);
    }
    return true;
}

/* ---- how they end ---- */

static void exit_codes_signals_and_outputs(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_shell("echo out; echo err >&2; exit 3", &result);
    assert_int_equal(result.exit_code, 3);
    assert_int_equal(result.signal, 0);
    assert_string_equal(result.out.text.data, "out\n");
    assert_string_equal(result.err.text.data, "err\n");
    assert_false(result.out.cut || result.err.cut);
    psd_command_result_free(&result);
    assert_shell("kill -TERM $$", &result);
    assert_int_equal(result.signal, SIGTERM);
    assert_int_equal(result.exit_code, -1);
    psd_command_result_free(&result);
    assert_shell("exit 255", &result);
    assert_int_equal(result.exit_code, 255);
    assert_int_equal(result.out.text.length, 0);
}

static void arguments_are_never_a_shell_text(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    const char *const arguments[] = {"printf", "%s|", "$(id)", "a b", "", "'; exit 9", NULL};
    assert_works(run(arguments, TIMEOUT_MS, &result, &error), &error);
    assert_string_equal(result.out.text.data, "$(id)|a b||'; exit 9|");
}

static void programs_that_cannot_start(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char path[256];
    const char *arguments[] = {"no-such-program", NULL};
    assert_fails(run(arguments, TIMEOUT_MS, &result, &error), &error, PSD_NOT_FOUND,
                 "it is not in /usr/local");
    arguments[0] = "/no/such/program";
    assert_fails(run(arguments, TIMEOUT_MS, &result, &error), &error, PSD_NOT_FOUND, "cannot start");
    arguments[0] = dir;
    assert_fails(run(arguments, TIMEOUT_MS, &result, &error), &error, PSD_PERMISSION_DENIED, "cannot start");
    snprintf(path, sizeof(path), "%s/plain", dir);
    PSD_AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    arguments[0] = path;
    assert_fails(run(arguments, TIMEOUT_MS, &result, &error), &error, PSD_PERMISSION_DENIED, "cannot start");
    assert_int_equal(any_child(), -1);
}

static void output_is_capped(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    const char *const arguments[] = {
        "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; head -c 101 /dev/zero >&2; exit 4", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = TIMEOUT_MS, .output_max = 100};
    assert_works(psd_host_run(host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 4);
    assert_int_equal(result.out.text.length, 100);
    assert_int_equal(result.err.text.length, 100);
    assert_true(result.out.cut && result.err.cut);
    psd_command_result_free(&result);
    assert_shell("head -c 65536 /dev/zero; head -c 65537 /dev/zero >&2", &result);
    assert_int_equal(result.out.text.length, PSD_COMMAND_OUTPUT_MAX);
    assert_false(result.out.cut);
    assert_true(result.err.cut);
}

/* ---- what they see ---- */

static void a_clean_environment(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    setenv("PSD_TEST_SECRET", "x", 1);
    assert_shell("exec env", &result);
    assert_null(strstr(result.out.text.data, "PSD_TEST_SECRET"));
    assert_non_null(strstr(result.out.text.data, "LC_ALL=C\n"));
    assert_non_null(strstr(result.out.text.data, "PATH=" PSD_COMMAND_PATH "\n"));
    psd_command_result_free(&result);
    assert_shell("cat; echo end", &result); /* its input is empty */
    assert_string_equal(result.out.text.data, "end\n");
}

static void no_descriptor_and_no_signal_setting(void **state)
{
    (void)state;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int leak = open("/dev/null", O_RDONLY); /* not O_CLOEXEC, on purpose */
    sigset_t usr1;
    sigset_t before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, &before);
    void (*pipe_before)(int) = signal(SIGPIPE, SIG_IGN);
    /* ls has its own descriptor of the folder. */
    assert_shell("ls /proc/self/fd; sed -nE 's/^Sig(Blk|Ign):.//p' /proc/self/status >&2; "
                 "cut -d' ' -f1,5 /proc/$$/stat >&2",
                 &result);
    signal(SIGPIPE, pipe_before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(leak);
    assert_string_equal(result.out.text.data, "0\n1\n2\n3\n");
    unsigned long long blocked = 1;
    unsigned long long ignored = 1;
    int pid = 0;
    int group = 0;
    assert_int_equal(sscanf(result.err.text.data, "%llx %llx %d %d", &blocked, &ignored, &pid, &group), 4);
    assert_true(blocked == 0);
    /* The C library leaves its own two (32, 33) ignored: nobody sends them. */
    assert_true((ignored & ~0x180000000ULL) == 0);
    assert_int_equal(group, pid);
}

/* A daemon whose standard descriptors are closed. */
static void without_standard_descriptors(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        close(0);
        close(1);
        close(2);
        const char *const arguments[] = {"sh", "-c", "echo out; echo err >&2", NULL};
        bool works = run(arguments, TIMEOUT_MS, &result, NULL) == 0 &&
                     strcmp(psd_text_string(&result.out.text), "out\n") == 0 &&
                     strcmp(psd_text_string(&result.err.text), "err\n") == 0;
        _exit(works ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- that they end ---- */

static void the_deadline_kills_the_group(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    char script[512];
    snprintf(script, sizeof(script),
             "trap '' TERM HUP INT; echo $$ >%s/leader; sh -c 'trap \"\" TERM; echo $$ >%s/grandchild; "
             "while :; do sleep 60; done' & wait; wait",
             dir, dir);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_run_shell(host, script, 700, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "it may take 700ms");
    int64_t took_ms = psd_clock_mono_ms() - begin_ms;
    assert_true(took_ms >= 700 && took_ms < 1700);
    assert_int_equal(result.out.text.length, 0);
    assert_int_equal(any_child(), -1);
    assert_true(ends_within(psd_test_read_pid(dir, "grandchild"), 1000));
    assert_true(is_gone(psd_test_read_pid(dir, "leader")));
}

static void endless_output_ends_at_the_deadline(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_run_shell(host, "exec yes", 300, &result, &error), &error, PSD_DEADLINE_EXCEEDED,
                 "'sh': ");
    assert_true(psd_clock_mono_ms() - begin_ms < 1500);
}

static void a_stopped_command_ends_at_the_deadline(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    assert_fails(psd_test_run_shell(host, "kill -STOP $$", 300, &result, &error), &error,
                 PSD_DEADLINE_EXCEEDED, "'sh': ");
    assert_int_equal(any_child(), -1);
}

static void a_grandchild_in_the_group_ends_with_its_leader(void **state)
{
    (void)state;
    char script[256];
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    snprintf(script, sizeof(script), "sleep 60 & echo $! >%s/left; echo done", dir);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_shell(script, &result);
    assert_true(psd_clock_mono_ms() - begin_ms < 2000);
    assert_string_equal(result.out.text.data, "done\n");
    assert_true(ends_within(psd_test_read_pid(dir, "left"), 1000));
}

static void a_process_that_left_the_group_is_not_waited_for(void **state)
{
    (void)state;
    char script[256];
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    snprintf(script, sizeof(script),
             "setsid sh -c 'echo $$ >%s/away; exec sleep 60' & while [ ! -s %s/away ]; do :; done; echo "
             "done; exit 5",
             dir, dir);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_shell(script, &result);
    assert_true(psd_clock_mono_ms() - begin_ms < 3000);
    assert_int_equal(result.exit_code, 5);
    assert_string_equal(result.out.text.data, "done\n");
    pid_t away = psd_test_read_pid(dir, "away");
    assert_false(is_gone(away));
    kill(away, SIGKILL);
}

typedef struct delayed_stop {
    psd_stop stop;
    int64_t after_us;
} delayed_stop;

static void *raise_later(void *arg)
{
    const delayed_stop *stopper = arg;
    usleep((useconds_t)stopper->after_us);
    psd_stop_raise(&stopper->stop);
    return NULL;
}

static void another_thread_stops_it(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    delayed_stop stopper = {.after_us = 200000};
    pthread_t thread;
    assert_works(psd_stop_init(&stopper.stop, &error), &error);
    const char *const arguments[] = {"sleep", "60", NULL};
    psd_command command = {.arguments = arguments, .timeout_ms = 60000, .stop = &stopper.stop};
    assert_int_equal(pthread_create(&thread, NULL, raise_later, &stopper), 0);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_host_run(host, &command, &result, &error), &error, PSD_CANCELLED, "stopped");
    assert_true(psd_clock_mono_ms() - begin_ms < 1500);
    /* It stays raised. */
    assert_fails(psd_host_run(host, &command, &result, &error), &error, PSD_CANCELLED, "stopped");
    pthread_join(thread, NULL);
    psd_stop_destroy(&stopper.stop);
    assert_int_equal(any_child(), -1);
}

/* ---- that nothing stays ---- */

static void nothing_is_left_after_many_runs(void **state)
{
    (void)state;
    size_t before = psd_test_count_descriptors();
    for (int i = 0; i < RUNS; i++) {
        psd_error error = PSD_ERROR_INIT;
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        const char *arguments[] = {"true", NULL};
        if (i % 4 == 1)
            arguments[0] = "no-such-program";
        int outcome = run(arguments, TIMEOUT_MS, &result, &error);
        assert_int_equal(outcome, i % 4 == 1 ? -1 : 0);
        if (i % 50 == 2)
            assert_fails(psd_test_run_shell(host, "exec sleep 60", 1, &result, &error), &error,
                         PSD_DEADLINE_EXCEEDED, "sh");
    }
    assert_int_equal(psd_test_count_descriptors(), before);
    assert_int_equal(any_child(), -1);
}

static void *run_many(void *arg)
{
    int number = *(int *)arg;
    for (int i = 0; i < RUNS_EACH; i++) {
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        char script[128];
        char wanted[64];
        snprintf(script, sizeof(script), "echo %d-%d; echo e%d >&2; exit %d", number, i, number, number);
        snprintf(wanted, sizeof(wanted), "%d-%d\n", number, i);
        if (psd_test_run_shell(host, script, TIMEOUT_MS, &result, NULL) < 0 || result.exit_code != number ||
            strcmp(psd_text_string(&result.out.text), wanted) != 0 || result.err.text.length != 3)
            return arg;
    }
    return NULL;
}

static void threads_run_side_by_side(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    size_t before = psd_test_count_descriptors();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(psd_test_count_descriptors(), before);
    assert_int_equal(any_child(), -1);
}

/* ---- what few kernels do ---- */

/* As before Linux 5.3. Is there for this process from then on. */
static bool forbid_pidfd(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = PSD_ARRAY_SIZE(filter), .filter = filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_pidfd_open, getpid(), 0) < 0 && errno == ENOSYS;
}

static void without_pidfd(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
        psd_error error = PSD_ERROR_INIT;
        int64_t begin_ms = psd_clock_mono_ms();
        bool works =
            forbid_pidfd() && psd_test_run_shell(host, "echo x; exit 7", TIMEOUT_MS, &result, &error) == 0 &&
            result.exit_code == 7 && strcmp(result.out.text.data, "x\n") == 0 &&
            /* without output there is nothing else to wake up for */
            psd_test_run_shell(host, "exec >&- 2>&-; sleep 0.2; exit 8", TIMEOUT_MS, &result, &error) == 0 &&
            result.exit_code == 8 && psd_test_run_shell(host, "sleep 60", 200, &result, &error) < 0 &&
            error.code == PSD_DEADLINE_EXCEEDED && any_child() == -1;
        psd_command_result_free(&result);
        _exit(works && psd_clock_mono_ms() - begin_ms < 5000 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* A tracer keeps a killed process from its parent, as a driver that does not return
 * would. Ends when told. */
static pid_t start_tracer(pid_t traced, int ready, int end)
{
    pid_t tracer = fork();
    if (tracer == 0) {
        char byte = ptrace(PTRACE_SEIZE, traced, NULL, NULL) == 0;
        ssize_t done = write(ready, &byte, 1);
        done += read(end, &byte, 1);
        _exit(done == 2 ? 0 : 1);
    }
    return tracer;
}

typedef struct traced_run {
    int outcome;
    psd_error error;
} traced_run;

static void *run_traced(void *arg)
{
    traced_run *traced = arg;
    char script[256];
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    snprintf(script, sizeof(script), "echo $$ >%s/traced; while :; do sleep 1; done", dir);
    traced->outcome = psd_test_run_shell(host, script, 1500, &result, &traced->error);
    return NULL;
}

static void one_that_the_kernel_holds_is_left_behind(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    traced_run traced = {.error = PSD_ERROR_INIT};
    pthread_t thread;
    int ready[2];
    int end[2];
    char seized = 0;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(end, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&thread, NULL, run_traced, &traced), 0);
    pid_t tracer = start_tracer(psd_test_read_pid(dir, "traced"), ready[1], end[0]);
    assert_int_equal(read(ready[0], &seized, 1), 1);
    assert_true(seized);
    pthread_join(thread, NULL);
    assert_int_equal(traced.outcome, -1);
    assert_int_equal(traced.error.code, PSD_DEADLINE_EXCEEDED);
    /* Not a second one of it; others run. */
    assert_fails(psd_test_run_shell(host, "true", TIMEOUT_MS, &result, &error), &error, PSD_UNAVAILABLE,
                 "does not end");
    const char *const other[] = {"true", NULL};
    assert_works(run(other, TIMEOUT_MS, &result, &error), &error);
    /* The kernel lets go of it. */
    assert_int_equal(write(end[1], "x", 1), 1);
    assert_int_equal(waitpid(tracer, NULL, 0), tracer);
    assert_shell("exit 0", &result);
    assert_int_equal(any_child(), -1);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(end[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_signals_and_outputs),
        cmocka_unit_test(arguments_are_never_a_shell_text),
        cmocka_unit_test(programs_that_cannot_start),
        cmocka_unit_test(output_is_capped),
        cmocka_unit_test(a_clean_environment),
        cmocka_unit_test(no_descriptor_and_no_signal_setting),
        cmocka_unit_test(without_standard_descriptors),
        cmocka_unit_test(the_deadline_kills_the_group),
        cmocka_unit_test(endless_output_ends_at_the_deadline),
        cmocka_unit_test(a_stopped_command_ends_at_the_deadline),
        cmocka_unit_test(a_grandchild_in_the_group_ends_with_its_leader),
        cmocka_unit_test(a_process_that_left_the_group_is_not_waited_for),
        cmocka_unit_test(another_thread_stops_it),
        cmocka_unit_test(nothing_is_left_after_many_runs),
        cmocka_unit_test(threads_run_side_by_side),
        cmocka_unit_test(without_pidfd),
        cmocka_unit_test(one_that_the_kernel_holds_is_left_behind),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
