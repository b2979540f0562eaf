/* What must change so that a Node's conditions are as they should be. */
#include "k8s/mirror/condition_patch.h"

#include <stdio.h>

#include "common/text.h"
#include "k8s/reconciler.h"
#include "test/support/check.h"

enum { REFRESH_MS = 300000 };

/* 2026-01-31T23:59:59Z */
static const int64_t now_ms = 1769903999000;

static cJSON *node;
static cJSON *patch;
static int64_t refresh_in_ms;
static psd_condition_plan plans[2];

static int begin(void **state)
{
    (void)state;
    plans[0] = (psd_condition_plan){
        .type = "NodeClientIP",
        .wanted = {.known = true, .status = "True", .reason = "bond0", .message = "172.19.64.2"}};
    plans[1] = (psd_condition_plan){
        .type = "NodeRefreshFlag",
        .wanted = {.known = true, .status = "True", .reason = "Refresh", .message = "Refresh"}};
    node = NULL;
    patch = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    cJSON_Delete(node);
    cJSON_Delete(patch);
    return 0;
}

#define CONDITION(type, status, reason, message, heartbeat)                                             \
    "{\"type\":\"" type "\",\"status\":\"" status "\",\"reason\":\"" reason "\",\"message\":\"" message \
    "\",\"lastHeartbeatTime\":\"" heartbeat "\",\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"}"
#define READY CONDITION("Ready", "True", "KubeletReady", "x", "2026-01-31T23:59:58Z")
#define MAINTAIN CONDITION("NodeMaintainStatus", "False", "y", "y", "2020-01-31T23:59:58Z")
#define CLIENT(status, message, heartbeat) CONDITION("NodeClientIP", status, "bond0", message, heartbeat)
#define REFRESH(heartbeat) CONDITION("NodeRefreshFlag", "True", "Refresh", "Refresh", heartbeat)

static void make_patch(const char *conditions)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(&text, "{\"metadata\":{\"resourceVersion\":\"9\"},\"status\":{\"conditions\":[%s]}}",
                    conditions);
    cJSON_Delete(node);
    cJSON_Delete(patch);
    node = cJSON_Parse(psd_text_string(&text));
    assert_non_null(node);
    patch = psd_condition_patch(plans, PSD_ARRAY_SIZE(plans), node, REFRESH_MS, now_ms, &refresh_in_ms);
}

static void check_condition(int index, const char *type, const char *status, const char *message,
                            const char *transition)
{
    const cJSON *made = cJSON_GetArrayItem(psd_json_at(patch, "status/conditions"), index);
    assert_non_null(made);
    assert_string_equal(psd_json_string(made, "type"), type);
    assert_string_equal(psd_json_string(made, "status"), status);
    assert_string_equal(psd_json_string(made, "message"), message);
    assert_string_equal(psd_json_string(made, "lastHeartbeatTime"), "2026-01-31T23:59:59Z");
    assert_string_equal(psd_json_string(made, "lastTransitionTime"), transition);
}

/* Only status/conditions is in it, and only what is ours. */
static void check_count(int count)
{
    assert_int_equal(cJSON_GetArraySize(patch), 1);
    assert_int_equal(cJSON_GetArraySize(psd_json_at(patch, "status")), 1);
    const cJSON *conditions = psd_json_at(patch, "status/conditions");
    assert_int_equal(cJSON_GetArraySize(conditions), count);
    const cJSON *condition = NULL;
    cJSON_ArrayForEach(condition, conditions)
    {
        const char *type = psd_json_string(condition, "type");
        assert_true(strcmp(type, plans[0].type) == 0 || strcmp(type, plans[1].type) == 0);
        assert_int_equal(cJSON_GetArraySize(condition), 6);
    }
}

static void what_is_right_is_left(void **state)
{
    (void)state;
    make_patch(READY "," MAINTAIN "," CLIENT("True", "172.19.64.2",
                                             "2026-01-31T23:59:00Z") "," REFRESH("2026-01-31T23:58:00Z"));
    assert_null(patch);
    assert_int_equal(refresh_in_ms, REFRESH_MS - 119000); /* the older one's */
}

