#include "k8s/follow.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/rpc/keyed_list.h"
#include "common/rpc/observation.h"
#include "common/thread.h"

/* Returns whether that is to be told. */
static bool keep(psd_followed *followed, const psd_watch_event *event, const ProtobufCMessage *resource)
{
    PSD_LOCKED(&followed->mutex);
    if (event->kind == PSD_WATCH_LOST) {
        if (followed->lost_ms == 0)
            followed->lost_ms = psd_clock_mono_ms();
        psd_error_set(&followed->lost, event->code, "%s", event->reason);
        return true;
    }
    /* A heartbeat brings a newer observation only: the rest may be large. */
    if (event->kind == PSD_WATCH_REFRESHED) {
        Polarrpc__V1__Observation **slot = psd_observation_slot(followed->resource);
        ProtobufCMessage *newer = psd_message_copy(&psd_observation_of(resource)->base);
        if (!newer)
            abort();
        bool looked = (*slot)->observed_at_ms != psd_observation_of(resource)->observed_at_ms;
        polarrpc__v1__observation__free_unpacked(*slot, NULL);
        *slot = (Polarrpc__V1__Observation *)newer;
        return looked && followed->each_look;
    }
    ProtobufCMessage *copy = psd_message_copy(resource);
    if (!copy)
        abort();
    psd_cleanup_message(&followed->resource);
    followed->resource = copy;
    followed->lost_ms = 0;
    return true;
}

static void event_arrived(psd_any_function callback PSD_UNUSED, void *arg, const psd_watch_event *event,
                          const ProtobufCMessage *resource)
{
    psd_followed *followed = arg;
    if (keep(followed, event, resource))
        followed->changed(followed->arg);
}

void psd_follow_init(psd_followed *followed, void (*changed)(void *arg), void *arg)
{
    *followed = (psd_followed){.changed = changed, .arg = arg, .lost_ms = psd_clock_mono_ms()};
    psd_error_set(&followed->lost, PSD_UNAVAILABLE, "the daemon was not reached yet");
    pthread_mutex_init(&followed->mutex, NULL);
}

int psd_follow_start(psd_followed *followed, psd_client *client, const psd_method *stream, psd_error *error)
{
    return psd_client_watch(client, stream, NULL, event_arrived, NULL, followed, &followed->watch, error);
}

ProtobufCMessage *psd_followed_get(psd_followed *followed, int64_t *lost_for_ms, psd_error *reason)
{
    PSD_LOCKED(&followed->mutex);
    *lost_for_ms = followed->lost_ms > 0 ? psd_clock_mono_ms() - followed->lost_ms + 1 : 0;
    if (followed->lost_ms > 0)
        psd_error_copy(reason, &followed->lost);
    ProtobufCMessage *copy = followed->resource ? psd_message_copy(followed->resource) : NULL;
    if (followed->resource && !copy)
        abort();
    return copy;
}

void psd_follow_stop(psd_followed *followed)
{
    psd_watch_stop(followed->watch);
    followed->watch = NULL;
}

void psd_follow_free(psd_followed *followed)
{
    psd_cleanup_message(&followed->resource);
    pthread_mutex_destroy(&followed->mutex);
}
