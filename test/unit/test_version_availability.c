/* From versions and images to CoreVersionAvailability: what is there, since when, and
 * what was last known. */
#include "server/scan/version/availability.h"

#include "test/support/check.h"

#define UNSPECIFIED POLARSTACK__V1__PRESENCE__PRESENCE_UNSPECIFIED
#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN

typedef Polarstack__V1__CoreVersionAvailability availability;

enum { IMAGES = 3 };

/* A version in words: its images have the keys "a", "b", "c". */
typedef struct words {
    const char *name;
    const char *images[IMAGES + 1]; /* ended by NULL */
} words;

/* A configuration on the stack, of the words. */
typedef struct definitions {
    Polarstack__V1__NodeConfig config;
    Polarstack__V1__CoreVersionDefinition versions[4];
    Polarstack__V1__CoreVersionDefinition *version_pointers[4];
    Polarstack__V1__CoreVersionImageName images[4][IMAGES];
    Polarstack__V1__CoreVersionImageName *image_pointers[4][IMAGES];
} definitions;

static void define(definitions *made, const words *versions, size_t count)
{
    static char keys[IMAGES][2] = {"a", "b", "c"};
    polarstack__v1__node_config__init(&made->config);
    made->config.core_versions = made->version_pointers;
    made->config.n_core_versions = count;
    for (size_t i = 0; i < count; i++) {
        Polarstack__V1__CoreVersionDefinition *version = &made->versions[i];
        polarstack__v1__core_version_definition__init(version);
        version->name = (char *)(uintptr_t)versions[i].name;
        version->config_map = (char *)(uintptr_t) "map";
        version->images = made->image_pointers[i];
        made->version_pointers[i] = version;
        for (size_t j = 0; versions[i].images[j]; j++) {
            Polarstack__V1__CoreVersionImageName *image = &made->images[i][j];
            polarstack__v1__core_version_image_name__init(image);
            image->key = keys[j];
            image->image = (char *)(uintptr_t)versions[i].images[j];
            made->image_pointers[i][version->n_images++] = image;
        }
    }
}

/* The runtime has "one:1", "two:1" and, pinned, "pinned:1". */
static psd_image_set *images(void)
{
    psd_image_set *set = psd_image_set_new();
    psd_image_set_add(set, "docker.io/library/one:1", false);
    psd_image_set_add(set, "docker.io/library/two:1", false);
    psd_image_set_add(set, "docker.io/library/pinned:1", true);
    psd_image_set_seal(set);
    return set;
}

/* FAULT: the runtime gave no answer. NULL: it has images(). */
static availability *look(const words *versions, size_t count, const char *fault, int64_t now_ms,
                          const availability *before)
{
    definitions defined;
    define(&defined, versions, count);
    psd_image_set *set = fault ? NULL : images();
    const psd_availability_facts facts = {.config = &defined.config,
                                          .images = set,
                                          .fault = fault,
                                          .runtime = "containerd 1.6.20",
                                          .endpoint = "unix:///run/c.sock",
                                          .now_ms = now_ms};
    availability *made = psd_availability_make(&facts, before);
    psd_image_set_free(set);
    assert_non_null(made);
    assert_int_equal(made->n_versions, count);
    return made;
}

static void forget(availability *it)
{
    polarstack__v1__core_version_availability__free_unpacked(it, NULL);
}

static void test_a_version_is_the_sum_of_its_images(void **state PSD_UNUSED)
{
    static const struct {
        words version;
        Polarstack__V1__Presence images[IMAGES];
        Polarstack__V1__Presence version_presence;
        Polarstack__V1__Presence last_known;
    } table[] = {
        {{"all there", {"one:1", "two:1", "pinned:1"}}, {PRESENT, PRESENT, PRESENT}, PRESENT, PRESENT},
        {{"one there", {"one:1"}}, {PRESENT}, PRESENT, PRESENT},
        {{"one twice", {"one:1", "docker.io/library/one:1"}}, {PRESENT, PRESENT}, PRESENT, PRESENT},
        {{"one missing", {"one:1", "three:1"}}, {PRESENT, ABSENT}, ABSENT, ABSENT},
        {{"all missing", {"one:2", "three:1"}}, {ABSENT, ABSENT}, ABSENT, ABSENT},
        {{"one is no reference", {"one:1", "NO:/:NAME"}}, {PRESENT, UNKNOWN}, UNKNOWN, UNSPECIFIED},
        {{"one is none, one is missing", {"NO:/:NAME", "three:1"}}, {UNKNOWN, ABSENT}, ABSENT, ABSENT},
        {{"none is a reference", {"NO:/:NAME", "<none>:<none>"}}, {UNKNOWN, UNKNOWN}, UNKNOWN, UNSPECIFIED},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        availability *seen = look(&table[i].version, 1, NULL, 1000, NULL);
        const Polarstack__V1__CoreVersion *version = seen->versions[0];
        assert_string_equal(version->name, table[i].version.name);
        assert_string_equal(version->config_map, "map");
        assert_int_equal(version->presence, table[i].version_presence);
        assert_int_equal(version->last_known, table[i].last_known);
        assert_int_equal(version->changed_at_ms, 1000);
        for (size_t j = 0; j < version->n_images; j++) {
            const Polarstack__V1__CoreVersionImage *image = version->images[j];
            assert_string_equal(image->image, table[i].version.images[j]);
            assert_int_equal(image->presence, table[i].images[j]);
            assert_int_equal(image->last_known, image->presence == UNKNOWN ? UNSPECIFIED : image->presence);
            assert_int_equal(image->fault[0] != '\0', image->presence == UNKNOWN);
            assert_int_equal(image->pinned, strcmp(image->image, "pinned:1") == 0);
            assert_int_equal(image->changed_at_ms, 1000);
        }
        forget(seen);
    }
}

