#include "k8s/mirror/config_map.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/observation.h"
#include "common/thread.h"
#include "k8s/mirror/map_patch.h"
#include "k8s/mirror/rows.h"
#include "k8s/reconciler.h"

enum {
    START_MS = 2000,
    REFUSED_RETRY_MS = 300000,
    /* Data must shrink by this part of it to be tried sooner: not with each port. */
    REFUSED_SHRINK = 32,
};

/* All that a plan points to, for one pass. */
typedef struct pass {
    ProtobufCMessage *resource;
    ProtobufCMessage *config;
    int64_t lost_for_ms;
    psd_error lost;
    cJSON *found;
    psd_wanted_map wanted;
    cJSON *notes;
    char *owner_name;
    char *owner_uid;
    psd_map_plan plan;
    bool too_large;
} pass;

static void clean_pass(pass *p)
{
    psd_cleanup_message(&p->resource);
    psd_cleanup_message(&p->config);
    cJSON_Delete(p->found);
    cJSON_Delete(p->wanted.data);
    cJSON_Delete(p->wanted.annotations);
    psd_text_free(&p->wanted.reason);
    cJSON_Delete(p->notes);
    free(p->owner_name);
    free(p->owner_uid);
}

static char *copy_or_null(const char *text)
{
    return text ? psd_text_copy(text) : NULL;
}

