/* Reading documents of the API server: paths, and what is not there. */
#include "k8s/api/json.h"

#include "test/support/check.h"

static const char document_text[] =
    "{\"metadata\":{\"name\":\"n1\",\"Name\":\"other\",\"labels\":null,\"empty\":\"\","
    "\"ownerReferences\":[{\"uid\":\"u0\"},{\"uid\":\"u1\"}]},"
    "\"count\":7,\"half\":1.5,\"huge\":1e300,\"below\":-1e300,\"whole\":9007199254740991,\"yes\":true}";

static void paths_lead_to_members_and_elements(void **state)
{
    (void)state;
    PSD_AUTO_JSON cJSON *document = cJSON_Parse(document_text);
    assert_non_null(document);
    assert_ptr_equal(psd_json_at(document, ""), document);
    assert_string_equal(psd_json_string(document, "metadata/name"), "n1");
    assert_string_equal(psd_json_string(document, "metadata/Name"), "other");
    assert_string_equal(psd_json_string(document, "metadata/empty"), "");
    assert_string_equal(psd_json_string(document, "metadata/ownerReferences/1/uid"), "u1");
}

static void what_is_not_there_is_null(void **state)
{
    (void)state;
    PSD_AUTO_JSON cJSON *document = cJSON_Parse(document_text);
    static const char *const missing[] = {"nothing",
                                          "METADATA/name",
                                          "metadata/nothing/name",
                                          "metadata/name/x",
                                          "metadata/labels/x",
                                          "metadata/ownerReferences/2/uid",
                                          "metadata/ownerReferences/-1/uid",
                                          "metadata/ownerReferences/uid",
                                          "metadata/ownerReferences/0x1/uid",
                                          "metadata/ownerReferences/4294967296/uid",
                                          "metadata/ownerReferences//uid",
                                          "/metadata/name",
                                          "count",
                                          "yes",
                                          "metadata"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(missing); i++) {
        if (psd_json_string(document, missing[i]))
            fail_msg("%s leads to '%s'", missing[i], psd_json_string(document, missing[i]));
    }
    assert_null(psd_json_at(NULL, "metadata"));
    assert_non_null(psd_json_map(document, "metadata"));
    assert_null(psd_json_map(document, "metadata/ownerReferences"));
    assert_null(psd_json_map(document, "metadata/name"));
    assert_null(psd_json_map(document, "metadata/labels"));
    char path[600];
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_null(psd_json_at(document, path));
}

static void only_whole_numbers_are_integers(void **state)
{
    (void)state;
    PSD_AUTO_JSON cJSON *document = cJSON_Parse(document_text);
    assert_int_equal(psd_json_integer(document, "count", -1), 7);
    assert_true(psd_json_integer(document, "whole", -1) == INT64_C(9007199254740991));
    static const char *const others[] = {"half",     "huge",          "below",  "yes",
                                         "metadata", "metadata/name", "nothing"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(others); i++)
        assert_int_equal(psd_json_integer(document, others[i], -1), -1);
}

static void members_are_set_in_place_of_older_ones(void **state)
{
    (void)state;
    PSD_AUTO_JSON cJSON *object = psd_json_new();
    psd_json_set_string(object, "a", "1");
    psd_json_set_string(object, "a", "2");
    psd_json_set_string(psd_json_object(object, "inside"), "b", "\"3\"");
    psd_json_set_string(psd_json_object(object, "inside"), "c", "");
    PSD_AUTO_FREE char *text = psd_json_print(object);
    assert_string_equal(text, "{\"a\":\"2\",\"inside\":{\"b\":\"\\\"3\\\"\",\"c\":\"\"}}");
}

static void same_means_both_or_neither(void **state)
{
    (void)state;
    PSD_AUTO_JSON cJSON *a = cJSON_CreateString("x");
    PSD_AUTO_JSON cJSON *b = cJSON_CreateString("x");
    PSD_AUTO_JSON cJSON *c = cJSON_CreateString("y");
    assert_true(psd_json_same_string(a, b));
    assert_true(psd_json_same_string(NULL, NULL));
    assert_false(psd_json_same_string(a, c));
    assert_false(psd_json_same_string(a, NULL));
    assert_false(psd_json_same_string(NULL, a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_lead_to_members_and_elements),
        cmocka_unit_test(what_is_not_there_is_null),
        cmocka_unit_test(only_whole_numbers_are_integers),
        cmocka_unit_test(members_are_set_in_place_of_older_ones),
        cmocka_unit_test(same_means_both_or_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