static void test_it_tells_of_the_runtime(void **state PSD_UNUSED)
{
    static const words version = {"v", {"one:1"}};
    availability *seen = look(&version, 1, NULL, 1000, NULL);
    assert_null(seen->observation);
    assert_string_equal(seen->runtime, "containerd 1.6.20");
    assert_string_equal(seen->runtime_endpoint, "unix:///run/c.sock");
    forget(seen);
}

static void test_what_holds_is_carried_on(void **state PSD_UNUSED)
{
    static const words first[] = {{"v1", {"one:1", "three:1"}}, {"v2", {"one:1"}}, {"v3", {"one:1"}}};
    static const words second[] = {
        {"v1", {"one:1", "two:1"}}, /* the key names another image */
        {"v2", {"one:1", "pinned:1"}},
        {"v4", {"one:1"}}, /* of another version */
    };
    availability *before = look(first, 3, NULL, 1000, NULL);
    availability *same = look(first, 3, NULL, 2000, before);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(same->versions[i]->changed_at_ms, 1000);
        assert_int_equal(same->versions[i]->images[0]->changed_at_ms, 1000);
    }
    availability *after = look(second, 3, NULL, 3000, same);
    assert_int_equal(after->versions[0]->presence, PRESENT);
    assert_int_equal(after->versions[0]->changed_at_ms, 3000);
    assert_int_equal(after->versions[0]->images[0]->changed_at_ms, 1000);
    assert_int_equal(after->versions[0]->images[1]->changed_at_ms, 3000);
    assert_int_equal(after->versions[1]->presence, PRESENT);
    assert_int_equal(after->versions[1]->changed_at_ms, 1000); /* it could start all the time */
    assert_int_equal(after->versions[1]->images[1]->changed_at_ms, 3000);
    assert_int_equal(after->versions[2]->changed_at_ms, 3000);
    forget(before);
    forget(same);
    forget(after);
}

static void test_without_an_answer_all_is_unknown_and_nothing_forgotten(void **state PSD_UNUSED)
{
    static const words first[] = {{"v1", {"one:1"}}, {"v2", {"three:1", "one:1"}}, {"v3", {"two:1"}}};
    static const words second[] = {{"v0", {"one:1"}}, {"v1", {"one:1"}}, {"v2", {"three:1", "two:1"}}};
    availability *before = look(first, 3, NULL, 1000, NULL);
    availability *silent = look(second, 3, "no answer", 2000, before);
    availability *still = look(second, 3, "no answer", 3000, silent);
    const availability *looks[] = {silent, still};
    for (size_t i = 0; i < 2; i++) {
        static const Polarstack__V1__Presence last[] = {UNSPECIFIED, PRESENT, ABSENT};
        for (size_t j = 0; j < 3; j++) {
            const Polarstack__V1__CoreVersion *version = looks[i]->versions[j];
            assert_int_equal(version->presence, UNKNOWN);
            assert_int_equal(version->last_known, last[j]);
            assert_int_equal(version->changed_at_ms, 2000);
            assert_string_equal(version->images[0]->fault, "no answer");
            assert_int_equal(version->images[0]->last_known, last[j]);
            assert_false(version->images[0]->pinned);
        }
        /* The key names another image: what was known of the old one is of no use. */
        assert_int_equal(looks[i]->versions[2]->images[1]->last_known, UNSPECIFIED);
    }
    availability *again = look(first, 3, NULL, 4000, still);
    assert_int_equal(again->versions[0]->presence, PRESENT);
    assert_int_equal(again->versions[0]->last_known, PRESENT);
    assert_int_equal(again->versions[0]->changed_at_ms, 4000);
    assert_string_equal(again->versions[0]->images[0]->fault, "");
    forget(before);
    forget(silent);
    forget(still);
    forget(again);
}

static void test_no_version_at_all(void **state PSD_UNUSED)
{
    static const words version = {"v", {"one:1"}};
    availability *before = look(&version, 1, NULL, 1000, NULL);
    availability *none = look(NULL, 0, NULL, 2000, before);
    forget(before);
    forget(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_version_is_the_sum_of_its_images),
        cmocka_unit_test(test_it_tells_of_the_runtime),
        cmocka_unit_test(test_what_holds_is_carried_on),
        cmocka_unit_test(test_without_an_answer_all_is_unknown_and_nothing_forgotten),
        cmocka_unit_test(test_no_version_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
