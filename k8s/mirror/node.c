#include "k8s/mirror/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/observation.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/mirror/condition_patch.h"
#include "k8s/mirror/map_patch.h"
#include "k8s/reconciler.h"

/* ---- what should stand there ---- */

/* A resource as the conditions see it. */
typedef struct look {
    ProtobufCMessage *resource;
    psd_text stale; /* why it has been old for too long; empty: it is not */
} look;

static psd_node_source *source_of(psd_mirrored_node *node, const psd_method *stream)
{
    for (size_t i = 0; i < node->source_count; i++) {
        if (node->sources[i].stream == stream)
            return &node->sources[i];
    }
    return NULL;
}

/* How long the daemon has said that RESOURCE is old; 0: it is not. */
static int64_t stale_for(psd_node_source *source, const ProtobufCMessage *resource)
{
    const Polarrpc__V1__Observation *observation = resource ? psd_observation_of(resource) : NULL;
    bool is_fresh = observation && observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    int64_t now_ms = psd_clock_mono_ms();
    PSD_LOCKED(&source->mutex);
    if (is_fresh)
        source->stale_ms = 0;
    else if (source->stale_ms == 0)
        source->stale_ms = now_ms;
    return is_fresh ? 0 : now_ms - source->stale_ms + 1;
}

/* Takes what a source holds. Returns ms until it will have been old for too long. */
static int64_t look_at(const psd_mirrored_node *node, psd_node_source *source, look *l)
{
    int64_t lost_for_ms = 0;
    psd_error lost = PSD_ERROR_INIT;
    l->resource = psd_followed_get(&source->followed, &lost_for_ms, &lost);
    int64_t stale_for_ms = stale_for(source, l->resource);
    int64_t longest_ms = lost_for_ms > stale_for_ms ? lost_for_ms : stale_for_ms;
    if (longest_ms == 0)
        return PSD_RECONCILE_NEVER;
    if (longest_ms <= node->options->stale_after_ms)
        return node->options->stale_after_ms - longest_ms + 1;
    const Polarrpc__V1__Observation *observation = l->resource ? psd_observation_of(l->resource) : NULL;
    if (lost_for_ms > 0)
        psd_text_printf(&l->stale, "the daemon cannot be reached: %s", lost.text);
    else
        psd_text_add(&l->stale, observation && observation->reason[0] ? observation->reason
                                                                      : "the daemon has not seen it yet");
    return PSD_RECONCILE_NEVER;
}

/* Fills PLANS, beside FOUND, the Node as it is. Returns ms until they may differ by
 * themselves. */
static int64_t want_all(psd_mirrored_node *node, const cJSON *found, psd_condition_plan *plans)
{
    look looks[PSD_CONDITIONS_MAX] = {{.resource = NULL}};
    int64_t again_ms = PSD_RECONCILE_NEVER;
    int64_t config_lost_ms = 0;
    PSD_AUTO_MESSAGE ProtobufCMessage *config = psd_followed_get(node->config, &config_lost_ms, NULL);
    for (size_t i = 0; i < node->source_count; i++) {
        int64_t in_ms = look_at(node, &node->sources[i], &looks[i]);
        again_ms = in_ms < again_ms ? in_ms : again_ms;
    }
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        const psd_node_source *source = source_of(node, psd_condition_rows[i].stream);
        const look *l = source ? &looks[source - node->sources] : NULL;
        psd_mirror_source view = {.resource = l ? l->resource : NULL,
                                  .stale = l && l->stale.length > 0 ? psd_text_string(&l->stale) : NULL,
                                  .config = (const Polarstack__V1__NodeConfig *)config,
                                  .options = node->options,
                                  .found = psd_condition_find(found, psd_condition_rows[i].type)};
        plans[i] = (psd_condition_plan){.type = psd_condition_rows[i].type};
        psd_condition_rows[i].want(&view, &plans[i].wanted);
    }
    for (size_t i = 0; i < node->source_count; i++) {
        psd_cleanup_message(&looks[i].resource);
        psd_text_free(&looks[i].stale);
    }
    return again_ms;
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

