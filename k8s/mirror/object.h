/*
 * object.h - one object that the bridge writes: what it knows of the object as it
 * is, when it may write again, and how it fared. Internal to k8s/mirror.
 */
#ifndef PSD_K8S_MIRROR_OBJECT_H
#define PSD_K8S_MIRROR_OBJECT_H

#include <pthread.h>

#include "common/failure_log.h"
#include "k8s/mirror/comparison.h"
#include "k8s/mirror/mirror.h"

typedef struct psd_object {
    psd_kube *kube;
    char what[320]; /* "ConfigMap kube-system/…" */
    char path[320]; /* of the object */
    psd_informer *informer;

    /* Of the reconciler's thread. */
    char *superseded;         /* resourceVersion that our last write replaced; NULL: none */
    cJSON *written;           /* the object as that write left it; NULL: it is gone */
    int64_t trusted_until_ms; /* monotonic: then the watch knows better */
    unsigned attempt;         /* writes that failed in a row */
    int64_t not_before_ms;    /* monotonic: no write sooner */
    bool too_large;           /* so the last write was refused */
    psd_failure_log log;      /* of writes */
    psd_comparison comparison;

    pthread_mutex_t mutex; /* guards all below */
    Polarstack__V1__MirrorState state;
    psd_error failure; /* or why it waits */
    int64_t written_at_ms;
    uint64_t writes;
    uint64_t conflicts;
    uint64_t failures;
    uint64_t mismatches;
} psd_object;

void psd_object_init(psd_object *object, psd_kube *kube, const char *what, const char *path);
void psd_object_free(psd_object *object);

/* The object as it is now, as far as is known: our own write when the watch has
 * not shown it yet. A copy, or NULL when there is none. False: not known;
 * REASON says why. */
bool psd_object_now(psd_object *object, cJSON **now, psd_error *reason);

/* Ms until a write is allowed; 0: now. */
int64_t psd_object_pause(const psd_object *object);

/* Sends PATCH of TYPE to PATH (below the object's: "" or "/status"), or with
 * `create` the whole object to the collection. Returns ms after which to
 * reconcile again: 0 when another writer was faster. */
typedef struct psd_object_write {
    const char *method; /* "PATCH" or "POST" */
    const char *path;
    const char *content_type;
    const cJSON *body;
    const cJSON *replaced; /* the object that the body is for; NULL: none */
} psd_object_write;
int64_t psd_object_send(psd_object *object, const psd_object_write *write);

/* With the mirror in compare mode, in place of a write: takes where the object
 * differs NOW from what would be written; logs and counts what has lasted for
 * LEAST_MS. Returns ms after which to look again. */
int64_t psd_object_compare(psd_object *object, const Polarstack__V1__MirroredObject *now, int64_t least_ms);

/* Tells how it stands. REASON may be NULL. */
void psd_object_set_state(psd_object *object, Polarstack__V1__MirrorState state, const char *reason);

/* An empty message, never NULL; the caller frees it. */
Polarstack__V1__MirroredObject *psd_mirrored_object_new(void);

/* Fills ENTRY's facts. */
void psd_object_describe(psd_object *object, Polarstack__V1__MirroredObject *entry);

#endif