static void read_owner(void *arg, const psd_informer_view *view)
{
    pass *p = arg;
    const cJSON *node = cJSON_GetArrayItem(view->objects, 0);
    p->owner_name = copy_or_null(psd_json_string(node, "metadata/name"));
    p->owner_uid = copy_or_null(psd_json_string(node, "metadata/uid"));
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- what should stand there ---- */

static const char *observed_state(const Polarrpc__V1__Observation *observation)
{
    switch (observation ? (int)observation->state : 0) {
    case POLARRPC__V1__OBSERVATION_STATE__FRESH:
        return "FRESH";
    case POLARRPC__V1__OBSERVATION_STATE__STALE:
        return "STALE";
    default:
        return "UNKNOWN";
    }
}

/* State and reason: the first of these that holds. */
static void describe_state(const psd_mirrored_map *map, pass *p, const Polarrpc__V1__Observation *observation)
{
    PSD_AUTO_TEXT reason = PSD_TEXT_INIT;
    const char *state = observed_state(observation);
    if (p->wanted.verdict == PSD_MAP_DISABLED) {
        state = "DISABLED";
        psd_text_add(&reason, psd_text_string(&p->wanted.reason));
    } else if (p->lost_for_ms > map->options->stale_after_ms) {
        state = "STALE";
        if (p->lost.code == PSD_UNIMPLEMENTED)
            psd_text_printf(&reason, "the daemon is of an older version: %s", p->lost.text);
        else
            psd_text_printf(&reason, "the daemon cannot be reached: %s", p->lost.text);
    } else if (p->wanted.verdict == PSD_MAP_WAIT) {
        state = "WAITING";
        psd_text_add(&reason, psd_text_string(&p->wanted.reason));
    } else if (p->too_large) {
        size_t size = psd_map_data_size(p->wanted.data);
        state = "TOO_LARGE";
        psd_text_printf(&reason, "%zu bytes in %d entries: ", size, cJSON_GetArraySize(p->wanted.data));
        if (size > PSD_MAP_DATA_MAX)
            psd_text_printf(&reason, "a ConfigMap holds %d bytes", PSD_MAP_DATA_MAX);
        else
            psd_text_add(&reason, "the API server refused that much beside what else is in the object");
    } else if (observation) {
        psd_text_add(&reason, observation->reason);
    }
    psd_json_set_string(p->wanted.annotations, PSD_ANNOTATION "state", state);
    if (reason.length > 0)
        psd_json_set_string(p->wanted.annotations, PSD_ANNOTATION "reason", psd_text_string(&reason));
}

static void describe_origin(pass *p, const Polarrpc__V1__Observation *observation)
{
    char text[PSD_CLOCK_TEXT_SIZE];
    if (!observation || observation->observed_at_ms == 0)
        return;
    psd_json_set_string(p->notes, PSD_ANNOTATION "observed-at",
                        psd_clock_format(observation->observed_at_ms, text));
    PSD_AUTO_TEXT revision = PSD_TEXT_INIT;
    psd_text_printf(&revision, "%016" PRIx64 "-%" PRIu64, observation->epoch, observation->revision);
    psd_json_set_string(p->notes, PSD_ANNOTATION "revision", psd_text_string(&revision));
}

static void ask_row(psd_mirrored_map *map, pass *p)
{
    psd_mirror_source source = {.resource = p->resource,
                                .config = (const Polarstack__V1__NodeConfig *)p->config,
                                .options = map->options,
                                .found = psd_json_map(p->found, "data"),
                                .state = map->state};
    p->wanted = (psd_wanted_map){.verdict = PSD_MAP_WAIT,
                                 .data = psd_json_new(),
                                 .annotations = psd_json_new(),
                                 .again_ms = PSD_RECONCILE_NEVER};
    PSD_LOCKED(&map->state_mutex);
    map->row->want(&source, &p->wanted);
}

/* What the server refused is not sent again at once: it would be refused again, and
 * meanwhile nobody would be told. */
static bool is_too_large(psd_mirrored_map *map, pass *p)
{
    size_t size = psd_map_data_size(p->wanted.data);
    if (size > PSD_MAP_DATA_MAX)
        return true;
    PSD_LOCKED(&map->state_mutex);
    int64_t left_ms = map->refused_until_ms - psd_clock_mono_ms();
    if (left_ms <= 0 || size < map->refused_size - map->refused_size / REFUSED_SHRINK ||
        psd_map_data_size(psd_json_at(p->found, "binaryData")) < map->refused_beside)
        return false;
    p->wanted.again_ms = sooner(p->wanted.again_ms, left_ms);
    return true;
}

static void note_refusal(psd_mirrored_map *map, const pass *p)
{
    PSD_LOCKED(&map->state_mutex);
    map->refused_size = psd_map_data_size(p->wanted.data);
    map->refused_beside = psd_map_data_size(psd_json_at(p->found, "binaryData"));
    map->refused_until_ms = psd_clock_mono_ms() + REFUSED_RETRY_MS;
}

static int64_t refresh_ms(const psd_mirrored_map *map)
{
    return map->options->refresh_ms * (map->row->refresh_periods > 0 ? map->row->refresh_periods : 1);
}

/* Fills everything but `found`, which is there already. */
static void make_plan(psd_mirrored_map *map, pass *p)
{
    int64_t config_lost_ms = 0;
    p->resource = psd_followed_get(&map->source, &p->lost_for_ms, &p->lost);
    p->config = psd_followed_get(map->config, &config_lost_ms, NULL);
    psd_informer_read(map->node, read_owner, p);
    ask_row(map, p);
    const Polarrpc__V1__Observation *observation = p->resource ? psd_observation_of(p->resource) : NULL;
    p->notes = psd_json_new();
    p->too_large = is_too_large(map, p);
    /* Without its owner it would outlive the Node, or a wrong name of it. */
    if (!p->found && !p->owner_uid && p->wanted.verdict == PSD_MAP_WRITE) {
        p->wanted.verdict = PSD_MAP_WAIT;
        psd_text_printf(&p->wanted.reason, "the Node '%s', its owner, is not known: see 'pdctl doctor'",
                        map->options->node);
    }
    bool writes = p->wanted.verdict == PSD_MAP_WRITE && !p->too_large;
    describe_state(map, p, observation);
    describe_origin(p, observation);
    p->plan = (psd_map_plan){.namespace = map->options->namespace,
                             .name = map->name,
                             .data = writes ? p->wanted.data : NULL,
                             .annotations = p->wanted.annotations,
                             .notes = p->notes,
                             .changed_annotation = map->row->changed_annotation,
                             .owner_name = p->owner_name,
                             .owner_uid = p->owner_uid,
                             .refresh_ms = refresh_ms(map),
                             .now_ms = psd_clock_unix_ms()};
}

/* ---- making it so ---- */

static int64_t send(psd_mirrored_map *map, const pass *p, const cJSON *body)
{
    PSD_AUTO_TEXT collection = PSD_TEXT_INIT;
    psd_text_printf(&collection, "/api/v1/namespaces/%s/configmaps", map->options->namespace);
    psd_object_write write = {.method = p->found ? "PATCH" : "POST",
                              .path = p->found ? map->object.path : psd_text_string(&collection),
                              .content_type = p->found ? PSD_KUBE_MERGE_PATCH : PSD_KUBE_JSON,
                              .body = body,
                              .replaced = p->found};
    bool written = false;
    return psd_object_send(&map->object, &write, &written);
}

/* Tells why the object is not as one would expect, if so. */
static void set_state(psd_mirrored_map *map, const pass *p)
{
    const char *reason = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(p->wanted.annotations, PSD_ANNOTATION "reason"));
    Polarstack__V1__MirrorState state = POLARSTACK__V1__MIRROR_STATE__IN_SYNC;
    if (p->wanted.verdict == PSD_MAP_DISABLED)
        state = POLARSTACK__V1__MIRROR_STATE__DISABLED;
    else if (p->wanted.verdict == PSD_MAP_WAIT)
        state = POLARSTACK__V1__MIRROR_STATE__WAITING;
    else if (p->too_large)
        state = POLARSTACK__V1__MIRROR_STATE__TOO_LARGE;
    else if (map->options->mode != PSD_MIRROR_ON)
        state = POLARSTACK__V1__MIRROR_STATE__NOT_WRITTEN;
    psd_object_set_state(&map->object, state, reason);
}

