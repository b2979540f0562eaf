/* Which differences of another writer's object count, and when. */
#include "k8s/mirror/comparison.h"

#include "k8s/mirror/map_patch.h"
#include "k8s/mirror/object.h"
#include "k8s/reconciler.h"
#include "test/support/check.h"

enum { LEAST_MS = 1000 };

typedef struct told {
    size_t count;
    char last[64];
} told;

static void count(void *arg, const Polarstack__V1__MirrorDifference *difference)
{
    told *t = arg;
    t->count++;
    snprintf(t->last, sizeof(t->last), "%s", difference->path);
}

/* Looks at NOW_MS at an object that differs at PATHS, ended by NULL. */
static int64_t look(psd_comparison *comparison, told *t, int64_t now_ms, const char *const *paths)
{
    Polarstack__V1__MirroredObject *entry = psd_mirrored_object_new();
    for (; *paths; paths++)
        psd_mirror_add_difference(entry, *paths, "a", "b");
    int64_t next_ms = psd_comparison_take(comparison, entry, LEAST_MS, now_ms, count, t);
    polarstack__v1__mirrored_object__free_unpacked(entry, NULL);
    return next_ms;
}

#define PATHS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_PATHS ((const char *const[]){NULL})

static void test_agreement(void **state)
{
    (void)state;
    psd_comparison comparison = {0};
    told t = {0};
    assert_int_equal(look(&comparison, &t, 0, NO_PATHS), PSD_RECONCILE_NEVER);
    assert_int_equal(t.count, 0);
    psd_comparison_free(&comparison);
}

static void test_what_lasts_counts_once(void **state)
{
    (void)state;
    psd_comparison comparison = {0};
    told t = {0};
    assert_int_equal(look(&comparison, &t, 0, PATHS("x")), LEAST_MS);
    assert_int_equal(look(&comparison, &t, 400, PATHS("x", "y")), 600);
    assert_int_equal(t.count, 0);
    assert_int_equal(look(&comparison, &t, 1000, PATHS("x", "y")), 400);
    assert_int_equal(t.count, 1);
    assert_string_equal(t.last, "x");
    assert_int_equal(look(&comparison, &t, 1400, PATHS("x", "y")), PSD_RECONCILE_NEVER);
    assert_int_equal(t.count, 2);
    assert_string_equal(t.last, "y");
    look(&comparison, &t, 9000, PATHS("x", "y"));
    assert_int_equal(t.count, 2);
    psd_comparison_free(&comparison);
}

static void test_what_passes_does_not(void **state)
{
    (void)state;
    psd_comparison comparison = {0};
    told t = {0};
    look(&comparison, &t, 0, PATHS("x"));
    assert_int_equal(look(&comparison, &t, 900, NO_PATHS), PSD_RECONCILE_NEVER);
    assert_int_equal(look(&comparison, &t, 1100, PATHS("x")), LEAST_MS);
    assert_int_equal(t.count, 0);
    look(&comparison, &t, 2100, PATHS("x"));
    assert_int_equal(t.count, 1);
    look(&comparison, &t, 2200, NO_PATHS);
    look(&comparison, &t, 2300, PATHS("x"));
    look(&comparison, &t, 3300, PATHS("x"));
    assert_int_equal(t.count, 2); /* it came back and stayed */
    psd_comparison_free(&comparison);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agreement),
        cmocka_unit_test(test_what_lasts_counts_once),
        cmocka_unit_test(test_what_passes_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
