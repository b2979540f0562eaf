/* The images of a real containerd, by CRI. */
#include <stdio.h>

#include "common/clock.h"
#include "server/scan/version/cri.h"
#include "server/scan/version/grpc_unary.h"
#include "test/support/runtime_cases.h"

enum { IMAGES = 500, LISTS = 5, REFUSALS = 300 };

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static psd_test_runtime containerd;

static int set_up(void **state PSD_UNUSED)
{
    psd_test_runtime_start(&containerd, PSD_TEST_CONTAINERD);
    psd_runtime *runtime = psd_test_runtime_open(containerd.endpoint);
    psd_test_runtime_wait_started(runtime, "nothing:1", false);
    psd_runtime_free(runtime);
    return 0;
}

static int tear_down(void **state PSD_UNUSED)
{
    psd_test_runtime_stop(&containerd);
    return 0;
}

static void names_are_matched(void **state PSD_UNUSED)
{
    psd_test_case_names(&containerd);
}

static void digests_are_names(void **state PSD_UNUSED)
{
    static const char *const images[] = {"docker.io/library/digested:1"};
    psd_runtime *runtime = psd_test_runtime_open(containerd.endpoint);
    psd_test_runtime_add(&containerd, images, 1);
    psd_test_runtime_tag(&containerd, images[0], "docker.io/library/digested@" DIGEST);
    psd_test_runtime_wait(runtime, "digested@" DIGEST, true);
    psd_test_runtime_has(runtime, "digested:any@" DIGEST, true);
    psd_test_runtime_has(runtime, "other/digested@" DIGEST, false);
    psd_test_runtime_remove(&containerd, "docker.io/library/digested@" DIGEST);
    psd_test_runtime_wait(runtime, "digested@" DIGEST, false);
    psd_test_runtime_has(runtime, "digested:1", true);
    psd_runtime_free(runtime);
}

static void it_tells_what_it_is(void **state PSD_UNUSED)
{
    psd_test_case_facts(&containerd, "containerd ");
}

static void images_come_and_go(void **state PSD_UNUSED)
{
    psd_test_case_come_and_go(&containerd);
}

/* One list over HTTP, without the runtime around it. */
static size_t list(psd_http *http, psd_cri_version version)
{
    psd_error error = PSD_ERROR_INIT;
    psd_wait wait = {.deadline_ms = psd_test_runtime_deadline()};
    psd_image_set *set = psd_image_set_new();
    assert_works(psd_cri_list(http, version, &wait, set, &error), &error);
    psd_image_set_seal(set);
    size_t count = psd_image_set_count(set);
    psd_image_set_free(set);
    return count;
}

static void one_connection_is_kept(void **state PSD_UNUSED)
{
    psd_http *http = psd_http_new(containerd.socket);
    psd_runtime *runtime = psd_test_runtime_open(containerd.endpoint);
    for (int i = 0; i < LISTS; i++)
        list(http, PSD_CRI_V1);
    assert_int_equal(psd_http_connections(http), 1);
    psd_test_runtime_kill(&containerd);
    psd_test_runtime_restart(&containerd);
    psd_test_runtime_wait_started(runtime, "nothing:1", false);
    list(http, PSD_CRI_V1);
    assert_int_equal(psd_http_connections(http), 2);
    psd_runtime_free(runtime);
    psd_http_free(http);
}

/* containerd 1.6 serves both, and 1.7 still does. */
static void v1alpha2_tells_the_same(void **state PSD_UNUSED)
{
    psd_error error = PSD_ERROR_INIT;
    psd_wait wait = {.deadline_ms = psd_test_runtime_deadline()};
    psd_cri_version version = PSD_CRI_V1ALPHA2;
    char name[64] = "";
    psd_http *http = psd_http_new(containerd.socket);
    size_t count = list(http, PSD_CRI_V1);
    assert_true(count > 0);
    assert_int_equal(list(http, PSD_CRI_V1ALPHA2), count);
    assert_works(psd_cri_name(http, PSD_CRI_V1ALPHA2, &wait, name, sizeof(name), &error), &error);
    assert_ptr_equal(strstr(name, "containerd "), name);
    assert_works(psd_cri_meet(http, &wait, &version, &error), &error);
    assert_int_equal(version, PSD_CRI_V1);
    psd_http_free(http);
}

/* A server refuses what it does not know before it has heard the end of it: each answer
 * must arrive all the same. */
static void unknown_methods_are_told_each_time(void **state PSD_UNUSED)
{
    psd_error error = PSD_ERROR_INIT;
    psd_wait wait = {.deadline_ms = psd_test_runtime_deadline()};
    psd_http *http = psd_http_new(containerd.socket);
    for (int i = 0; i < REFUSALS; i++)
        assert_fails(psd_grpc_serves(http, "/runtime.v0.ImageService/ListImages", &wait, &error), &error,
                     PSD_UNIMPLEMENTED, "unknown service runtime.v0.ImageService");
    assert_works(psd_grpc_serves(http, "/runtime.v1.ImageService/ListImages", &wait, &error), &error);
    assert_int_equal(psd_http_connections(http), 1);
    psd_http_free(http);
}

static void a_stopped_one_is_told(void **state PSD_UNUSED)
{
    psd_test_case_stopped(&containerd);
}

static void a_restarted_one_is_asked_anew(void **state PSD_UNUSED)
{
    psd_test_case_restarted(&containerd);
}

static void a_hung_one_is_not_waited_for(void **state PSD_UNUSED)
{
    psd_test_case_hung(&containerd);
}

static void stopping_ends_a_list(void **state PSD_UNUSED)
{
    psd_test_case_stop_ends_a_list(&containerd);
}

static void garbage_in_its_place_is_told(void **state PSD_UNUSED)
{
    psd_test_case_replaced_by_garbage(&containerd);
}

static void many_images_are_listed(void **state PSD_UNUSED)
{
    psd_test_case_many(&containerd, IMAGES);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_matched),
        cmocka_unit_test(digests_are_names),
        cmocka_unit_test(it_tells_what_it_is),
        cmocka_unit_test(images_come_and_go),
        cmocka_unit_test(one_connection_is_kept),
        cmocka_unit_test(v1alpha2_tells_the_same),
        cmocka_unit_test(unknown_methods_are_told_each_time),
        cmocka_unit_test(a_stopped_one_is_told),
        cmocka_unit_test(a_restarted_one_is_asked_anew),
        cmocka_unit_test(a_hung_one_is_not_waited_for),
        cmocka_unit_test(stopping_ends_a_list),
        cmocka_unit_test(garbage_in_its_place_is_told),
        cmocka_unit_test(many_images_are_listed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
