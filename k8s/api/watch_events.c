#include "k8s/api/watch_events.h"

#include <string.h>

#include "common/cleanup.h"

static const struct {
    const char *name;
    psd_kube_event_type type;
} types[] = {
    {"ADDED", PSD_KUBE_CHANGED},     {"MODIFIED", PSD_KUBE_CHANGED}, {"DELETED", PSD_KUBE_DELETED},
    {"BOOKMARK", PSD_KUBE_BOOKMARK}, {"ERROR", PSD_KUBE_ERROR},
};

/* False when the type is not known. */
static bool find_type(const char *name, psd_kube_event_type *type)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static int spoilt(psd_error *error, const char *why)
{
    return psd_error_set(error, PSD_DATA_LOSS, "the watch sent an event %s", why);
}

/* LINE ends in a zero byte. */
static int take_line(psd_kube_watch_events *events, const char *line, size_t length,
                     void (*each)(void *arg, psd_kube_watch_event *event), void *arg, psd_error *error)
{
    psd_kube_watch_event event = {.object = NULL};
    PSD_AUTO_JSON cJSON *document = cJSON_ParseWithLengthOpts(line, length + 1, NULL, true);
    const char *type = psd_json_string(document, "type");
    if (!document || !type || strlen(line) != length)
        return spoilt(error, "that is no JSON or has no type");
    if (!find_type(type, &event.type))
        return 0;
    PSD_AUTO_JSON cJSON *object = cJSON_DetachItemFromObjectCaseSensitive(document, "object");
    if (!cJSON_IsObject(object))
        return spoilt(error, "without an object");
    events->ended = event.type == PSD_KUBE_ERROR;
    event.version = events->ended ? NULL : psd_json_string(object, "metadata/resourceVersion");
    bool is_change = event.type == PSD_KUBE_CHANGED || event.type == PSD_KUBE_DELETED;
    if ((!events->ended && !event.version) || (is_change && !psd_json_string(object, "metadata/name")))
        return spoilt(error, "without a name or resourceVersion");
    event.object = psd_take(object);
    each(arg, &event);
    cJSON_Delete(event.object);
    return 0;
}

static bool is_blank(const psd_text *line)
{
    return strspn(psd_text_string(line), " \t\r") == line->length;
}

int psd_kube_watch_events_feed(psd_kube_watch_events *events, const char *bytes, size_t length,
                               void (*each)(void *arg, psd_kube_watch_event *event), void *arg,
                               psd_error *error)
{
    while (length > 0 && !events->ended) {
        const char *end = memchr(bytes, '\n', length);
        size_t part = end ? (size_t)(end - bytes) : length;
        psd_text_append(&events->line, bytes, part);
        int result = 0;
        if (events->line.length > PSD_KUBE_EVENT_MAX)
            result = psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "an event is larger than %d MiB",
                                   PSD_KUBE_EVENT_MAX >> 20);
        else if (end && !is_blank(&events->line))
            result = take_line(events, psd_text_string(&events->line), events->line.length, each, arg, error);
        if (end)
            events->line.length = 0;
        if (result < 0) {
            events->ended = true;
            return -1;
        }
        part += end != NULL;
        bytes += part;
        length -= part;
    }
    return 0;
}

void psd_kube_watch_events_reset(psd_kube_watch_events *events)
{
    psd_kube_watch_events_free(events); /* one event may have been large */
    events->ended = false;
}

void psd_kube_watch_events_free(psd_kube_watch_events *events)
{
    psd_text_free(&events->line);
}
