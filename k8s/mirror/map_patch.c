#include "k8s/mirror/map_patch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/macros.h"
#include "common/text.h"
#include "k8s/mirror/kube_time.h"

enum { MAX_DIFFERENCES = 1000 };

static const char *const written_at = PSD_ANNOTATION "written-at";

/* ---- two maps of texts, side by side ---- */

static int by_name(const void *left, const void *right)
{
    const cJSON *const *a = left;
    const cJSON *const *b = right;
    return strcmp((*a)->string, (*b)->string);
}

/* The members of MAP, sorted by name; free(). */
static const cJSON **sorted(const cJSON *map, size_t *count)
{
    *count = (size_t)cJSON_GetArraySize(map);
    const cJSON **members = calloc(*count + 1, sizeof(*members));
    if (!members)
        abort();
    size_t i = 0;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, map)
    {
        members[i++] = member;
    }
    qsort(members, *count, sizeof(*members), by_name);
    return members;
}

/* Calls EACH for every name whose text differs, in order; NULL is "not there". */
static void walk_differences(const cJSON *wanted, const cJSON *found,
                             void (*each)(void *arg, const char *name, const cJSON *wanted,
                                          const cJSON *found),
                             void *arg)
{
    size_t wanted_count = 0;
    size_t found_count = 0;
    PSD_AUTO_FREE const cJSON **left = sorted(wanted, &wanted_count);
    PSD_AUTO_FREE const cJSON **right = sorted(found, &found_count);
    for (size_t i = 0, k = 0; i < wanted_count || k < found_count;) {
        int order = i == wanted_count ? 1 : k == found_count ? -1 : strcmp(left[i]->string, right[k]->string);
        const char *name = order <= 0 ? left[i]->string : right[k]->string;
        const cJSON *w = order <= 0 ? left[i++] : NULL;
        const cJSON *f = order >= 0 ? right[k++] : NULL;
        if (!psd_json_same_string(w, f))
            each(arg, name, w, f);
    }
}

static void add_change(void *arg, const char *name, const cJSON *wanted, const cJSON *found PSD_UNUSED)
{
    cJSON *changes = arg;
    cJSON *value = wanted ? cJSON_CreateString(cJSON_GetStringValue(wanted)) : cJSON_CreateNull();
    if (!value || !cJSON_AddItemToObject(changes, name, value))
        abort();
}

size_t psd_map_data_size(const cJSON *data)
{
    size_t size = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, data)
    {
        const char *text = cJSON_GetStringValue(item);
        size += strlen(item->string) + (text ? strlen(text) : 0);
    }
    return size;
}

/* ---- the patch ---- */

/* Annotations of the plan that OBJECT lacks or has otherwise, ours that it has
 * too much. */
static cJSON *annotation_changes(const psd_map_plan *plan, const cJSON *object)
{
    cJSON *changes = psd_json_new();
    const cJSON *found = psd_json_map(object, "metadata/annotations");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, plan->annotations)
    {
        if (!psd_json_same_string(item, cJSON_GetObjectItemCaseSensitive(found, item->string)))
            add_change(changes, item->string, item, NULL);
    }
    cJSON_ArrayForEach(item, found)
    {
        bool is_ours = strncmp(item->string, PSD_ANNOTATION, strlen(PSD_ANNOTATION)) == 0 &&
                       strcmp(item->string, written_at) != 0;
        if (is_ours && !cJSON_GetObjectItemCaseSensitive(plan->annotations, item->string) &&
            !cJSON_GetObjectItemCaseSensitive(plan->notes, item->string))
            add_change(changes, item->string, NULL, NULL);
    }
    return changes;
}

static bool is_owned(const psd_map_plan *plan, const cJSON *object)
{
    const cJSON *owner = NULL;
    if (!plan->owner_uid)
        return true;
    cJSON_ArrayForEach(owner, psd_json_at(object, "metadata/ownerReferences"))
    {
        const char *uid = psd_json_string(owner, "uid");
        if (uid && strcmp(uid, plan->owner_uid) == 0)
            return true;
    }
    return false;
}

static cJSON *owner_reference(const psd_map_plan *plan)
{
    cJSON *owner = psd_json_new();
    psd_json_set_string(owner, "apiVersion", "v1");
    psd_json_set_string(owner, "kind", "Node");
    psd_json_set_string(owner, "name", plan->owner_name);
    psd_json_set_string(owner, "uid", plan->owner_uid);
    return owner;
}

/* Foreign owners stay; a Node of the same name and another uid is a dead one. */
static void add_owners(const psd_map_plan *plan, const cJSON *object, cJSON *metadata)
{
    cJSON *owners = cJSON_AddArrayToObject(metadata, "ownerReferences");
    const cJSON *owner = NULL;
    cJSON_ArrayForEach(owner, psd_json_at(object, "metadata/ownerReferences"))
    {
        const char *kind = psd_json_string(owner, "kind");
        const char *name = psd_json_string(owner, "name");
        if (!kind || !name || strcmp(kind, "Node") != 0 || strcmp(name, plan->owner_name) != 0)
            cJSON_AddItemToArray(owners, cJSON_Duplicate(owner, true));
    }
    cJSON_AddItemToArray(owners, owner_reference(plan));
}