void psd_map_wait(psd_wanted_map *wanted, const char *reason)
{
    wanted->verdict = PSD_MAP_WAIT;
    psd_text_add(&wanted->reason, reason);
}

/* DATA as it should be, in the words of FOUND where those say the same. */
static cJSON *in_words_of(const psd_map_row *row, const cJSON *data, const cJSON *found)
{
    cJSON *worded = cJSON_Duplicate(data, true);
    if (data && !worded)
        abort();
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, data)
    {
        const char *theirs = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(found, item->string));
        if (row->same && theirs && row->same(item->string, cJSON_GetStringValue(item), theirs))
            psd_json_set_string(worded, item->string, theirs);
    }
    return worded;
}

/* Where the object is not as it should be. Another writer's has none of our
 * annotations, which is no difference. */
static void add_differences(const psd_mirrored_map *map, const pass *p, Polarstack__V1__MirroredObject *entry)
{
    psd_map_plan plan = p->plan;
    PSD_AUTO_JSON cJSON *worded = NULL;
    if (map->options->mode != PSD_MIRROR_ON) {
        worded = in_words_of(map->row, plan.data, psd_json_map(p->found, "data"));
        plan.data = worded;
        plan.annotations = NULL;
    }
    if (p->found || plan.data) /* nothing is made before it is known what to write */
        psd_map_differences(&plan, p->found, entry);
}

/* In place of writing. Returns ms until the next look. */
static int64_t look_only(psd_mirrored_map *map, const pass *p)
{
    int64_t again_ms = PSD_RECONCILE_NEVER;
    set_state(map, p);
    if (map->options->mode == PSD_MIRROR_COMPARE) {
        Polarstack__V1__MirroredObject *now = psd_mirrored_object_new();
        add_differences(map, p, now);
        again_ms = psd_object_compare(&map->object, now, map->options->compare_after_ms);
        polarstack__v1__mirrored_object__free_unpacked(now, NULL);
    }
    return again_ms;
}

int64_t psd_mirrored_map_reconcile(void *arg)
{
    psd_mirrored_map *map = arg;
    PSD_AUTO(clean_pass) pass p = {.resource = NULL};
    psd_error reason = PSD_ERROR_INIT;
    if (!psd_object_now(&map->object, &p.found, &reason)) {
        psd_object_set_state(&map->object, POLARSTACK__V1__MIRROR_STATE__WAITING, reason.text);
        return PSD_RECONCILE_NEVER;
    }
    make_plan(map, &p);
    int64_t again_ms = p.wanted.again_ms;
    /* A bridge that starts has not heard of everything yet: what stands there is not older
     * for that. */
    int64_t starts_for_ms = map->started_ms + START_MS - psd_clock_mono_ms();
    if (p.wanted.verdict == PSD_MAP_WAIT && starts_for_ms > 0) {
        set_state(map, &p);
        return sooner(again_ms, starts_for_ms);
    }
    if (p.lost_for_ms > 0 && p.lost_for_ms <= map->options->stale_after_ms)
        again_ms = sooner(again_ms, map->options->stale_after_ms - p.lost_for_ms + 1);
    if (map->options->mode != PSD_MIRROR_ON)
        return sooner(again_ms, look_only(map, &p));
    int64_t refresh_in_ms = PSD_RECONCILE_NEVER;
    PSD_AUTO_JSON cJSON *body = NULL;
    if (p.found)
        body = psd_map_patch(&p.plan, p.found, &refresh_in_ms);
    else if (p.plan.data)
        body = psd_map_create(&p.plan);
    if (!body) {
        set_state(map, &p);
        return sooner(again_ms, p.found ? refresh_in_ms : PSD_RECONCILE_NEVER);
    }
    int64_t pause_ms = psd_object_pause(&map->object);
    if (pause_ms > 0)
        return sooner(again_ms, pause_ms);
    int64_t retry_ms = send(map, &p, body);
    if (map->object.too_large && p.plan.data)
        note_refusal(map, &p);
    if (retry_ms != PSD_RECONCILE_NEVER)
        again_ms = sooner(again_ms, retry_ms);
    return sooner(again_ms, refresh_ms(map));
}

