/* What must change so that a ConfigMap is as it should be. */
#include "k8s/mirror/map_patch.h"

#include <stdio.h>

#include "common/text.h"
#include "test/support/check.h"

enum { REFRESH_MS = 300000 };

/* 2026-01-31T23:59:59Z */
static const int64_t now_ms = 1769903999000;

typedef struct bench {
    cJSON *data;
    cJSON *annotations;
    cJSON *notes;
    cJSON *object;
    cJSON *patch;
    int64_t refresh_in_ms;
    psd_map_plan plan;
} bench;

static bench b;

static int begin(void **state)
{
    (void)state;
    b = (bench){.data = cJSON_Parse("{\"100\":\"used\",\"300\":\"used\"}"),
                .annotations = cJSON_Parse("{\"polarstack.io/state\":\"FRESH\"}"),
                .notes = cJSON_Parse("{\"polarstack.io/revision\":\"7\"}")};
    b.plan = (psd_map_plan){.namespace = "kube-system",
                            .name = "usage-n1",
                            .data = b.data,
                            .annotations = b.annotations,
                            .notes = b.notes,
                            .changed_annotation = "updateTimestamp",
                            .owner_name = "n1",
                            .owner_uid = "uid-new",
                            .refresh_ms = REFRESH_MS,
                            .now_ms = now_ms};
    return 0;
}

static int end(void **state)
{
    (void)state;
    cJSON_Delete(b.data);
    cJSON_Delete(b.annotations);
    cJSON_Delete(b.notes);
    cJSON_Delete(b.object);
    cJSON_Delete(b.patch);
    return 0;
}

#define OWNER(uid) "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"n1\",\"uid\":\"" uid "\"}"
#define GOOD_DATA "{\"300\":\"used\",\"100\":\"used\"}"
#define GOOD_ANNOTATIONS                                                              \
    "\"updateTimestamp\":\"2026-01-01T00:00:00Z\",\"polarstack.io/state\":\"FRESH\"," \
    "\"polarstack.io/revision\":\"6\",\"polarstack.io/written-at\":\"2026-01-31T23:59:00Z\""

/* The object as it is found. */
static void set_object(const char *data, const char *annotations, const char *owners)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(
        &text,
        "{\"metadata\":{\"name\":\"usage-n1\",\"resourceVersion\":\"41\",\"labels\":{\"a\":\"b\"},"
        "\"annotations\":{%s},\"ownerReferences\":[%s]},\"data\":%s}",
        annotations, owners, data);
    cJSON_Delete(b.object);
    b.object = cJSON_Parse(psd_text_string(&text));
    assert_non_null(b.object);
}

static void make_patch(void)
{
    cJSON_Delete(b.patch);
    b.patch = psd_map_patch(&b.plan, b.object, &b.refresh_in_ms);
}

/* The patch at PATH is this JSON; "null" for nothing. */
static void check_patch(const char *path, const char *wanted)
{
    const cJSON *there = psd_json_at(b.patch, path);
    PSD_AUTO_FREE char *text = there ? psd_json_print(there) : NULL;
    assert_string_equal(text ? text : "null", wanted);
}

#define WRITTEN "\"polarstack.io/revision\":\"7\",\"polarstack.io/written-at\":\"2026-01-31T23:59:59Z\""

static void what_is_right_is_left(void **state)
{
    (void)state;
    set_object(GOOD_DATA, GOOD_ANNOTATIONS ",\"foreign\":\"x\"", OWNER("uid-new"));
    make_patch();
    assert_null(b.patch);
    assert_int_equal(b.refresh_in_ms, REFRESH_MS - 59000);
}

static void changed_keys_are_written_alone(void **state)
{
    (void)state;
    set_object("{\"100\":\"used\",\"200\":\"used\",\"300\":\"old\",\"note\":\"x\"}",
               GOOD_ANNOTATIONS ",\"foreign\":\"x\"", OWNER("uid-new"));
    cJSON_AddStringToObject(b.data, "250", "used");
    make_patch();
    check_patch("data", "{\"200\":null,\"250\":\"used\",\"300\":\"used\",\"note\":null}");
    check_patch("metadata", "{\"annotations\":{" WRITTEN ",\"updateTimestamp\":\"2026-01-31T23:59:59Z\"},"
                            "\"resourceVersion\":\"41\"}");
}

