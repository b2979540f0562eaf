/*
 * version_faults - a container runtime that stops, hangs, is none at all or never was
 * there: what the real daemon says of the versions then, and that it goes on.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/await.h"
#include "test/support/node_config_sample.h"
#include "test/support/version_bed.h"

static void the_runtime_stops_and_comes_back(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *it = NULL;
    Polarstack__V1__ServingStatus status;
    psd_test_versions_add(ENGINE);
    psd_test_versions_start(&f, "300ms", "5s");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", PRESENT);
    psd_test_runtime_kill(&psd_test_containerd);
    psd_test_availability *seen = psd_test_versions_await(f.client, IS_STALE, psd_test_versions_endpoint);
    int64_t observed_at_ms = seen->observation->observed_at_ms;
    assert_true(observed_at_ms > 0);
    assert_int_equal(psd_test_version_of(seen, "pg-14.1")->presence, UNKNOWN);
    assert_int_equal(psd_test_version_of(seen, "pg-14.1")->last_known, PRESENT);
    assert_int_equal(psd_test_version_of(seen, "pg-11.9.20")->last_known, ABSENT);
    assert_string_equal(psd_test_version_of(seen, "pg-14.1")->images[0]->fault,
                        "the container runtime did not answer");
    psd_test_versions_forget(seen);
    assert_fails(psd_test_versions_check(f.client, false, &it, &error), &error, PSD_UNAVAILABLE,
                 psd_test_versions_endpoint);
    Polarstack__V1__ScannerHealth health = psd_test_versions_health(f.client, &status);
    assert_int_equal(status, POLARSTACK__V1__SERVING_STATUS__DEGRADED);
    assert_int_equal(health.state, IS_STALE);
    psd_test_versions_diagnosed(f.client, POLARSTACK__V1__FINDING_LEVEL__FAULT,
                                "the version scanner does not: ",
                                "start containerd or dockerd, or name its socket with --runtime-endpoint");

    /* Other versions meanwhile: the new one is unknown, what was known stays. */
    psd_test_set(&f.config->core_versions[0]->name, "pg-12.0");
    psd_test_versions_apply(&f);
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    for (seen = psd_test_versions_get(f.client); strcmp(seen->versions[0]->name, "pg-12.0") != 0;
         seen = psd_test_versions_get(f.client)) {
        assert_true(psd_clock_mono_ms() < end_ms);
        psd_test_versions_forget(seen);
        usleep(10000);
    }
    assert_int_equal(seen->n_versions, 2);
    assert_int_equal(seen->observation->state, IS_STALE);
    assert_int_equal(seen->observation->observed_at_ms, observed_at_ms);
    assert_int_equal(seen->versions[0]->presence, UNKNOWN);
    assert_int_equal(seen->versions[0]->last_known, UNSPECIFIED);
    assert_int_equal(seen->versions[1]->last_known, PRESENT);
    psd_test_versions_forget(seen);

    psd_test_runtime_restart(&psd_test_containerd);
    seen = psd_test_versions_await(f.client, IS_FRESH, "");
    assert_int_equal(psd_test_version_of(seen, "pg-14.1")->presence, PRESENT);
    assert_int_equal(psd_test_version_of(seen, "pg-12.0")->presence, ABSENT);
    assert_true(seen->observation->observed_at_ms > observed_at_ms);
    psd_test_versions_forget(seen);
    psd_test_versions_remove(ENGINE);
    psd_test_versions_stop(&f);
}

static void a_runtime_that_was_never_there(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_test_versions_point_to("/nonexistent/runtime.sock");
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_versions_apply(&f);
    psd_test_availability *seen = psd_test_versions_await(f.client, IS_UNKNOWN, psd_test_versions_endpoint);
    assert_int_equal(seen->observation->observed_at_ms, 0);
    assert_int_equal(seen->n_versions, 2);
    assert_int_equal(seen->versions[0]->presence, UNKNOWN);
    assert_int_equal(seen->versions[0]->last_known, UNSPECIFIED);
    psd_test_versions_forget(seen);
    psd_test_versions_point_to(
        psd_test_containerd.socket); /* found without being asked, long before the period is over */
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_FRESH, ""));
    psd_test_versions_stop(&f);
}

