/* node.h - the conditions of this Node that are the bridge's. Internal to
 * k8s/mirror. */
#ifndef PSD_K8S_MIRROR_NODE_H
#define PSD_K8S_MIRROR_NODE_H

#include "k8s/mirror/object.h"

enum { PSD_CONDITIONS_MAX = 8 };

/* A resource that conditions come from; rows with the same stream share it. */
typedef struct psd_node_source {
    const psd_method *stream;
    psd_followed followed;

    pthread_mutex_t mutex; /* guards all below: describing looks, too */
    int64_t stale_ms;      /* monotonic: since when the daemon says that it is old; 0: it is not */
} psd_node_source;

typedef struct psd_mirrored_node {
    const psd_mirror_options *options;
    psd_followed *config;
    psd_events *events;
    psd_node_source sources[PSD_CONDITIONS_MAX];
    size_t source_count;
    psd_object object;
} psd_mirrored_node;

/* CHANGED is called when a source or the Node has changed. */
int psd_mirrored_node_start(psd_mirrored_node *node, const psd_mirror_options *options, psd_kube *kube,
                            psd_client *daemon, psd_followed *config, psd_events *events,
                            void (*changed)(void *arg), void *arg, psd_error *error) PSD_MUST_CHECK;
void psd_mirrored_node_stop(psd_mirrored_node *node);

/* For a reconciler; ARG is a psd_mirrored_node. */
int64_t psd_mirrored_node_reconcile(void *arg);

/* Fills ENTRY from the Node as the API server has it now. Blocks. */
void psd_mirrored_node_describe(psd_mirrored_node *node, Polarstack__V1__MirroredObject *entry);

#endif
