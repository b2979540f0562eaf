/*
 * follow.h - the last state of a resource of the daemon, kept by a watch.
 */
#ifndef PSD_K8S_FOLLOW_H
#define PSD_K8S_FOLLOW_H

#include <pthread.h>
#include <stdbool.h>

#include "common/rpc/watch.h"

typedef struct psd_followed {
    psd_watch *watch;
    void (*changed)(void *arg); /* after each change; on the watch's thread */
    void *arg;
    bool each_look; /* `changed` also when a look found nothing new; set before psd_follow_start() */

    pthread_mutex_t mutex;      /* guards all below */
    ProtobufCMessage *resource; /* NULL until it was got once */
    int64_t lost_ms;            /* monotonic: when the daemon was lost; 0: it is there */
    psd_error lost;
} psd_followed;

/* Makes it ready to be read; the caller keeps it in place until
 * psd_follow_stop(). */
void psd_follow_init(psd_followed *followed, void (*changed)(void *arg), void *arg);

/* STREAM is a streaming method of the daemon. */
int psd_follow_start(psd_followed *followed, psd_client *client, const psd_method *stream,
                     psd_error *error) PSD_MUST_CHECK;

/* A copy of the resource for the caller to free (protobuf_c_message_free_unpacked);
 * NULL when it was never got. *LOST_FOR_MS is how long the daemon has been away,
 * 0 when it is there; REASON says why. */
ProtobufCMessage *psd_followed_get(psd_followed *followed, int64_t *lost_for_ms, psd_error *reason);

/* Ends the watch, if there is one: `changed` is not called any more. */
void psd_follow_stop(psd_followed *followed);

/* After psd_follow_stop(), when nobody reads it any more. */
void psd_follow_free(psd_followed *followed);

static inline void psd_cleanup_message(ProtobufCMessage **message)
{
    if (*message)
        protobuf_c_message_free_unpacked(*message, NULL);
}
#define PSD_AUTO_MESSAGE __attribute__((cleanup(psd_cleanup_message)))

#endif
