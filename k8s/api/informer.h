/*
 * informer.h - a copy of some objects of the API server, kept up to date by
 * list and watch (Kubernetes' own word for it).
 *
 * Lists in pages, then watches from the list's resourceVersion, with bookmarks.
 * A watch that ends is resumed; one that is told 410 Gone lists again. While the
 * server cannot be asked, the copy stays as it was and says so.
 */
#ifndef PSD_K8S_API_INFORMER_H
#define PSD_K8S_API_INFORMER_H

#include "k8s/api/kube.h"

typedef struct psd_informer psd_informer;

typedef struct psd_informer_options {
    const char *what;           /* for messages: "ConfigMap kube-system/ccm-config" */
    const char *path;           /* of the collection: "/api/v1/namespaces/kube-system/configmaps" */
    const char *field_selector; /* "metadata.name=ccm-config"; NULL for none */
    const char *label_selector; /* NULL for none */
    /* After each change of objects or state; on the thread of the psd_kube. */
    void (*changed)(void *arg);
    void *arg;
} psd_informer_options;

/* Copies OPTIONS. *INFORMER is owned by the caller: psd_informer_stop(). */
int psd_informer_start(psd_kube *kube, const psd_informer_options *options, psd_informer **informer,
                       psd_error *error) PSD_MUST_CHECK;

/* What the informer knows. */
typedef struct psd_informer_view {
    bool synced;          /* the objects were listed at least once: before, the copy means nothing */
    bool current;         /* the watch is up: the copy is what the server has */
    const char *reason;   /* why it is not current; "" when it is */
    psd_code code;        /* of that reason */
    int64_t lost_for_ms;  /* how long it has not been current; 0 when it is */
    int64_t read_at_ms;   /* when something was last heard of the objects, Unix ms; 0: never */
    const cJSON *objects; /* array; in no order */
} psd_informer_view;

/* Calls READ with the view, which ends with that call. Any thread; READ must be
 * quick and must not call functions of the informer. */
void psd_informer_read(psd_informer *informer, void (*read)(void *arg, const psd_informer_view *view),
                       void *arg);

/* "ConfigMap kube-system/ccm-config" */
const char *psd_informer_what(const psd_informer *informer);

typedef struct psd_informer_stats {
    uint64_t lists;    /* begun */
    uint64_t watches;  /* begun */
    uint64_t failures; /* of either */
} psd_informer_stats;

psd_informer_stats psd_informer_get_stats(psd_informer *informer);

/* No callback runs afterwards. Not from a callback. NULL is ignored. */
void psd_informer_stop(psd_informer *informer);

#endif