static void a_runtime_that_hangs(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *it = NULL;
    psd_test_versions_start(&f, "1h", "1s");
    psd_test_versions_apply(&f);
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_FRESH, ""));
    psd_test_versions_hang(true);
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_test_versions_check(f.client, false, &it, &error), &error, PSD_UNAVAILABLE,
                 psd_test_versions_endpoint);
    assert_true(psd_clock_mono_ms() - begin_ms >= 900);
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_STALE, psd_test_versions_endpoint));
    psd_test_versions_hang(false);
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_FRESH, ""));
    psd_test_versions_stop(&f);
}

/* A check that somebody waits for. */
static void *wait_for_check(void *arg)
{
    psd_test_check *it = NULL;
    return psd_test_versions_check(arg, false, &it, NULL) < 0 ? NULL : it;
}

static void the_daemon_does_not_wait_for_one_that_hangs(void **state)
{
    (void)state;
    psd_test_versions f;
    pthread_t waiting;
    psd_test_versions_start(&f, "1h", "10s");
    psd_test_versions_apply(&f);
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_FRESH, ""));
    psd_test_versions_hang(true);
    assert_int_equal(pthread_create(&waiting, NULL, wait_for_check, f.client), 0);
    usleep(300000); /* so that it does wait for the runtime */
    int64_t begin_ms = psd_clock_mono_ms();
    kill(f.agent.daemon.pid, SIGTERM);
    int status = 0;
    assert_int_equal(waitpid(f.agent.daemon.pid, &status, 0), f.agent.daemon.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    int64_t took_ms = psd_clock_mono_ms() - begin_ms;
    if (took_ms > 4000)
        fail_msg("it ended after %d ms", (int)took_ms);
    void *answer = f.client;
    pthread_join(waiting, &answer);
    assert_null(answer);
    psd_test_versions_hang(false);
    psd_test_daemon_restart(&f.agent.daemon, WORDS("--runtime-endpoint", psd_test_versions_endpoint));
    psd_test_versions_stop(&f);
}

/* ---- what is no runtime ---- */

static _Noreturn void serve_garbage(int listener)
{
    for (;;) {
        char request[4096];
        int fd = accept(listener, NULL, NULL);
        ssize_t length = read(fd, request, sizeof(request));
        for (ssize_t i = 0; i < length; i++)
            request[i] = (char)random();
        if (length > 0 && write(fd, request, (size_t)length) < 0)
            perror("garbage");
        close(fd);
    }
}

static pid_t start_garbage(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 16), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        serve_garbage(listener);
    close(listener);
    return pid;
}

static void garbage_instead_of_a_runtime(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *it = NULL;
    char path[300];
    snprintf(path, sizeof(path), "%s/garbage.sock", psd_test_containerd.dir);
    psd_test_versions_add(ENGINE);
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", PRESENT);
    pid_t garbage = start_garbage(path);
    psd_test_runtime_kill(&psd_test_containerd); /* the connection it has is gone */
    psd_test_versions_point_to(path);
    assert_int_equal(psd_test_versions_check(f.client, false, &it, &error), -1);
    assert_int_not_equal(error.code, PSD_OK);
    psd_test_availability *seen = psd_test_versions_await(f.client, IS_STALE, psd_test_versions_endpoint);
    assert_int_equal(psd_test_version_of(seen, "pg-14.1")->last_known, PRESENT);
    psd_test_versions_forget(seen);
    kill(garbage, SIGKILL);
    waitpid(garbage, NULL, 0);
    psd_test_runtime_restart(&psd_test_containerd);
    psd_test_versions_point_to(psd_test_containerd.socket);
    psd_test_version_await(f.client, "pg-14.1", PRESENT);
    psd_test_versions_remove(ENGINE);
    psd_test_versions_stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_runtime_stops_and_comes_back),
        cmocka_unit_test(a_runtime_that_was_never_there),
        cmocka_unit_test(a_runtime_that_hangs),
        cmocka_unit_test(the_daemon_does_not_wait_for_one_that_hangs),
        cmocka_unit_test(garbage_instead_of_a_runtime),
    };
    return cmocka_run_group_tests(tests, psd_test_versions_begin, psd_test_versions_end);
}
