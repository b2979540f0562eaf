/* The life of one part of NodeConfig: where its value is from, and when it is stale. */
#include <inttypes.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "k8s/inputs/inputs.h"
#include "server/node_config/check.h"
#include "test/support/check.h"

typedef Polarstack__V1__NodeConfig node_config;
typedef Polarstack__V1__ConfigProvenance provenance;

enum { STALE_AFTER_MS = 10000 };

static const char what[] = "ConfigMap kube-system/x";
static node_config *config;
static int64_t now_ms;

static int begin(void **state)
{
    (void)state;
    config = malloc(sizeof(*config));
    if (!config)
        return -1;
    polarstack__v1__node_config__init(config);
    now_ms = 1000;
    return 0;
}

static int end(void **state)
{
    (void)state;
    polarstack__v1__node_config__free_unpacked(config, NULL);
    return 0;
}

static const psd_input_field *field_of(const char *name)
{
    for (size_t i = 0; i < psd_input_field_count; i++) {
        if (strcmp(psd_input_fields[i].name, name) == 0)
            return &psd_input_fields[i];
    }
    fail_msg("there is no field %s", name);
    return NULL;
}

/* One look with what the watch has, a second after the one before. The daemon
 * must take what comes of it. */
static bool look_at(const char *field, psd_informer_view *view, const char *objects)
{
    PSD_AUTO_JSON cJSON *array = cJSON_Parse(objects);
    assert_non_null(array);
    view->objects = array;
    now_ms += 1000;
    bool known = psd_input_field_update(field_of(field), what, view, STALE_AFTER_MS, now_ms, config);
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_node_config_check(config, &error), &error);
    return known;
}

static bool look(const char *field, const char *objects)
{
    psd_informer_view view = {.synced = true, .current = true, .reason = ""};
    return look_at(field, &view, objects);
}

static bool look_unreadable(const char *field, bool synced, int64_t lost_for_ms, const char *objects)
{
    psd_informer_view view = {
        .synced = synced, .reason = "connection refused\n<html>\xc3", .lost_for_ms = lost_for_ms};
    return look_at(field, &view, objects);
}

static const provenance *entry_of(const char *field)
{
    for (size_t i = 0; i < config->n_provenance; i++) {
        if (strcmp(config->provenance[i]->field, field) == 0)
            return config->provenance[i];
    }
    fail_msg("no provenance of %s", field);
    return NULL;
}

static void check_entry(const char *field, const char *source, const char *version, int64_t read_at_ms,
                        const char *stale)
{
    const provenance *entry = entry_of(field);
    assert_string_equal(entry->source, source);
    assert_string_equal(entry->resource_version, version);
    assert_int_equal(entry->read_at_ms, read_at_ms);
    assert_string_equal(entry->stale_reason, stale);
}

static void check_ranges(unsigned first, unsigned last)
{
    assert_int_equal(config->n_port_ranges, 1);
    assert_int_equal(config->port_ranges[0]->first, first);
    assert_int_equal(config->port_ranges[0]->last, last);
}

#define RANGES(version, value)                                                                               \
    "[{\"metadata\":{\"resourceVersion\":\"" version "\",\"annotations\":{\"a.port.range\":\"" value "\"}}}" \
    "]"

static void the_same_content_keeps_its_date(void **state)
{
    (void)state;
    assert_true(look("port_ranges", RANGES("5", "10-20")));
    check_ranges(10, 20);
    check_entry("port_ranges", what, "5", 2000, "");
    assert_true(look("port_ranges", RANGES("6", "10-20")));
    check_entry("port_ranges", what, "5", 2000, "");
    assert_true(look("port_ranges", RANGES("7", "10-21")));
    check_ranges(10, 21);
    check_entry("port_ranges", what, "7", 4000, "");
    assert_int_equal(config->n_provenance, 1);
}

static void a_fault_keeps_the_value(void **state)
{
    (void)state;
    look("port_ranges", RANGES("5", "10-20"));
    static const char *const faulty[] = {RANGES("6", ""), RANGES("6", "5-3"), RANGES("6", "\\u0001\\u00e4"),
                                         "[{\"metadata\":{\"resourceVersion\":\"6\"}}]"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(faulty); i++) {
        assert_true(look("port_ranges", faulty[i]));
        check_ranges(10, 20);
        const provenance *entry = entry_of("port_ranges");
        assert_string_equal(entry->resource_version, "5");
        assert_int_equal(entry->read_at_ms, 2000);
        assert_ptr_equal(strstr(entry->stale_reason, "ConfigMap kube-system/x (resourceVersion 6): "),
                         entry->stale_reason);
    }
    assert_true(look("port_ranges", RANGES("8", "10-20")));
    check_entry("port_ranges", what, "5", 2000, "");
}

