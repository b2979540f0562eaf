/* Sets of images: found by any name that means the same. */
#include "server/scan/version/image_set.h"

#include <malloc.h>
#include <stdio.h>

#include "test/support/check.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void assert_found(const psd_image_set *set, const char *reference, bool present, bool pinned)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_found found = {!present, !pinned};
    assert_works(psd_image_set_find(set, reference, &found, &error), &error);
    if (found.present != present || found.pinned != pinned)
        fail_msg("'%s': present %d, pinned %d", reference, found.present, found.pinned);
}

static void names_are_compared_whole(void **state)
{
    (void)state;
    psd_image_set *set = psd_image_set_new();
    psd_image_set_add(set, "docker.io/library/busybox:1.36", false);
    psd_image_set_add(set, "a/b", false);
    psd_image_set_add(set, "reg:5000/c@" DIGEST, false);
    psd_image_set_seal(set);
    assert_int_equal(psd_image_set_count(set), 3);
    assert_found(set, "busybox:1.36", true, false);
    assert_found(set, "index.docker.io/library/busybox:1.36", true, false);
    assert_found(set, "busybox", false, false);
    assert_found(set, "busybox:1.3", false, false);
    assert_found(set, "busybox:1.360", false, false);
    assert_found(set, "docker.io/a/b:latest", true, false);
    assert_found(set, "localhost/a/b:latest", false, false);
    /* The tag does not count, the name does. */
    assert_found(set, "reg:5000/c:any@" DIGEST, true, false);
    assert_found(set, "reg:5000/c:latest", false, false);
    assert_found(set, "reg:5000/d@" DIGEST, false, false);
    psd_image_set_free(set);
}

static void what_is_no_name_is_left_out(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_image_found found = {true, true};
    psd_image_set *set = psd_image_set_new();
    psd_image_set_add(set, "<none>:<none>", false);
    psd_image_set_add(set, "<none>@<none>", true);
    psd_image_set_add(set, "", true);
    psd_image_set_add(set, DIGEST, true);
    psd_image_set_seal(set);
    assert_int_equal(psd_image_set_count(set), 0);
    assert_found(set, "a", false, false);
    assert_fails(psd_image_set_find(set, "A", &found, &error), &error, PSD_INVALID_ARGUMENT,
                 "capital letters");
    assert_false(found.present);
    psd_image_set_free(set);
    psd_image_set_free(NULL);
}

static void a_name_counts_once(void **state)
{
    (void)state;
    psd_image_set *set = psd_image_set_new();
    psd_image_set_add(set, "a:1", false);
    psd_image_set_add(set, "docker.io/library/a:1", true);
    psd_image_set_add(set, "docker.io/a:1", false);
    psd_image_set_add(set, "b", false);
    psd_image_set_add(set, "b", false);
    psd_image_set_seal(set);
    assert_int_equal(psd_image_set_count(set), 2);
    assert_found(set, "a:1", true, true);
    assert_found(set, "b", true, false);
    psd_image_set_free(set);
}

static void many_are_found_and_cost_little(void **state)
{
    (void)state;
    enum { images = 500, most_bytes = 200 << 10 };
    char name[160];
    size_t before = mallinfo2().uordblks;
    psd_image_set *set = psd_image_set_new();
    for (int i = 0; i < images; i++) {
        snprintf(name, sizeof(name), "registry.example.com/team/image-%d:v%d", i * 7919 % images, i);
        psd_image_set_add(set, name, false);
        snprintf(name, sizeof(name), "registry.example.com/team/image-%d@sha256:%064x", i, (unsigned)i);
        psd_image_set_add(set, name, i % 2);
    }
    psd_image_set_seal(set);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_in_range(mallinfo2().uordblks - before, 1, most_bytes);
#endif
    (void)before;
    assert_int_equal(psd_image_set_count(set), 2 * images);
    for (int i = 0; i < images; i++) {
        snprintf(name, sizeof(name), "registry.example.com/team/image-%d:v%d", i * 7919 % images, i);
        assert_found(set, name, true, false);
        snprintf(name, sizeof(name), "registry.example.com/team/image-%d@sha256:%064x", i, (unsigned)i);
        assert_found(set, name, true, i % 2);
        snprintf(name, sizeof(name), "registry.example.com/team/image-%d:v%d", i, images + i);
        assert_found(set, name, false, false);
    }
    psd_image_set_free(set);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_compared_whole),
        cmocka_unit_test(what_is_no_name_is_left_out),
        cmocka_unit_test(a_name_counts_once),
        cmocka_unit_test(many_are_found_and_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
