#include "k8s/mirror/events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/failure_log.h"
#include "common/log.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/mirror/kube_time.h"
#include "k8s/reconciler.h"

enum {
    PACE_MS = 5000,         /* between two writes of a kind */
    SAME_EVENT_MS = 600000, /* so long one that happens again is the same */
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 60000,
};

/* Events of cluster-wide objects stand here. */
#define COLLECTION "/api/v1/namespaces/default/events"

static const struct row {
    const char *reason;
    const char *type;
} rows[PSD_EVENT_KINDS] = {
    [PSD_EVENT_CLIENT_NETWORK_DOWN] = {"ClientNetworkDown", "Warning"},
    [PSD_EVENT_CLIENT_NETWORK_UP] = {"ClientNetworkUp", "Normal"},
    [PSD_EVENT_CLIENT_ADDRESS_CHANGED] = {"ClientAddressChanged", "Normal"},
};

/* One kind: what is to be written, and the Event that was written last. */
typedef struct slot {
    char message[256];
    unsigned pending; /* how often it happened since the last write */
    unsigned count;   /* written */
    int64_t first_ms; /* Unix; of that Event */
    int64_t last_ms;
    char name[300]; /* of that Event; empty: none */
} slot;

struct psd_events {
    psd_kube *kube;
    const char *node;
    void (*changed)(void *arg);
    void *arg;

    /* Of the reconciler's thread. */
    int64_t not_before_ms[PSD_EVENT_KINDS]; /* monotonic */
    unsigned attempt;
    psd_failure_log log;

    pthread_mutex_t mutex; /* guards all below */
    slot slots[PSD_EVENT_KINDS];
};

psd_events *psd_events_new(psd_kube *kube, const char *node, void (*changed)(void *arg), void *arg)
{
    psd_events *made = calloc(1, sizeof(*made));
    if (!made)
        abort();
    *made = (psd_events){.kube = kube, .node = node, .changed = changed, .arg = arg};
    pthread_mutex_init(&made->mutex, NULL);
    return made;
}

void psd_events_free(psd_events *events)
{
    if (!events)
        return;
    pthread_mutex_destroy(&events->mutex);
    free(events);
}

void psd_events_tell(psd_events *events, psd_event_kind kind, const char *format, ...)
{
    {
        PSD_LOCKED(&events->mutex);
        slot *it = &events->slots[kind];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(it->message, sizeof(it->message), format, arguments);
        va_end(arguments);
        it->last_ms = psd_clock_unix_ms();
        it->pending++;
    }
    events->changed(events->arg);
}

/* ---- writing ---- */

/* What both a new Event and a repeated one say. */
static cJSON *make_body(const slot *it, unsigned count)
{
    char last[PSD_CLOCK_TEXT_SIZE];
    cJSON *body = psd_json_new();
    psd_json_set_string(body, "message", it->message);
    psd_json_set_string(body, "lastTimestamp", psd_kube_time_format(it->last_ms, last));
    if (!cJSON_AddNumberToObject(body, "count", count))
        abort();
    return body;
}

static cJSON *make_event(const psd_events *events, const struct row *row, const slot *it)
{
    char first[PSD_CLOCK_TEXT_SIZE];
    cJSON *event = make_body(it, it->pending);
    cJSON *metadata = psd_json_object(event, "metadata");
    cJSON *involved = psd_json_object(event, "involvedObject");
    cJSON *source = psd_json_object(event, "source");
    psd_json_set_string(event, "apiVersion", "v1");
    psd_json_set_string(event, "kind", "Event");
    psd_json_set_string(metadata, "namespace", "default");
    psd_json_set_string(metadata, "name", it->name);
    /* By name in place of the uid, as the kubelet does it: kubectl looks for that. */
    psd_json_set_string(involved, "kind", "Node");
    psd_json_set_string(involved, "name", events->node);
    psd_json_set_string(involved, "uid", events->node);
    psd_json_set_string(event, "reason", row->reason);
    psd_json_set_string(event, "type", row->type);
    psd_json_set_string(event, "firstTimestamp", psd_kube_time_format(it->first_ms, first));
    psd_json_set_string(source, "component", "polarstack-bridge");
    psd_json_set_string(source, "host", events->node);
    return event;
}

