/* config_map.h - one mirrored ConfigMap of this node. Internal to k8s/mirror. */
#ifndef PSD_K8S_MIRROR_CONFIG_MAP_H
#define PSD_K8S_MIRROR_CONFIG_MAP_H

#include "k8s/mirror/object.h"

enum { PSD_MAP_NAME_SIZE = 254 };

typedef struct psd_mirrored_map {
    const psd_map_row *row;
    const psd_mirror_options *options;
    psd_followed *config; /* the daemon's NodeConfig */
    psd_informer *node;   /* this Node, the owner */
    psd_followed source;  /* the row's resource */
    psd_object object;
    char name[PSD_MAP_NAME_SIZE];
    int64_t started_ms;          /* monotonic */
    pthread_mutex_t state_mutex; /* guards all below: describing looks, too */
    void *state;
    size_t refused_size;      /* of data that the API server refused as too large; 0: none */
    size_t refused_beside;    /* what else was in the object: binary data */
    int64_t refused_until_ms; /* monotonic: then it is tried again */
} psd_mirrored_map;

/* What the row's ConfigMap of NODE is called. */
void psd_mirrored_map_name(const psd_map_row *row, const char *node, char name[PSD_MAP_NAME_SIZE]);

/* CHANGED is called when the source or the object has changed. */
int psd_mirrored_map_start(psd_mirrored_map *map, const psd_map_row *row, const psd_mirror_options *options,
                           psd_kube *kube, psd_client *daemon, psd_followed *config, psd_informer *node,
                           void (*changed)(void *arg), void *arg, psd_error *error) PSD_MUST_CHECK;
void psd_mirrored_map_stop(psd_mirrored_map *map);

/* For a reconciler; ARG is a psd_mirrored_map. */
int64_t psd_mirrored_map_reconcile(void *arg);

/* Fills ENTRY from the ConfigMap as the API server has it now. Blocks. */
void psd_mirrored_map_describe(psd_mirrored_map *map, Polarstack__V1__MirroredObject *entry);

#endif
