/*
 * Which runtime is asked when none is named: real ones, at the well-known places of a
 * mount namespace with a /run of its own.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/runtime_cases.h"
#include "test/support/unix_server.h"

#define CONTAINERD "/run/containerd/containerd.sock"
#define K3S "/run/k3s/containerd/containerd.sock"
#define DOCKER "/run/docker.sock"

static psd_test_runtime without_cri;
static psd_test_runtime with_cri;
static psd_test_runtime docker;

static int set_up(void **state PSD_UNUSED)
{
    static const char *const of_containerd[] = {"docker.io/library/of-containerd:1"};
    static const char *const of_docker[] = {"docker.io/library/of-docker:1"};
    assert_int_equal(unshare(CLONE_NEWNS), 0);
    assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    assert_int_equal(mount("run", "/run", "tmpfs", 0, NULL), 0);
    assert_int_equal(mkdir("/run/containerd", 0700), 0);
    assert_int_equal(mkdir("/run/k3s", 0700), 0);
    assert_int_equal(mkdir("/run/k3s/containerd", 0700), 0);
    psd_test_runtime_start(&docker, PSD_TEST_DOCKERD); /* first: it would use a containerd that is there */
    psd_test_runtime_start(&without_cri, PSD_TEST_CONTAINERD_WITHOUT_CRI);
    psd_test_runtime_start(&with_cri, PSD_TEST_CONTAINERD);
    psd_test_runtime_add(&docker, of_docker, 1);
    psd_test_runtime_add(&with_cri, of_containerd, 1);
    psd_runtime *runtime = psd_test_runtime_open(with_cri.endpoint);
    psd_test_runtime_wait_started(runtime, "of-containerd:1", true);
    psd_runtime_free(runtime);
    return 0;
}

static int tear_down(void **state PSD_UNUSED)
{
    psd_test_runtime_stop(&without_cri);
    psd_test_runtime_stop(&with_cri);
    psd_test_runtime_stop(&docker);
    return 0;
}

static int clear(void **state PSD_UNUSED)
{
    for (const char *const *endpoint = psd_runtime_endpoints; *endpoint; endpoint++)
        unlink(*endpoint + strlen("unix://"));
    return 0;
}

static void place(const psd_test_runtime *real, const char *path)
{
    unlink(path);
    assert_int_equal(symlink(real->socket, path), 0);
}

static void assert_answers(psd_runtime *runtime, const char *endpoint, const char *name, const char *image)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_image_found found;
    psd_runtime_facts facts;
    assert_works(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error);
    assert_string_equal(facts.endpoint, endpoint);
    assert_ptr_equal(strstr(facts.name, name), facts.name);
    assert_works(psd_image_set_find(set, image, &found, &error), &error);
    assert_true(found.present);
    psd_image_set_free(set);
}

static void assert_docker_answers(psd_runtime *runtime)
{
    assert_answers(runtime, "unix://" DOCKER, "docker ", "of-docker:1");
}

static void without_any_all_are_named(void **state PSD_UNUSED)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    psd_runtime *runtime = psd_test_runtime_open(NULL);
    assert_fails(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error,
                 PSD_UNAVAILABLE, "no container runtime was found");
    for (const char *const *endpoint = psd_runtime_endpoints; *endpoint; endpoint++)
        assert_non_null(strstr(error.text, *endpoint));
    assert_string_equal(facts.endpoint, "");
    assert_string_equal(facts.name, "");
    /* A file is no socket. */
    FILE *file = fopen(DOCKER, "we");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, NULL), -1);
    assert_string_equal(facts.endpoint, "");
    /* It is looked for anew each time. */
    place(&docker, DOCKER);
    assert_docker_answers(runtime);
    psd_runtime_free(runtime);
}

static void a_containerd_without_cri_is_passed_over(void **state PSD_UNUSED)
{
    psd_runtime *runtime = psd_test_runtime_open("");
    psd_runtime *named = psd_test_runtime_open("unix://" CONTAINERD);
    place(&without_cri, CONTAINERD);
    psd_test_runtime_fails(named, "unix://" CONTAINERD, PSD_UNIMPLEMENTED, "CRI is not served here");
    psd_test_runtime_fails(runtime, "unix://" CONTAINERD, PSD_UNIMPLEMENTED, "disabled_plugins");
    place(&docker, DOCKER);
    psd_test_runtime_fails(named, "unix://" CONTAINERD, PSD_UNIMPLEMENTED, "unknown service");
    assert_docker_answers(runtime);
    assert_docker_answers(runtime);
    psd_runtime_free(named);
    psd_runtime_free(runtime);
}

static void a_runtime_that_fails_is_not_passed_over(void **state PSD_UNUSED)
{
    psd_runtime *runtime = psd_test_runtime_open(NULL);
    place(&docker, DOCKER);
    place(&with_cri, CONTAINERD);
    psd_test_runtime_kill(&with_cri);
    psd_test_unix_server *server = psd_test_unix_server_start(with_cri.socket, "", 0, PSD_TEST_THEN_CLOSE);
    psd_test_runtime_fails(runtime, "unix://" CONTAINERD, PSD_UNAVAILABLE, "without an answer");
    psd_test_unix_server_stop(server);
    psd_test_runtime_restart(&with_cri);
    psd_test_runtime_wait_started(runtime, "of-containerd:1", true);
    psd_runtime_free(runtime);
}

static void the_order_counts(void **state PSD_UNUSED)
{
    psd_runtime *runtime = psd_test_runtime_open(NULL);
    place(&docker, DOCKER);
    assert_docker_answers(runtime);
    place(&with_cri, K3S);
    assert_answers(runtime, "unix://" K3S, "containerd ", "of-containerd:1");
    place(&with_cri, CONTAINERD);
    assert_answers(runtime, "unix://" CONTAINERD, "containerd ", "of-containerd:1");
    psd_runtime_free(runtime);
}

/* A containerd that restarts removes its socket. dockerd, which has no image of the
 * kubelet's, must not answer in its place. */
static void a_runtime_is_not_left_for_a_later_one(void **state PSD_UNUSED)
{
    psd_runtime *runtime = psd_test_runtime_open(NULL);
    psd_runtime *late = psd_test_runtime_open(NULL);
    place(&docker, DOCKER);
    place(&with_cri, CONTAINERD);
    assert_answers(runtime, "unix://" CONTAINERD, "containerd ", "of-containerd:1");
    psd_test_runtime_kill(&with_cri);
    psd_test_runtime_fails(runtime, "unix://" CONTAINERD, PSD_UNAVAILABLE, "there is no such socket");
    psd_test_runtime_fails(runtime, "unix://" CONTAINERD, PSD_UNAVAILABLE, "there is no such socket");
    assert_docker_answers(late);
    place(&without_cri, CONTAINERD);
    psd_test_runtime_fails(runtime, "unix://" CONTAINERD, PSD_UNIMPLEMENTED, "CRI is not served here");
    place(&with_cri, CONTAINERD);
    psd_test_runtime_restart(&with_cri);
    psd_test_runtime_wait_started(runtime, "of-containerd:1", true);
    psd_runtime_free(late);
    psd_runtime_free(runtime);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_any_all_are_named, clear),
        cmocka_unit_test_teardown(a_containerd_without_cri_is_passed_over, clear),
        cmocka_unit_test_teardown(a_runtime_that_fails_is_not_passed_over, clear),
        cmocka_unit_test_teardown(the_order_counts, clear),
        cmocka_unit_test_teardown(a_runtime_is_not_left_for_a_later_one, clear),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