static int send(psd_events *events, const char *method, const char *path, const char *type, const cJSON *body,
                psd_error *error)
{
    PSD_AUTO_FREE char *text = psd_json_print(body);
    psd_kube_request request = {.method = method, .path = path, .content_type = type, .body = text};
    return psd_kube_call(events->kube, &request, NULL, error);
}

static int create(psd_events *events, const struct row *row, slot *it, psd_error *error)
{
    it->first_ms = it->last_ms;
    it->count = 0;
    snprintf(it->name, sizeof(it->name), "%s.%016" PRIx64, events->node,
             (uint64_t)psd_clock_unix_ms() * 1000000U + (uint64_t)(row - rows));
    PSD_AUTO_JSON cJSON *event = make_event(events, row, it);
    return send(events, "POST", COLLECTION, PSD_KUBE_JSON, event, error);
}

/* One more of what is there; NOT_FOUND when the server has forgotten it. */
static int repeat(psd_events *events, const slot *it, psd_error *error)
{
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_JSON cJSON *body = make_body(it, it->count + it->pending);
    psd_text_printf(&path, COLLECTION "/%s", it->name);
    return send(events, "PATCH", psd_text_string(&path), PSD_KUBE_MERGE_PATCH, body, error);
}

static int write_event(psd_events *events, const struct row *row, slot *it, psd_error *error)
{
    bool is_same = it->name[0] && it->last_ms - it->first_ms < SAME_EVENT_MS;
    int result = is_same ? repeat(events, it, error) : create(events, row, it, error);
    if (result < 0 && is_same && error->code == PSD_NOT_FOUND)
        result = create(events, row, it, error);
    return result;
}

/* Takes the slot's state back, with what happened meanwhile. */
static void note_written(psd_events *events, psd_event_kind kind, const slot *written)
{
    PSD_LOCKED(&events->mutex);
    slot *it = &events->slots[kind];
    it->pending -= written->pending;
    it->count = written->count + written->pending;
    it->first_ms = written->first_ms;
    memcpy(it->name, written->name, sizeof(it->name));
}

/* Returns ms until this kind wants to be called again. */
static int64_t write_kind(psd_events *events, psd_event_kind kind)
{
    slot now;
    {
        PSD_LOCKED(&events->mutex);
        now = events->slots[kind];
    }
    if (now.pending == 0)
        return PSD_RECONCILE_NEVER;
    int64_t left_ms = events->not_before_ms[kind] - psd_clock_mono_ms();
    if (left_ms > 0)
        return left_ms;
    psd_error error = PSD_ERROR_INIT;
    int64_t pause_ms = PACE_MS;
    if (write_event(events, &rows[kind], &now, &error) == 0) {
        events->attempt = 0;
        if (psd_failure_is_over(&events->log))
            psd_log(PSD_LOG_INFO, "events written again", "node=%s", events->node);
        note_written(events, kind, &now);
    } else {
        pause_ms = psd_backoff_ms(events->attempt++, RETRY_FIRST_MS, RETRY_MOST_MS);
        if (psd_failure_is_new(&events->log, &error))
            psd_log(PSD_LOG_WARNING, "event not written", "reason=%s code=%s error=\"%s\"", rows[kind].reason,
                    psd_code_name(error.code), error.text);
    }
    events->not_before_ms[kind] = psd_clock_mono_ms() + pause_ms;
    return pause_ms;
}

int64_t psd_events_reconcile(void *arg)
{
    int64_t again_ms = PSD_RECONCILE_NEVER;
    for (psd_event_kind kind = 0; kind < PSD_EVENT_KINDS; kind++) {
        int64_t wanted_ms = write_kind(arg, kind);
        again_ms = wanted_ms < again_ms ? wanted_ms : again_ms;
    }
    return again_ms;
}