/* ---- making it so ---- */

/* Tells of what was just written in place of FOUND. */
static void tell_all(const psd_mirrored_node *node, const psd_condition_plan *plans, const cJSON *found)
{
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        if (psd_condition_rows[i].tell && plans[i].wanted.known)
            psd_condition_rows[i].tell(psd_condition_find(found, plans[i].type), &plans[i].wanted,
                                       node->events);
    }
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
    int64_t again_ms = want_all(node, found, plans);
    if (node->options->mode != PSD_MIRROR_ON) {
        int64_t look_ms = look_only(node, plans, found);
        return look_ms < again_ms ? look_ms : again_ms;
    }
    int64_t refresh_in_ms = 0;
    PSD_AUTO_JSON cJSON *body = psd_condition_patch(plans, psd_condition_row_count, found,
                                                    node->options->refresh_ms, psd_clock_unix_ms(),
                                                    &refresh_in_ms);
    if (!body) {
        psd_object_set_state(&node->object, POLARSTACK__V1__MIRROR_STATE__IN_SYNC, NULL);
        return refresh_in_ms < again_ms ? refresh_in_ms : again_ms;
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
    bool written = false;
    int64_t retry_ms = psd_object_send(&node->object, &write, &written);
    if (written)
        tell_all(node, plans, found);
    if (refresh_in_ms < again_ms)
        again_ms = refresh_in_ms;
    return retry_ms < again_ms ? retry_ms : again_ms;
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
    want_all(node, reply.body, plans);
    compare_all(plans, reply.body, entry);
    if (entry->n_differences > 0 && entry->state == POLARSTACK__V1__MIRROR_STATE__IN_SYNC)
        entry->state = POLARSTACK__V1__MIRROR_STATE__PENDING;
}

/* ---- life ---- */

static int start_source(psd_mirrored_node *node, const psd_method *stream, psd_client *daemon,
                        void (*changed)(void *arg), void *arg, psd_error *error)
{
    psd_node_source *source = &node->sources[node->source_count++];
    source->stream = stream;
    pthread_mutex_init(&source->mutex, NULL);
    psd_follow_init(&source->followed, changed, arg);
    return psd_follow_start(&source->followed, daemon, stream, error);
}

int psd_mirrored_node_start(psd_mirrored_node *node, const psd_mirror_options *options, psd_kube *kube,
                            psd_client *daemon, psd_followed *config, psd_events *events,
                            void (*changed)(void *arg), void *arg, psd_error *error)
{
    *node = (psd_mirrored_node){.options = options, .config = config, .events = events};
    char what[280];
    char path[280];
    char selector[280];
    snprintf(what, sizeof(what), "Node %s", options->node);
    snprintf(path, sizeof(path), "/api/v1/nodes/%s", options->node);
    snprintf(selector, sizeof(selector), "metadata.name=%s", options->node);
    psd_object_init(&node->object, kube, what, path);
    psd_informer_options wanted = {
        .what = what, .path = "/api/v1/nodes", .field_selector = selector, .changed = changed, .arg = arg};
    if (psd_informer_start(kube, &wanted, &node->object.informer, error) < 0)
        return -1;
    for (size_t i = 0; i < psd_condition_row_count; i++) {
        const psd_method *stream = psd_condition_rows[i].stream;
        if (stream && !source_of(node, stream) && start_source(node, stream, daemon, changed, arg, error) < 0)
            return -1;
    }
    return 0;
}

void psd_mirrored_node_stop(psd_mirrored_node *node)
{
    for (size_t i = 0; i < node->source_count; i++) {
        psd_follow_stop(&node->sources[i].followed);
        psd_follow_free(&node->sources[i].followed);
        pthread_mutex_destroy(&node->sources[i].mutex);
    }
    psd_object_free(&node->object);
}