static void a_long_fault_is_cut(void **state)
{
    (void)state;
    PSD_AUTO_TEXT objects = PSD_TEXT_INIT;
    psd_text_add(&objects, "[{\"metadata\":{\"annotations\":{\"a.port.range\":\"");
    for (int i = 0; i < 200; i++)
        psd_text_printf(&objects, "x%d,", i);
    psd_text_add(&objects, "\"}}}]");
    assert_true(look("port_ranges", psd_text_string(&objects)));
    assert_true(strlen(entry_of("port_ranges")->stale_reason) <= PSD_NODE_CONFIG_TEXT_MAX);
}

static void what_vanished_keeps_the_value(void **state)
{
    (void)state;
    look("port_ranges", RANGES("5", "10-20"));
    assert_true(look("port_ranges", "[]"));
    check_ranges(10, 20);
    check_entry("port_ranges", what, "5", 2000, "ConfigMap kube-system/x does not exist any more");
    look("publish_ports",
         "[{\"metadata\":{\"resourceVersion\":\"9\"},\"data\":{\"enablePrintPort\":\"no\"}}]");
    assert_true(look("publish_ports", "[]"));
    assert_false(config->publish_ports);
    check_entry("publish_ports", what, "9", 4000, "ConfigMap kube-system/x does not exist any more");
    assert_true(look("port_ranges", RANGES("1", "10-20")));
    check_entry("port_ranges", what, "5", 2000, "");
    /* In their order, whatever came first. */
    assert_string_equal(config->provenance[0]->field, "port_ranges");
    assert_string_equal(config->provenance[1]->field, "publish_ports");
}

static void what_never_was_has_its_default(void **state)
{
    (void)state;
    static const char by_default[] = "default, without ConfigMap kube-system/x";
    assert_true(look("publish_ports", "[]"));
    assert_true(config->publish_ports);
    check_entry("publish_ports", by_default, "", 2000, "");
    assert_true(look("publish_ports", "[]"));
    check_entry("publish_ports", by_default, "", 2000, "");
    assert_true(look("client_nic", "[]"));
    assert_string_equal(config->client_nic, "bond1");
    assert_true(look("core_versions", "[]"));
    check_entry("core_versions", what, "", 0, "ConfigMap kube-system/x does not exist");
    assert_true(look("port_ranges", "[]"));
    assert_int_equal(config->n_port_ranges, 0);
    check_entry("port_ranges", what, "", 0, "ConfigMap kube-system/x does not exist");
    assert_true(look("client_nic", "[{\"metadata\":{\"resourceVersion\":\"3\"}}]"));
    check_entry("client_nic", what, "3", 7000, "");
}

static void nothing_is_said_before_something_is_known(void **state)
{
    (void)state;
    assert_false(look_unreadable("publish_ports", false, 1, "[]"));
    assert_false(look_unreadable("publish_ports", false, STALE_AFTER_MS, "[]"));
    assert_int_equal(config->n_provenance, 0);
    assert_false(config->publish_ports);
}

static void unreadable_for_too_long_is_stale(void **state)
{
    (void)state;
    static const char reason[] = "ConfigMap kube-system/x cannot be watched: connection refused?<html>?";
    look("port_ranges", RANGES("5", "10-20"));
    assert_true(look_unreadable("port_ranges", true, STALE_AFTER_MS, RANGES("5", "10-20")));
    check_entry("port_ranges", what, "5", 2000, "");
    assert_true(look_unreadable("port_ranges", true, STALE_AFTER_MS + 1, RANGES("5", "10-20")));
    check_ranges(10, 20);
    check_entry("port_ranges", what, "5", 2000, reason);
    assert_true(look("port_ranges", RANGES("5", "10-20")));
    check_entry("port_ranges", what, "5", 2000, "");
    /* After a start of the bridge: the daemon's value is all there is. */
    assert_true(look_unreadable("port_ranges", false, STALE_AFTER_MS + 1, "[]"));
    check_ranges(10, 20);
    check_entry("port_ranges", what, "5", 2000, reason);
}

