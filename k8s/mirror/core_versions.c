/* core_versions.c - the ConfigMap that tells which database versions could start
 * here. */
#include "k8s/mirror/rows.h"

#include <stdlib.h>
#include <string.h>

#include "common/node_config_part.h"
#include "k8s/mirror/kube_time.h"
#include "k8s/mirror/map_patch.h"
#include "polarstack/v1/core_version.pb-c.h"

/* All annotations of an object may have 256 KiB. */
enum { MISSING_MAX = 64 * 1024 };

static const char *const existing_versions = "existingVersions";
static const char *const check_time = "checkTime";

typedef Polarstack__V1__CoreVersionAvailability availability;

/* ---- lists of names ---- */

/* Whether NAME is one of those in LIST, "a,b,c". */
static bool lists_name(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0)
            return true;
    }
    return false;
}

/* Whether all names of A are in B. */
static bool is_within(const char *a, const char *b)
{
    PSD_AUTO_FREE char *names = psd_text_copy(a);
    char *rest = NULL;
    for (const char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (!lists_name(b, name))
            return false;
    }
    return true;
}

/* Version 1 had its names in any order, and its checks at other times. */
bool psd_same_core_versions(const char *key, const char *wanted, const char *found)
{
    if (strcmp(key, check_time) == 0)
        return psd_kube_time_is(found);
    return strcmp(key, existing_versions) == 0 && is_within(wanted, found) && is_within(found, wanted);
}

/* ---- what is there ---- */

static int by_name(const void *name, const void *version)
{
    return strcmp(name, (*(Polarstack__V1__CoreVersion *const *)version)->name);
}

/* What the daemon says of the version NAME; NULL: nothing yet. */
static const Polarstack__V1__CoreVersion *find(const availability *seen, const char *name)
{
    Polarstack__V1__CoreVersion *const *found = bsearch(name, seen->versions, seen->n_versions,
                                                        sizeof(Polarstack__V1__CoreVersion *), by_name);
    return found ? *found : NULL;
}

/* What cannot be told takes nothing away: then it is as it was when it last could be,
 * in the daemon's life or in an earlier one. */
static bool exists(const Polarstack__V1__CoreVersion *version, const char *name, const char *published)
{
    Polarstack__V1__Presence presence = version ? version->presence
                                                : POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN;
    if (presence == POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN && version)
        presence = version->last_known;
    if (presence == POLARSTACK__V1__PRESENCE__PRESENT || presence == POLARSTACK__V1__PRESENCE__ABSENT)
        return presence == POLARSTACK__V1__PRESENCE__PRESENT;
    return lists_name(published, name);
}

/* ---- what is missing ---- */

/* As the runtime last told it. */
static Polarstack__V1__Presence last_of(const Polarstack__V1__CoreVersionImage *image)
{
    if (image->presence == POLARSTACK__V1__PRESENCE__PRESENT ||
        image->presence == POLARSTACK__V1__PRESENCE__ABSENT)
        return image->presence;
    return image->last_known;
}

/* Adds an image of VERSION to the list in TEXT; false when it has no room for it. */
static bool add_missing(psd_text *text, const Polarstack__V1__CoreVersion *version,
                        const Polarstack__V1__CoreVersionImage *image)
{
    bool is_absent = last_of(image) == POLARSTACK__V1__PRESENCE__ABSENT;
    PSD_AUTO_JSON cJSON *entry = psd_json_new();
    psd_json_set_string(entry, "version", version->name);
    psd_json_set_string(entry, "key", image->key);
    psd_json_set_string(entry, "image", image->image);
    psd_json_set_string(entry, "presence", is_absent ? "ABSENT" : "UNKNOWN");
    PSD_AUTO_FREE char *line = psd_json_print(entry);
    if (text->length + strlen(line) > MISSING_MAX)
        return false;
    psd_text_printf(text, "%s%s", text->length > 0 ? "," : "", line);
    return true;
}

typedef struct missing {
    psd_text text;
    unsigned left_out;
} missing;

static void free_missing(missing *list)
{
    psd_text_free(&list->text);
}

static void add_images(missing *list, const Polarstack__V1__CoreVersion *version)
{
    for (size_t i = 0; i < version->n_images; i++) {
        bool is_there = last_of(version->images[i]) == POLARSTACK__V1__PRESENCE__PRESENT;
        if (!is_there && (list->left_out > 0 || !add_missing(&list->text, version, version->images[i])))
            list->left_out++;
    }
}

static void annotate(const availability *seen, missing *list, cJSON *annotations)
{
    if (seen->runtime[0])
        psd_json_set_string(annotations, PSD_ANNOTATION "runtime", seen->runtime);
    if (list->left_out > 0)
        psd_text_printf(&list->text, ",{\"more\":%u}", list->left_out);
    PSD_AUTO_TEXT array = PSD_TEXT_INIT;
    psd_text_printf(&array, "[%s]", psd_text_string(&list->text));
    if (list->text.length > 0)
        psd_json_set_string(annotations, PSD_ANNOTATION "missing-versions", psd_text_string(&array));
}

/* ---- the row ---- */

/* Says why nothing can be published, if so. */
static bool is_ready(const psd_mirror_source *source, psd_wanted_map *wanted)
{
    const availability *seen = (const availability *)source->resource;
    bool is_told = source->config && psd_node_config_part(source->config, "core_versions");
    if (is_told && source->config->n_core_versions == 0 && !source->found) {
        wanted->verdict = PSD_MAP_DISABLED;
        psd_text_add(&wanted->reason, "the cluster defines no database version: see 'pdctl get config'");
        return false;
    }
    /* Readers take an empty list for a host that can start nothing: no version at all may
     * be an input that is missing, or a wrong label. */
    if (!is_told || source->config->n_core_versions == 0) {
        psd_map_wait(wanted, "it is not known which database versions there are: see 'pdctl get config'");
        return false;
    }
    if (!seen || !seen->observation) {
        psd_map_wait(wanted, "the daemon has not told which versions are there yet: see 'pdctl health'");
        return false;
    }
    if (seen->observation->observed_at_ms == 0 ||
        seen->observation->state == POLARRPC__V1__OBSERVATION_STATE__UNKNOWN) {
        const char *reason = seen->observation->reason;
        psd_map_wait(wanted, reason[0] ? reason : "the daemon has not looked at the container runtime yet");
        return false;
    }
    return true;
}

void psd_want_core_versions(const psd_mirror_source *source, psd_wanted_map *wanted)
{
    if (!is_ready(source, wanted))
        return;
    const availability *seen = (const availability *)source->resource;
    const Polarstack__V1__NodeConfig *config = source->config;
    const char *published = psd_json_string(source->found, existing_versions);
    PSD_AUTO_TEXT names = PSD_TEXT_INIT;
    PSD_AUTO(free_missing) missing list = {.text = PSD_TEXT_INIT};
    for (size_t i = 0; i < config->n_core_versions; i++) {
        const char *name = config->core_versions[i]->name;
        const Polarstack__V1__CoreVersion *version = find(seen, name);
        if (exists(version, name, published ? published : ""))
            psd_text_printf(&names, "%s%s", names.length > 0 ? "," : "", name);
        else if (version)
            add_images(&list, version);
    }
    char text[PSD_CLOCK_TEXT_SIZE];
    psd_json_set_string(wanted->data, existing_versions, psd_text_string(&names));
    psd_json_set_string(wanted->data, check_time,
                        psd_kube_time_format(seen->observation->observed_at_ms, text));
    annotate(seen, &list, wanted->annotations);
    wanted->verdict = PSD_MAP_WRITE;
}
