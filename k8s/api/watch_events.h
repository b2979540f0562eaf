/*
 * watch_events.h - the answer to a watch, cut into its events. Pure.
 *
 * The server sends one JSON document a line, in pieces of any size. A line that
 * is none, or is too long, ends the stream: what it said is lost, so only a new
 * list can tell. Internal to k8s/api.
 */
#ifndef PSD_K8S_API_WATCH_EVENTS_H
#define PSD_K8S_API_WATCH_EVENTS_H

#include "common/error.h"
#include "common/text.h"
#include "k8s/api/json.h"

enum { PSD_KUBE_EVENT_MAX = 4 << 20 }; /* bytes of a line */

typedef enum psd_kube_event_type {
    PSD_KUBE_CHANGED,  /* object is new, or has changed */
    PSD_KUBE_DELETED,  /* object is gone; this was its last state */
    PSD_KUBE_BOOKMARK, /* nothing has happened up to its resourceVersion */
    PSD_KUBE_ERROR,    /* object is a Status; nothing follows */
} psd_kube_event_type;

typedef struct psd_kube_watch_event {
    psd_kube_event_type type;
    cJSON *object;       /* the handler may take it with psd_take() */
    const char *version; /* its resourceVersion, inside the object; NULL for an error */
} psd_kube_watch_event;

/* Starts zeroed, and for each watch anew with psd_kube_watch_events_reset(). */
typedef struct psd_kube_watch_events {
    psd_text line; /* begun, not ended */
    bool ended;    /* what follows is ignored */
} psd_kube_watch_events;

void psd_kube_watch_events_reset(psd_kube_watch_events *events);

/* Takes the next bytes and calls EACH for every event that they end. -1 when the
 * stream is spoilt: DATA_LOSS, or RESOURCE_EXHAUSTED for an event that is too
 * large. Events of types that are not known are passed over. */
int psd_kube_watch_events_feed(psd_kube_watch_events *events, const char *bytes, size_t length,
                               void (*each)(void *arg, psd_kube_watch_event *event), void *arg,
                               psd_error *error) PSD_MUST_CHECK;

/* Frees the bytes. */
void psd_kube_watch_events_free(psd_kube_watch_events *events);

#endif
