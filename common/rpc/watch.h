/*
 * watch.h - follow a resource. A watch subscribes to the topic, gets the whole
 * resource, then applies what is newer; a gap, a new epoch, a lost connection
 * or missed heartbeats make it get the resource again. It may skip states in
 * between, says so, and always ends on the last one.
 */
#ifndef PSD_COMMON_RPC_WATCH_H
#define PSD_COMMON_RPC_WATCH_H

#include "common/rpc/client.h"

#pragma GCC visibility push(default) /* part of libpolarstack */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct psd_watch psd_watch;

typedef enum psd_watch_kind {
    /* The whole resource, first of all or after the server was lost: earlier
     * states may have been skipped. `reason` says why. */
    PSD_WATCH_SYNCED,
    /* The resource changed by exactly one revision. */
    PSD_WATCH_CHANGED,
    /* The data is the same; the Observation is newer. */
    PSD_WATCH_REFRESHED,
    /* The server cannot be reached, or its answer was refused. The resource
     * (may be NULL: never had one) is the last one seen; the watch keeps
     * trying. Reported once for each new cause. */
    PSD_WATCH_LOST,
} psd_watch_kind;

typedef struct psd_watch_event {
    psd_watch_kind kind;
    const char *reason; /* one line for SYNCED and LOST; "" otherwise */
    /* SYNCED: true when this is not the first one, so that states in between
     * may have been skipped. */
    bool resynchronized;
    /* Previous state for CHANGED and SYNCED; NULL if there is none. */
    const ProtobufCMessage *previous;
    psd_code code; /* LOST: UNIMPLEMENTED when the server does not have the resource */
} psd_watch_event;

typedef struct psd_watch_options {
    uint32_t timeout_ms;           /* of each Get; 0: the client's */
    uint32_t heartbeat_timeout_ms; /* silence after which the server counts as lost; 0: 7,000 */
} psd_watch_options;

/* RESOURCE belongs to the watch and ends with the callback. */
typedef void (*psd_watch_shim)(psd_any_function callback, void *arg, const psd_watch_event *event,
                               const ProtobufCMessage *resource);

/* Starts a watch with a thread of its own; CALLBACK runs on it, one call at a
 * time. OPTIONS may be NULL. Never fails because the server is away: that is
 * an event. *WATCH is owned by the caller: psd_watch_stop(), before the client
 * is closed. */
int psd_client_watch(psd_client *client, const psd_method *method, const psd_watch_options *options,
                     psd_watch_shim shim, psd_any_function callback, void *arg, psd_watch **watch,
                     psd_error *error) PSD_MUST_CHECK;

/* Waits until a running callback has returned; none runs afterwards. Not from
 * the callback. NULL is ignored. */
void psd_watch_stop(psd_watch *watch);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop
#endif
