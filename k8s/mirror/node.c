#include "k8s/mirror/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/text.h"
#include "k8s/mirror/condition_patch.h"
#include "k8s/mirror/map_patch.h"
#include "k8s/reconciler.h"

static void want_all(psd_mirrored_node *node, psd_condition_plan *plans)
{
    int64_t lost_for_ms = 0;
    PSD_AUTO_MESSAGE ProtobufCMessage *config = psd_followed_get(node->config, &lost_for_ms, NULL);
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        PSD_AUTO_MESSAGE ProtobufCMessage *resource = psd_followed_get(&node->sources[i], &lost_for_ms, NULL);
        psd_mirror_source source = {.resource = resource,
                                    .config = (const Polarstack__V1__NodeConfig *)config,
                                    .options = node->options};
        plans[i] = (psd_condition_plan){.type = psd_condition_rows[i].type};
        psd_condition_rows[i].want(&source, &plans[i].wanted);
    }
}

/* "True Refresh: Refresh" */
static void add_condition(psd_text *text, const char *status, const char *reason, const char *message)
{
    psd_text_printf(text, "%s %s: %s", status ? status : "", reason ? reason : "", message ? message : "");
}

static void compare(const psd_condition_plan *plan, const cJSON *node, Polarstack__V1__MirroredObject *entry)
{
    const cJSON *found = psd_condition_find(node, plan->type);
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_TEXT wanted_text = PSD_TEXT_INIT;
    PSD_AUTO_TEXT found_text = PSD_TEXT_INIT;
    psd_text_printf(&path, "status/conditions/%s", plan->type);
    add_condition(&wanted_text, plan->wanted.status, plan->wanted.reason, plan->wanted.message);
    if (found)
        add_condition(&found_text, psd_json_string(found, "status"), psd_json_string(found, "reason"),
                      psd_json_string(found, "message"));
    if (plan->wanted.known && strcmp(psd_text_string(&wanted_text), psd_text_string(&found_text)) != 0)
        psd_mirror_add_difference(entry, psd_text_string(&path), psd_text_string(&wanted_text),
                                  psd_text_string(&found_text));
}

static void compare_all(const psd_condition_plan *plans, const cJSON *node,
                        Polarstack__V1__MirroredObject *entry)
{
    for (size_t i = 0; i < psd_condition_row_count; i++)
        compare(&plans[i], node, entry);
}

/* In place of writing. Returns ms until the next look. */
static int64_t look_only(psd_mirrored_node *node, const psd_condition_plan *plans, const cJSON *found)
{
    int64_t again_ms = PSD_RECONCILE_NEVER;
    psd_object_set_state(&node->object, POLARSTACK__V1__MIRROR_STATE__NOT_WRITTEN, NULL);
    if (node->options->mode == PSD_MIRROR_COMPARE) {
        Polarstack__V1__MirroredObject *now = psd_mirrored_object_new();
        compare_all(plans, found, now);
        again_ms = psd_object_compare(&node->object, now, node->options->compare_after_ms);
        polarstack__v1__mirrored_object__free_unpacked(now, NULL);
    }
    return again_ms;
}

int64_t psd_mirrored_node_reconcile(void *arg)
{
    psd_mirrored_node *node = arg;
    psd_condition_plan plans[PSD_CONDITIONS_MAX];
    PSD_AUTO_JSON cJSON *found = NULL;
    psd_error reason = PSD_ERROR_INIT;
    if (!psd_object_now(&node->object, &found, &reason) || !found) {
        if (!reason.text[0])
            psd_error_set(&reason, PSD_NOT_FOUND, "there is no Node of this name: see 'pdctl doctor'");
        psd_object_set_state(&node->object, POLARSTACK__V1__MIRROR_STATE__WAITING, reason.text);
        return PSD_RECONCILE_NEVER;
    }
    want_all(node, plans);
    if (node->options->mode != PSD_MIRROR_ON)
        return look_only(node, plans, found);
    int64_t refresh_in_ms = 0;
    PSD_AUTO_JSON cJSON *body = psd_condition_patch(plans, psd_condition_row_count, found,
                                                    node->options->refresh_ms, psd_clock_unix_ms(),
                                                    &refresh_in_ms);
    if (!body) {
        psd_object_set_state(&node->object, POLARSTACK__V1__MIRROR_STATE__IN_SYNC, NULL);
        return refresh_in_ms;
    }
    int64_t pause_ms = psd_object_pause(&node->object);
    if (pause_ms > 0)
        return pause_ms;
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    psd_text_printf(&path, "%s/status", node->object.path);
    psd_object_write write = {.method = "PATCH",
                              .path = psd_text_string(&path),
                              .content_type = PSD_KUBE_STRATEGIC_PATCH,
                              .body = body,
                              .replaced = found};
    int64_t retry_ms = psd_object_send(&node->object, &write);
    return retry_ms < refresh_in_ms ? retry_ms : refresh_in_ms;
}

void psd_mirrored_node_describe(psd_mirrored_node *node, Polarstack__V1__MirroredObject *entry)
{
    psd_condition_plan plans[PSD_CONDITIONS_MAX];
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_error error = PSD_ERROR_INIT;
    psd_kube_request request = {.method = "GET", .path = node->object.path};
    psd_object_describe(&node->object, entry);
    if (psd_kube_call(node->object.kube, &request, &reply, &error) < 0) {
        free(entry->reason);
        entry->reason = psd_text_copy(error.text);
        entry->state = POLARSTACK__V1__MIRROR_STATE__FAILED;
        return;
    }
    const char *version = psd_json_string(reply.body, "metadata/resourceVersion");
    entry->resource_version = psd_text_copy(version ? version : "");
    want_all(node, plans);
    compare_all(plans, reply.body, entry);
    if (entry->n_differences > 0 && entry->state == POLARSTACK__V1__MIRROR_STATE__IN_SYNC)
        entry->state = POLARSTACK__V1__MIRROR_STATE__PENDING;
}

int psd_mirrored_node_start(psd_mirrored_node *node, const psd_mirror_options *options, psd_kube *kube,
                            psd_client *daemon, psd_followed *config, void (*changed)(void *arg), void *arg,
                            psd_error *error)
{
    *node = (psd_mirrored_node){.options = options, .config = config};
    char what[280];
    char path[280];
    char selector[280];
    snprintf(what, sizeof(what), "Node %s", options->node);
    snprintf(path, sizeof(path), "/api/v1/nodes/%s", options->node);
    snprintf(selector, sizeof(selector), "metadata.name=%s", options->node);
    for (size_t i = 0; i < psd_condition_row_count; i++)
        psd_follow_init(&node->sources[i], changed, arg);
    psd_object_init(&node->object, kube, what, path);
    psd_informer_options wanted = {
        .what = what, .path = "/api/v1/nodes", .field_selector = selector, .changed = changed, .arg = arg};
    if (psd_informer_start(kube, &wanted, &node->object.informer, error) < 0)
        return -1;
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        const psd_method *stream = psd_condition_rows[i].stream;
        if (stream && psd_follow_start(&node->sources[i], daemon, stream, error) < 0)
            return -1;
    }
    return 0;
}

void psd_mirrored_node_stop(psd_mirrored_node *node)
{
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        psd_follow_stop(&node->sources[i]);
        psd_follow_free(&node->sources[i]);
    }
    psd_object_free(&node->object);
}
