/* The images of a real dockerd. */
#include "test/support/runtime_cases.h"

enum { IMAGES = 500 };

static psd_test_runtime docker;

static int set_up(void **state PSD_UNUSED)
{
    psd_test_runtime_start(&docker, PSD_TEST_DOCKERD);
    return 0;
}

static int tear_down(void **state PSD_UNUSED)
{
    psd_test_runtime_stop(&docker);
    return 0;
}

static void no_images_are_an_answer(void **state PSD_UNUSED)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    psd_runtime *runtime = psd_test_runtime_open(docker.endpoint);
    assert_works(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error);
    assert_int_equal(psd_image_set_count(set), 0);
    psd_image_set_free(set);
    psd_runtime_free(runtime);
}

static void names_are_matched(void **state PSD_UNUSED)
{
    psd_test_case_names(&docker);
}

static void it_tells_what_it_is(void **state PSD_UNUSED)
{
    psd_test_case_facts(&docker, "docker ");
}

static void images_come_and_go(void **state PSD_UNUSED)
{
    psd_test_case_come_and_go(&docker);
}

/* An image whose only name went to another one is listed with none. */
static void an_image_may_have_no_name(void **state PSD_UNUSED)
{
    static const char *const first[] = {"moving:1"};
    static const char *const second[] = {"moving:2"};
    psd_runtime *runtime = psd_test_runtime_open(docker.endpoint);
    psd_test_runtime_add(&docker, first, 1);
    psd_test_runtime_add(&docker, second, 1);
    psd_test_runtime_tag(&docker, "moving:2", "moving:1");
    psd_test_runtime_has(runtime, "moving:1", true);
    psd_test_runtime_remove(&docker, "moving:1");
    psd_test_runtime_has(runtime, "moving:1", false);
    psd_test_runtime_has(runtime, "moving:2", true);
    psd_runtime_free(runtime);
}

static void a_stopped_one_is_told(void **state PSD_UNUSED)
{
    psd_test_case_stopped(&docker);
}

static void a_restarted_one_is_asked_anew(void **state PSD_UNUSED)
{
    psd_test_case_restarted(&docker);
}

static void a_hung_one_is_not_waited_for(void **state PSD_UNUSED)
{
    psd_test_case_hung(&docker);
}

static void stopping_ends_a_list(void **state PSD_UNUSED)
{
    psd_test_case_stop_ends_a_list(&docker);
}

static void garbage_in_its_place_is_told(void **state PSD_UNUSED)
{
    psd_test_case_replaced_by_garbage(&docker);
}

static void many_images_are_listed(void **state PSD_UNUSED)
{
    psd_test_case_many(&docker, IMAGES);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_images_are_an_answer),       cmocka_unit_test(names_are_matched),
        cmocka_unit_test(it_tells_what_it_is),           cmocka_unit_test(images_come_and_go),
        cmocka_unit_test(an_image_may_have_no_name),     cmocka_unit_test(a_stopped_one_is_told),
        cmocka_unit_test(a_restarted_one_is_asked_anew), cmocka_unit_test(a_hung_one_is_not_waited_for),
        cmocka_unit_test(stopping_ends_a_list),          cmocka_unit_test(garbage_in_its_place_is_told),
        cmocka_unit_test(many_images_are_listed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