static void missing_data_is_written_whole(void **state)
{
    (void)state;
    set_object("null", GOOD_ANNOTATIONS, OWNER("uid-new"));
    make_patch();
    check_patch("data", "{\"100\":\"used\",\"300\":\"used\"}");
}

/* No data is wanted: what stands there stays, and with it the time of its change. */
static void without_data_the_found_stays(void **state)
{
    (void)state;
    set_object("{\"7\":\"x\"}", GOOD_ANNOTATIONS, OWNER("uid-new"));
    b.plan.data = NULL;
    make_patch();
    assert_null(b.patch);
    psd_json_set_string(b.annotations, "polarstack.io/state", "WAITING");
    psd_json_set_string(b.annotations, "polarstack.io/reason", "no ranges");
    make_patch();
    check_patch("data", "null");
    check_patch("metadata/annotations",
                "{\"polarstack.io/state\":\"WAITING\",\"polarstack.io/reason\":\"no ranges\"," WRITTEN "}");
}

static void annotations_of_ours_that_are_too_many_go(void **state)
{
    (void)state;
    set_object(GOOD_DATA,
               GOOD_ANNOTATIONS ",\"polarstack.io/reason\":\"old\",\"polarstack.iox/reason\":\"theirs\","
                                "\"operator/reason\":\"theirs\"",
               OWNER("uid-new"));
    make_patch();
    check_patch("metadata/annotations", "{\"polarstack.io/reason\":null," WRITTEN "}");
    check_patch("data", "null");
}

static void notes_alone_are_no_reason_to_write(void **state)
{
    (void)state;
    set_object(GOOD_DATA, GOOD_ANNOTATIONS, OWNER("uid-new"));
    psd_json_set_string(b.notes, "polarstack.io/observed-at", "later");
    psd_json_set_string(b.notes, "polarstack.io/revision", "8");
    make_patch();
    assert_null(b.patch);
}

static void the_owner_is_added_to_others(void **state)
{
    (void)state;
    static const char foreign[] =
        "{\"kind\":\"Deployment\",\"name\":\"n1\",\"uid\":\"d\",\"controller\":true}";
    set_object(GOOD_DATA, GOOD_ANNOTATIONS, "");
    make_patch();
    check_patch("metadata/ownerReferences", "[" OWNER("uid-new") "]");
    set_object(GOOD_DATA, GOOD_ANNOTATIONS, foreign);
    make_patch();
    char wanted[400];
    snprintf(wanted, sizeof(wanted), "[%s,%s]", foreign, OWNER("uid-new"));
    check_patch("metadata/ownerReferences", wanted);
    check_patch("data", "null");
}

static void a_node_made_anew_replaces_the_old_one(void **state)
{
    (void)state;
    set_object(GOOD_DATA, GOOD_ANNOTATIONS,
               OWNER("uid-old") ",{\"kind\":\"Node\",\"name\":\"n2\",\"uid\":\"u2\"},{\"uid\":\"bare\"}");
    make_patch();
    check_patch(
        "metadata/ownerReferences",
        "[{\"kind\":\"Node\",\"name\":\"n2\",\"uid\":\"u2\"},{\"uid\":\"bare\"}," OWNER("uid-new") "]");
}

static void an_unknown_owner_leaves_the_owners(void **state)
{
    (void)state;
    b.plan.owner_name = NULL;
    b.plan.owner_uid = NULL;
    set_object("{}", GOOD_ANNOTATIONS, OWNER("uid-old"));
    make_patch();
    check_patch("metadata/ownerReferences", "null");
    check_patch("data", "{\"100\":\"used\",\"300\":\"used\"}");
}

static void a_sign_of_life_is_due(void **state)
{
    (void)state;
    static const char *const due[] = {"2026-01-31T23:54:59Z", "2020-01-01T00:00:00Z", "2026-02-01T01:00:00Z",
                                      "x"};
    char annotations[300];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(due); i++) {
        snprintf(annotations, sizeof(annotations),
                 "\"polarstack.io/state\":\"FRESH\",\"polarstack.io/written-at\":\"%s\"", due[i]);
        set_object(GOOD_DATA, annotations, OWNER("uid-new"));
        make_patch();
        check_patch("", "{\"metadata\":{\"annotations\":{" WRITTEN "},\"resourceVersion\":\"41\"}}");
    }
    set_object(GOOD_DATA, "\"polarstack.io/state\":\"FRESH\"", OWNER("uid-new"));
    make_patch();
    assert_non_null(b.patch);
}

