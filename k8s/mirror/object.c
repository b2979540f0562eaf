#include "k8s/mirror/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "k8s/reconciler.h"

enum {
    WRITE_PERIOD_MS = 250, /* changes in between are written together */
    RETRY_FIRST_MS = 500,
    RETRY_MOST_MS = 60000,
    LOGGED_DIFFERENCES = 10,
    TRUST_MS = 2000, /* so long may the watch take to show a write of ours */
};

void psd_object_init(psd_object *object, psd_kube *kube, const char *what, const char *path)
{
    *object = (psd_object){.kube = kube, .state = POLARSTACK__V1__MIRROR_STATE__WAITING};
    snprintf(object->what, sizeof(object->what), "%s", what);
    snprintf(object->path, sizeof(object->path), "%s", path);
    psd_error_set(&object->failure, PSD_UNAVAILABLE, "not looked at yet");
    pthread_mutex_init(&object->mutex, NULL);
}

static void forget_write(psd_object *object)
{
    free(psd_take(object->superseded));
    cJSON_Delete(psd_take(object->written));
}

void psd_object_free(psd_object *object)
{
    psd_informer_stop(object->informer);
    forget_write(object);
    psd_comparison_free(&object->comparison);
    pthread_mutex_destroy(&object->mutex);
}

typedef struct look {
    psd_object *object;
    bool synced;
    cJSON *now;
    psd_error reason;
} look;

static const char *version_of(const cJSON *object)
{
    const char *version = psd_json_string(object, "metadata/resourceVersion");
    return version ? version : "";
}

static void take_look(void *arg, const psd_informer_view *view)
{
    look *l = arg;
    l->synced = view->synced;
    psd_error_set(&l->reason, view->code, "%s", view->reason);
    const cJSON *found = cJSON_GetArrayItem(view->objects, 0);
    psd_object *object = l->object;
    bool is_behind = object->superseded && strcmp(version_of(found), object->superseded) == 0 &&
                     (!view->current || psd_clock_mono_ms() < object->trusted_until_ms);
    if (is_behind) {
        l->now = object->written ? cJSON_Duplicate(object->written, true) : NULL;
        return;
    }
    forget_write(object); /* the watch has caught up, or somebody else wrote since */
    l->now = found ? cJSON_Duplicate(found, true) : NULL;
}

bool psd_object_now(psd_object *object, cJSON **now, psd_error *reason)
{
    look l = {.object = object};
    psd_informer_read(object->informer, take_look, &l);
    *now = l.now;
    if (!l.synced)
        psd_error_copy(reason, &l.reason);
    return l.synced;
}

int64_t psd_object_pause(const psd_object *object)
{
    int64_t left = object->not_before_ms - psd_clock_mono_ms();
    return left > 0 ? left : 0;
}

void psd_object_set_state(psd_object *object, Polarstack__V1__MirrorState state, const char *reason)
{
    PSD_LOCKED(&object->mutex);
    object->state = state;
    psd_error_set(&object->failure, PSD_OK, "%s", reason ? reason : "");
}

static void note_failure(psd_object *object, Polarstack__V1__MirrorState state, const psd_error *error)
{
    if (psd_failure_is_new(&object->log, error))
        psd_log(PSD_LOG_WARNING, "object not written", "object=\"%s\" code=%s reason=\"%s\"", object->what,
                psd_code_name(error->code), error->text);
    PSD_LOCKED(&object->mutex);
    object->state = state;
    object->failure = *error;
    object->failures++;
}

static void note_success(psd_object *object)
{
    if (psd_failure_is_over(&object->log))
        psd_log(PSD_LOG_INFO, "object written again", "object=\"%s\"", object->what);
    PSD_LOCKED(&object->mutex);
    object->state = POLARSTACK__V1__MIRROR_STATE__IN_SYNC;
    object->failure = (psd_error)PSD_ERROR_INIT;
    object->written_at_ms = psd_clock_unix_ms();
    object->writes++;
}

static void keep_written(psd_object *object, const cJSON *replaced, cJSON *written)
{
    forget_write(object);
    object->superseded = strdup(replaced ? version_of(replaced) : "");
    object->written = written;
    object->trusted_until_ms = psd_clock_mono_ms() + TRUST_MS;
    if (!object->superseded)
        abort();
}

