/*
 * events.h - Kubernetes Events on this Node: what happened, for people.
 *
 * One of a kind that happens again soon is counted on the Event that is there
 * (deduplicated, as kubectl shows it: "x12 over 5m"), and written at most every
 * few seconds. What cannot be written is tried again; the newest text of a kind
 * wins. Nothing depends on an Event.
 */
#ifndef PSD_K8S_MIRROR_EVENTS_H
#define PSD_K8S_MIRROR_EVENTS_H

#include "k8s/api/kube.h"

/* Rows of the table in events.c. */
typedef enum psd_event_kind {
    PSD_EVENT_CLIENT_NETWORK_DOWN,
    PSD_EVENT_CLIENT_NETWORK_UP,
    PSD_EVENT_CLIENT_ADDRESS_CHANGED,
    PSD_EVENT_KINDS,
} psd_event_kind;

typedef struct psd_events psd_events;

/* CHANGED is called when psd_events_reconcile() has something to do. KUBE, NODE and
 * ARG outlive it. */
psd_events *psd_events_new(psd_kube *kube, const char *node, void (*changed)(void *arg), void *arg);
/* NULL is ignored. */
void psd_events_free(psd_events *events);

/* It happened now. Any thread. */
void psd_events_tell(psd_events *events, psd_event_kind kind, const char *format, ...) PSD_PRINTF(3, 4);

/* For a reconciler; ARG is a psd_events. */
int64_t psd_events_reconcile(void *arg);

#endif