static void missing_ones_are_added(void **state)
{
    (void)state;
    make_patch(READY "," MAINTAIN);
    check_count(2);
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2026-01-31T23:59:59Z");
    check_condition(1, "NodeRefreshFlag", "True", "Refresh", "2026-01-31T23:59:59Z");
    assert_string_equal(psd_json_string(patch, "status/conditions/0/reason"), "bond0");
    assert_int_equal(refresh_in_ms, REFRESH_MS);
    cJSON_Delete(patch);
    patch = psd_condition_patch(plans, PSD_ARRAY_SIZE(plans), NULL, REFRESH_MS, now_ms, &refresh_in_ms);
    check_count(2);
}

static void another_message_keeps_the_transition(void **state)
{
    (void)state;
    make_patch(READY
               "," CLIENT("True", "172.19.64.3", "2026-01-31T23:59:00Z") "," REFRESH("2026-01-31T23:59:00Z"));
    check_count(1);
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2020-01-01T00:00:00Z");
    assert_int_equal(refresh_in_ms, REFRESH_MS - 59000);
}

static void another_status_is_a_transition(void **state)
{
    (void)state;
    make_patch(CLIENT("False", "172.19.64.2", "2026-01-31T23:59:00Z") "," REFRESH("2026-01-31T23:59:00Z"));
    check_count(1);
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2026-01-31T23:59:59Z");
    make_patch("{\"type\":\"NodeClientIP\",\"status\":\"True\"}," REFRESH("2026-01-31T23:59:00Z"));
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2026-01-31T23:59:59Z");
}

static void heartbeats_are_due(void **state)
{
    (void)state;
    make_patch(CLIENT("True", "172.19.64.2", "2026-01-31T23:54:59Z") "," REFRESH("2026-01-31T23:59:00Z"));
    check_count(2); /* together, and so the next time */
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2020-01-01T00:00:00Z");
    check_condition(1, "NodeRefreshFlag", "True", "Refresh", "2020-01-01T00:00:00Z");
    assert_int_equal(refresh_in_ms, REFRESH_MS);
    /* One from a clock that ran ahead must not wait for that time. */
    make_patch(CLIENT("True", "172.19.64.2", "2027-01-01T00:00:00Z") "," REFRESH("2026-02-01T00:00:00Z"));
    check_count(2);
    check_condition(0, "NodeClientIP", "True", "172.19.64.2", "2020-01-01T00:00:00Z");
}

static void what_is_not_known_stays(void **state)
{
    (void)state;
    plans[0].wanted = (psd_wanted_condition){.known = false};
    make_patch(CLIENT("True", "172.19.64.2", "2020-01-01T00:00:00Z") "," REFRESH("2026-01-31T23:59:59Z"));
    assert_null(patch);
    assert_int_equal(refresh_in_ms, REFRESH_MS);
    plans[1].wanted = (psd_wanted_condition){.known = false};
    make_patch(REFRESH("2020-01-01T00:00:00Z"));
    assert_null(patch);
    assert_true(refresh_in_ms == PSD_RECONCILE_NEVER);
}

static void conditions_are_found_by_their_whole_type(void **state)
{
    (void)state;
    make_patch("{},3,null,{\"type\":7}," CONDITION("NodeClientIPUnavailable", "True", "a", "b", "c"));
    assert_null(psd_condition_find(node, "NodeClientIP"));
    assert_null(psd_condition_find(node, "nodeclientipunavailable"));
    assert_non_null(psd_condition_find(node, "NodeClientIPUnavailable"));
    assert_null(psd_condition_find(NULL, "Ready"));
    check_count(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_right_is_left, begin, end),
        cmocka_unit_test_setup_teardown(missing_ones_are_added, begin, end),
        cmocka_unit_test_setup_teardown(another_message_keeps_the_transition, begin, end),
        cmocka_unit_test_setup_teardown(another_status_is_a_transition, begin, end),
        cmocka_unit_test_setup_teardown(heartbeats_are_due, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_known_stays, begin, end),
        cmocka_unit_test_setup_teardown(conditions_are_found_by_their_whole_type, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
