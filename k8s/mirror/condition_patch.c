#include "k8s/mirror/condition_patch.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "k8s/mirror/kube_time.h"
#include "k8s/reconciler.h"

const cJSON *psd_condition_find(const cJSON *node, const char *type)
{
    const cJSON *condition = NULL;
    cJSON_ArrayForEach(condition, psd_json_at(node, "status/conditions"))
    {
        const char *its_type = psd_json_string(condition, "type");
        if (its_type && strcmp(its_type, type) == 0)
            return condition;
    }
    return NULL;
}

static bool has(const cJSON *condition, const char *member, const char *text)
{
    const char *there = psd_json_string(condition, member);
    return there && strcmp(there, text) == 0;
}

static bool is_right(const psd_wanted_condition *wanted, const cJSON *found)
{
    return has(found, "status", wanted->status) && has(found, "reason", wanted->reason) &&
           has(found, "message", wanted->message);
}

static cJSON *make_condition(const psd_condition_plan *plan, const cJSON *found, const char *now)
{
    cJSON *made = psd_json_new();
    const char *since = psd_json_string(found, "lastTransitionTime");
    bool keeps_since = since && has(found, "status", plan->wanted.status);
    psd_json_set_string(made, "type", plan->type);
    psd_json_set_string(made, "status", plan->wanted.status);
    psd_json_set_string(made, "reason", plan->wanted.reason);
    psd_json_set_string(made, "message", plan->wanted.message);
    psd_json_set_string(made, "lastHeartbeatTime", now);
    psd_json_set_string(made, "lastTransitionTime", keeps_since ? since : now);
    return made;
}

static int64_t age_left(const cJSON *found, int64_t refresh_ms, int64_t now_unix_ms)
{
    return psd_kube_time_left(psd_json_string(found, "lastHeartbeatTime"), refresh_ms, now_unix_ms);
}

/* Then all are refreshed, so that they fall due together ever after: one request a
 * period, however many there are. */
static bool is_one_too_old(const psd_condition_plan *plans, size_t count, const cJSON *node,
                           int64_t refresh_ms, int64_t now_unix_ms)
{
    for (size_t i = 0; i < count; i++) {
        const cJSON *found = psd_condition_find(node, plans[i].type);
        if (plans[i].wanted.known && found && age_left(found, refresh_ms, now_unix_ms) == 0)
            return true;
    }
    return false;
}

cJSON *psd_condition_patch(const psd_condition_plan *plans, size_t count, const cJSON *node,
                           int64_t refresh_ms, int64_t now_unix_ms, int64_t *refresh_in_ms)
{
    char now[PSD_CLOCK_TEXT_SIZE];
    psd_kube_time_format(now_unix_ms, now);
    *refresh_in_ms = PSD_RECONCILE_NEVER;
    cJSON *patch = psd_json_new();
    cJSON *conditions = cJSON_AddArrayToObject(psd_json_object(patch, "status"), "conditions");
    if (!conditions)
        abort();
    bool refreshes = is_one_too_old(plans, count, node, refresh_ms, now_unix_ms);
    for (size_t i = 0; i < count; i++) {
        if (!plans[i].wanted.known)
            continue;
        const cJSON *found = psd_condition_find(node, plans[i].type);
        int64_t left_ms = age_left(found, refresh_ms, now_unix_ms);
        if (refreshes || !is_right(&plans[i].wanted, found)) {
            cJSON_AddItemToArray(conditions, make_condition(&plans[i], found, now));
            left_ms = refresh_ms;
        }
        *refresh_in_ms = left_ms < *refresh_in_ms ? left_ms : *refresh_in_ms;
    }
    if (conditions->child)
        return patch;
    cJSON_Delete(patch);
    return NULL;
}