/* Zero is no value: enablePrintPort that was never read is not "false". */
static void unreadable_from_the_first_has_the_default(void **state)
{
    (void)state;
    assert_true(look_unreadable("publish_ports", false, STALE_AFTER_MS + 1, "[]"));
    assert_true(config->publish_ports);
    assert_string_equal(entry_of("publish_ports")->source, "default, without ConfigMap kube-system/x");
    assert_non_null(strstr(entry_of("publish_ports")->stale_reason, "cannot be watched"));
    assert_true(look("check_bmc", "[{\"data\":{\"isCheckOObIP\":\"perhaps\"}}]"));
    assert_true(config->check_bmc);
    assert_non_null(strstr(entry_of("check_bmc")->stale_reason, "isCheckOObIP is none of true"));
    assert_true(look_unreadable("port_ranges", false, STALE_AFTER_MS + 1, "[]"));
    assert_int_equal(config->n_port_ranges, 0);
    check_entry("port_ranges", what, "", 0,
                "ConfigMap kube-system/x cannot be watched: connection refused?<html>?");
    assert_true(look("publish_ports", "[{\"metadata\":{\"resourceVersion\":\"4\"},"
                                      "\"data\":{\"enablePrintPort\":\"false\"}}]"));
    assert_false(config->publish_ports);
    check_entry("publish_ports", what, "4", 5000, "");
}

static void versions_carry_the_newest_resource_version(void **state)
{
    (void)state;
    static const char two[] = "[{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"99\"},"
                              "\"data\":{\"name\":\"1\",\"xImage\":\"i\"}},"
                              "{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"100\"},"
                              "\"data\":{\"name\":\"2\",\"xImage\":\"i\"}}]";
    assert_true(look("core_versions", two));
    check_entry("core_versions", what, "100", 2000, "");
    assert_int_equal(config->n_core_versions, 2);
    assert_true(look("core_versions", "[]"));
    assert_int_equal(config->n_core_versions, 2);
    assert_true(
        look("core_versions", "[{\"metadata\":{\"name\":\"x-root\"},\"data\":{\"latestVersion\":\"2\"}}]"));
    assert_int_equal(config->n_core_versions, 2);
    assert_true(look("core_versions", two));
    check_entry("core_versions", what, "100", 2000, "");
}

/* Nothing that was read is forgotten for lack of a resourceVersion. */
static void odd_resource_versions_do_no_harm(void **state)
{
    (void)state;
    assert_true(look("core_versions", "[{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"x y\"},"
                                      "\"data\":{\"name\":\"1\",\"xImage\":\"i\"}}]"));
    check_entry("core_versions", what, "", 2000, "");
    assert_true(look("core_versions", "[]"));
    assert_int_equal(config->n_core_versions, 1);
    check_entry("core_versions", what, "", 2000, "ConfigMap kube-system/x does not exist any more");
}

/* A look at one part leaves the others alone. */
static void parts_do_not_touch_each_other(void **state)
{
    (void)state;
    look("port_ranges", RANGES("5", "10-20"));
    look("client_nic", "[{\"metadata\":{\"resourceVersion\":\"3\"},\"data\":{\"NET_CARD_NAME\":\"bond0\"}}]");
    look("ssh_user", "[{\"metadata\":{\"resourceVersion\":\"4\"},\"data\":{\"sshUser\":\"admin\"}}]");
    look("check_bmc", "[{\"metadata\":{\"resourceVersion\":\"4\"},\"data\":{\"isCheckOObIP\":\"0\"}}]");
    look_unreadable("client_nic", false, STALE_AFTER_MS + 1, "[]");
    check_ranges(10, 20);
    assert_string_equal(config->client_nic, "bond0");
    assert_string_equal(config->ssh_user, "admin");
    assert_false(config->check_bmc);
    assert_string_equal(entry_of("ssh_user")->stale_reason, "");
    assert_string_not_equal(entry_of("client_nic")->stale_reason, "");
    static const char *const sorted[] = {"check_bmc", "client_nic", "port_ranges", "ssh_user"};
    assert_int_equal(config->n_provenance, PSD_ARRAY_SIZE(sorted));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(sorted); i++)
        assert_string_equal(config->provenance[i]->field, sorted[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_content_keeps_its_date, begin, end),
        cmocka_unit_test_setup_teardown(a_fault_keeps_the_value, begin, end),
        cmocka_unit_test_setup_teardown(a_long_fault_is_cut, begin, end),
        cmocka_unit_test_setup_teardown(what_vanished_keeps_the_value, begin, end),
        cmocka_unit_test_setup_teardown(what_never_was_has_its_default, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_said_before_something_is_known, begin, end),
        cmocka_unit_test_setup_teardown(unreadable_for_too_long_is_stale, begin, end),
        cmocka_unit_test_setup_teardown(unreadable_from_the_first_has_the_default, begin, end),
        cmocka_unit_test_setup_teardown(versions_carry_the_newest_resource_version, begin, end),
        cmocka_unit_test_setup_teardown(odd_resource_versions_do_no_harm, begin, end),
        cmocka_unit_test_setup_teardown(parts_do_not_touch_each_other, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