/* Another writer was faster, or the watch is behind: read what is there now. */
static int64_t look_again(psd_object *object, const cJSON *replaced, psd_error *error)
{
    {
        PSD_LOCKED(&object->mutex);
        object->conflicts++;
    }
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_kube_request request = {.method = "GET", .path = object->path};
    if (psd_kube_call(object->kube, &request, &reply, error) < 0 && error->code != PSD_NOT_FOUND)
        return -1;
    keep_written(object, replaced, error->code == PSD_NOT_FOUND ? NULL : psd_take(reply.body));
    return 0;
}

static bool is_too_large(const psd_kube_reply *reply, const psd_error *error)
{
    return reply->status == 413 || (reply->status == 422 && strstr(error->text, "Too long")) ||
           (reply->status == 422 && strstr(error->text, "must have at most")) ||
           strstr(error->text, "request is too large") != NULL;
}

static int64_t fail(psd_object *object, const psd_kube_reply *reply, const psd_error *error)
{
    bool too_large = is_too_large(reply, error);
    object->too_large = too_large;
    int64_t pause_ms = psd_backoff_ms(object->attempt++, RETRY_FIRST_MS, RETRY_MOST_MS);
    if (pause_ms < reply->retry_after_ms)
        pause_ms = reply->retry_after_ms;
    note_failure(object,
                 too_large ? POLARSTACK__V1__MIRROR_STATE__TOO_LARGE : POLARSTACK__V1__MIRROR_STATE__FAILED,
                 error);
    object->not_before_ms = psd_clock_mono_ms() + pause_ms;
    return pause_ms;
}

int64_t psd_object_send(psd_object *object, const psd_object_write *write)
{
    PSD_AUTO_FREE char *body = psd_json_print(write->body);
    psd_kube_request request = {
        .method = write->method, .path = write->path, .content_type = write->content_type, .body = body};
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_error error = PSD_ERROR_INIT;
    object->not_before_ms = psd_clock_mono_ms() + WRITE_PERIOD_MS;
    object->too_large = false;
    if (psd_kube_call(object->kube, &request, &reply, &error) == 0) {
        object->attempt = 0;
        keep_written(object, write->replaced, psd_take(reply.body));
        note_success(object);
        return TRUST_MS;
    }
    bool lost = error.code == PSD_ABORTED || error.code == PSD_ALREADY_EXISTS ||
                (error.code == PSD_NOT_FOUND && write->replaced);
    if (lost && look_again(object, write->replaced, &error) == 0)
        return WRITE_PERIOD_MS;
    return fail(object, &reply, &error);
}

typedef struct tally {
    psd_object *object;
    size_t count;
} tally;

static void count_mismatch(void *arg, const Polarstack__V1__MirrorDifference *difference)
{
    tally *t = arg;
    if (t->count++ < LOGGED_DIFFERENCES)
        psd_log(PSD_LOG_WARNING, "object differs", "object=\"%s\" path=\"%s\" wanted=\"%s\" found=\"%s\"",
                t->object->what, difference->path, difference->wanted, difference->found);
}

int64_t psd_object_compare(psd_object *object, const Polarstack__V1__MirroredObject *now, int64_t least_ms)
{
    tally t = {.object = object};
    int64_t again_ms = psd_comparison_take(&object->comparison, now, least_ms, psd_clock_mono_ms(),
                                           count_mismatch, &t);
    if (t.count > LOGGED_DIFFERENCES)
        psd_log(PSD_LOG_WARNING, "object differs in more places", "object=\"%s\" more=%zu", object->what,
                t.count - LOGGED_DIFFERENCES);
    PSD_LOCKED(&object->mutex);
    object->mismatches += t.count;
    return again_ms;
}

Polarstack__V1__MirroredObject *psd_mirrored_object_new(void)
{
    Polarstack__V1__MirroredObject *made = malloc(sizeof(*made));
    if (!made)
        abort();
    polarstack__v1__mirrored_object__init(made);
    return made;
}

void psd_object_describe(psd_object *object, Polarstack__V1__MirroredObject *entry)
{
    entry->name = psd_text_copy(object->what);
    PSD_LOCKED(&object->mutex);
    entry->state = object->state;
    entry->reason = psd_text_copy(object->failure.text);
    entry->written_at_ms = object->written_at_ms;
    entry->writes = object->writes;
    entry->conflicts = object->conflicts;
    entry->failures = object->failures;
    entry->mismatches = object->mismatches;
}