/* ---- describing ---- */

void psd_mirrored_map_describe(psd_mirrored_map *map, Polarstack__V1__MirroredObject *entry)
{
    PSD_AUTO(clean_pass) pass p = {.resource = NULL};
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_error error = PSD_ERROR_INIT;
    psd_kube_request request = {.method = "GET", .path = map->object.path};
    psd_object_describe(&map->object, entry);
    int result = psd_kube_call(map->object.kube, &request, &reply, &error);
    if (result < 0 && error.code != PSD_NOT_FOUND) {
        free(entry->reason);
        entry->reason = copy_or_null(error.text);
        entry->state = POLARSTACK__V1__MIRROR_STATE__FAILED;
        return;
    }
    p.found = result == 0 ? psd_take(reply.body) : NULL;
    make_plan(map, &p);
    if (p.found)
        entry->resource_version = copy_or_null(psd_json_string(p.found, "metadata/resourceVersion"));
    add_differences(map, &p, entry);
    if (entry->n_differences > 0 && entry->state == POLARSTACK__V1__MIRROR_STATE__IN_SYNC)
        entry->state = POLARSTACK__V1__MIRROR_STATE__PENDING;
}

/* ---- life ---- */

void psd_mirrored_map_name(const psd_map_row *row, const char *node, char name[PSD_MAP_NAME_SIZE])
{
    int length = snprintf(name, PSD_MAP_NAME_SIZE, "%s%s", row->prefix, node);
    for (int i = 0; row->lower_case && i < length && name[i]; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z')
            name[i] += 'a' - 'A';
    }
}

int psd_mirrored_map_start(psd_mirrored_map *map, const psd_map_row *row, const psd_mirror_options *options,
                           psd_kube *kube, psd_client *daemon, psd_followed *config, psd_informer *node,
                           void (*changed)(void *arg), void *arg, psd_error *error)
{
    *map = (psd_mirrored_map){
        .row = row, .options = options, .config = config, .node = node, .started_ms = psd_clock_mono_ms()};
    pthread_mutex_init(&map->state_mutex, NULL);
    psd_follow_init(&map->source, changed, arg);
    map->source.each_look = row->each_look;
    psd_mirrored_map_name(row, options->node, map->name);
    PSD_AUTO_TEXT what = PSD_TEXT_INIT;
    PSD_AUTO_TEXT collection = PSD_TEXT_INIT;
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_TEXT selector = PSD_TEXT_INIT;
    psd_text_printf(&what, "ConfigMap %s/%s", options->namespace, map->name);
    psd_text_printf(&collection, "/api/v1/namespaces/%s/configmaps", options->namespace);
    psd_text_printf(&path, "%s/%s", psd_text_string(&collection), map->name);
    psd_text_printf(&selector, "metadata.name=%s", map->name);
    psd_object_init(&map->object, kube, psd_text_string(&what), psd_text_string(&path));
    map->state = calloc(1, row->state_size + 1);
    if (!map->state)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    psd_informer_options wanted = {.what = map->object.what,
                                   .path = psd_text_string(&collection),
                                   .field_selector = psd_text_string(&selector),
                                   .changed = changed,
                                   .arg = arg};
    if (psd_informer_start(kube, &wanted, &map->object.informer, error) < 0)
        return -1;
    return psd_follow_start(&map->source, daemon, row->stream, error);
}

void psd_mirrored_map_stop(psd_mirrored_map *map)
{
    psd_follow_stop(&map->source);
    psd_follow_free(&map->source);
    psd_object_free(&map->object);
    if (map->row->free_state && map->state)
        map->row->free_state(map->state);
    free(map->state);
    pthread_mutex_destroy(&map->state_mutex);
}