static void add_notes(const psd_map_plan *plan, bool data_changed, cJSON *annotations)
{
    char text[PSD_CLOCK_TEXT_SIZE];
    const cJSON *note = NULL;
    cJSON_ArrayForEach(note, plan->notes)
    {
        psd_json_set_string(annotations, note->string, cJSON_GetStringValue(note));
    }
    psd_json_set_string(annotations, written_at, psd_kube_time_format(plan->now_ms, text));
    if (data_changed && plan->changed_annotation)
        psd_json_set_string(annotations, plan->changed_annotation, text);
}

static int64_t refresh_in(const psd_map_plan *plan, const cJSON *object)
{
    const cJSON *annotations = psd_json_map(object, "metadata/annotations");
    const cJSON *written = cJSON_GetObjectItemCaseSensitive(annotations, written_at);
    return psd_kube_time_left(cJSON_GetStringValue(written), plan->refresh_ms, plan->now_ms);
}

cJSON *psd_map_patch(const psd_map_plan *plan, const cJSON *object, int64_t *refresh_in_ms)
{
    cJSON *patch = psd_json_new();
    cJSON *metadata = psd_json_object(patch, "metadata");
    cJSON *data = psd_json_new();
    cJSON *annotations = annotation_changes(plan, object);
    if (plan->data)
        walk_differences(plan->data, psd_json_map(object, "data"), add_change, data);
    bool data_changed = data->child != NULL;
    bool owned = is_owned(plan, object);
    *refresh_in_ms = refresh_in(plan, object);
    bool is_right = !data_changed && !annotations->child && owned && *refresh_in_ms > 0;
    add_notes(plan, data_changed, annotations);
    if (!owned)
        add_owners(plan, object, metadata);
    cJSON_AddItemToObject(metadata, "annotations", annotations);
    if (data_changed)
        cJSON_AddItemToObject(patch, "data", data);
    else
        cJSON_Delete(data);
    const char *version = psd_json_string(object, "metadata/resourceVersion");
    if (version)
        psd_json_set_string(metadata, "resourceVersion", version);
    if (!is_right)
        return patch;
    cJSON_Delete(patch);
    return NULL;
}

cJSON *psd_map_create(const psd_map_plan *plan)
{
    int64_t refresh_in_ms = 0;
    cJSON *object = psd_map_patch(plan, NULL, &refresh_in_ms);
    psd_json_set_string(object, "apiVersion", "v1");
    psd_json_set_string(object, "kind", "ConfigMap");
    cJSON *metadata = psd_json_object(object, "metadata");
    psd_json_set_string(metadata, "namespace", plan->namespace);
    psd_json_set_string(metadata, "name", plan->name);
    if (plan->changed_annotation) {
        char text[PSD_CLOCK_TEXT_SIZE];
        psd_json_set_string(psd_json_object(metadata, "annotations"), plan->changed_annotation,
                            psd_kube_time_format(plan->now_ms, text));
    }
    return object;
}

/* ---- differences, for people ---- */

void psd_mirror_add_difference(Polarstack__V1__MirroredObject *entry, const char *path, const char *wanted,
                               const char *found)
{
    if (entry->n_differences == MAX_DIFFERENCES) {
        entry->more_differences++;
        return;
    }
    Polarstack__V1__MirrorDifference *made = malloc(sizeof(*made));
    Polarstack__V1__MirrorDifference **longer = realloc(entry->differences,
                                                        (entry->n_differences + 1) * sizeof(*longer));
    if (!made || !longer)
        abort();
    polarstack__v1__mirror_difference__init(made);
    made->path = psd_text_copy(path);
    made->wanted = psd_text_copy(wanted ? wanted : "");
    made->found = psd_text_copy(found ? found : "");
    entry->differences = longer;
    entry->differences[entry->n_differences++] = made;
}

static void add_data_difference(void *arg, const char *name, const cJSON *wanted, const cJSON *found)
{
    char path[300];
    snprintf(path, sizeof(path), "data/%s", name);
    psd_mirror_add_difference(arg, path, cJSON_GetStringValue(wanted), cJSON_GetStringValue(found));
}

void psd_map_differences(const psd_map_plan *plan, const cJSON *object, Polarstack__V1__MirroredObject *entry)
{
    if (plan->data)
        walk_differences(plan->data, psd_json_map(object, "data"), add_data_difference, entry);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, plan->annotations)
    {
        const cJSON *found = cJSON_GetObjectItemCaseSensitive(psd_json_map(object, "metadata/annotations"),
                                                              item->string);
        char path[300];
        snprintf(path, sizeof(path), "metadata/annotations/%s", item->string);
        if (!psd_json_same_string(item, found))
            psd_mirror_add_difference(entry, path, cJSON_GetStringValue(item), cJSON_GetStringValue(found));
    }
}