static void a_new_object_is_whole(void **state)
{
    (void)state;
    b.patch = psd_map_create(&b.plan);
    check_patch("apiVersion", "\"v1\"");
    check_patch("kind", "\"ConfigMap\"");
    check_patch("data", "{\"100\":\"used\",\"300\":\"used\"}");
    check_patch("metadata/namespace", "\"kube-system\"");
    check_patch("metadata/name", "\"usage-n1\"");
    check_patch("metadata/ownerReferences", "[" OWNER("uid-new") "]");
    check_patch("metadata/resourceVersion", "null");
    check_patch("metadata/annotations", "{\"polarstack.io/state\":\"FRESH\"," WRITTEN
                                        ",\"updateTimestamp\":\"2026-01-31T23:59:59Z\"}");
    cJSON_Delete(b.patch);
    b.plan.owner_uid = NULL;
    cJSON_DeleteItemFromObject(b.data, "100");
    cJSON_DeleteItemFromObject(b.data, "300");
    b.patch = psd_map_create(&b.plan);
    check_patch("metadata/ownerReferences", "null");
    check_patch("metadata/annotations/updateTimestamp", "\"2026-01-31T23:59:59Z\"");
}

static void odd_objects_are_made_right(void **state)
{
    (void)state;
    b.object = cJSON_Parse(
        "{\"metadata\":{\"annotations\":[\"x\"],\"ownerReferences\":{}},\"data\":[\"x\"]}");
    make_patch();
    check_patch("data", "{\"100\":\"used\",\"300\":\"used\"}");
    check_patch("metadata/ownerReferences", "[" OWNER("uid-new") "]");
}

static void differences_are_told_and_counted(void **state)
{
    (void)state;
    Polarstack__V1__MirroredObject *entry = malloc(sizeof(*entry));
    assert_non_null(entry);
    polarstack__v1__mirrored_object__init(entry);
    set_object("{\"100\":\"old\",\"200\":\"used\"}", "\"polarstack.io/state\":\"STALE\"", "");
    psd_map_differences(&b.plan, b.object, entry);
    static const char *const wanted[][3] = {{"data/100", "used", "old"},
                                            {"data/200", "", "used"},
                                            {"data/300", "used", ""},
                                            {"metadata/annotations/polarstack.io/state", "FRESH", "STALE"}};
    assert_int_equal(entry->n_differences, PSD_ARRAY_SIZE(wanted));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(wanted); i++) {
        assert_string_equal(entry->differences[i]->path, wanted[i][0]);
        assert_string_equal(entry->differences[i]->wanted, wanted[i][1]);
        assert_string_equal(entry->differences[i]->found, wanted[i][2]);
    }
    for (size_t i = PSD_ARRAY_SIZE(wanted); i < 1002; i++)
        psd_mirror_add_difference(entry, "x", NULL, NULL);
    assert_int_equal(entry->n_differences, 1000);
    assert_int_equal(entry->more_differences, 2);
    polarstack__v1__mirrored_object__free_unpacked(entry, NULL);
}

static void sizes_are_those_of_names_and_texts(void **state)
{
    (void)state;
    assert_int_equal(psd_map_data_size(b.data), 14);
    assert_int_equal(psd_map_data_size(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_right_is_left, begin, end),
        cmocka_unit_test_setup_teardown(changed_keys_are_written_alone, begin, end),
        cmocka_unit_test_setup_teardown(missing_data_is_written_whole, begin, end),
        cmocka_unit_test_setup_teardown(without_data_the_found_stays, begin, end),
        cmocka_unit_test_setup_teardown(annotations_of_ours_that_are_too_many_go, begin, end),
        cmocka_unit_test_setup_teardown(notes_alone_are_no_reason_to_write, begin, end),
        cmocka_unit_test_setup_teardown(the_owner_is_added_to_others, begin, end),
        cmocka_unit_test_setup_teardown(a_node_made_anew_replaces_the_old_one, begin, end),
        cmocka_unit_test_setup_teardown(an_unknown_owner_leaves_the_owners, begin, end),
        cmocka_unit_test_setup_teardown(a_sign_of_life_is_due, begin, end),
        cmocka_unit_test_setup_teardown(a_new_object_is_whole, begin, end),
        cmocka_unit_test_setup_teardown(odd_objects_are_made_right, begin, end),
        cmocka_unit_test_setup_teardown(differences_are_told_and_counted, begin, end),
        cmocka_unit_test_setup_teardown(sizes_are_those_of_names_and_texts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
