/*
 * map_patch.h - what must change so that a ConfigMap is as it should be. Pure.
 *
 * Annotations of ours begin with PSD_ANNOTATION:
 *   state        FRESH, STALE, UNKNOWN, WAITING, DISABLED or TOO_LARGE
 *   reason       why it is not FRESH
 *   observed-at  end of the last complete look that the data comes from
 *   revision     of the daemon's resource: epoch and number
 *   written-at   when the bridge last wrote, changed or not
 */
#ifndef PSD_K8S_MIRROR_MAP_PATCH_H
#define PSD_K8S_MIRROR_MAP_PATCH_H

#include "k8s/api/json.h"
#include "polarstack/v1/bridge.pb-c.h"

#define PSD_ANNOTATION "polarstack.io/"

enum { PSD_MAP_DATA_MAX = 1 << 20 }; /* of psd_map_data_size() */

/* How a ConfigMap should be. */
typedef struct psd_map_plan {
    const char *namespace;
    const char *name;
    const cJSON *data;              /* NULL: as it is */
    const cJSON *annotations;       /* state, reason and the row's own: a difference is written */
    const cJSON *notes;             /* written along with other changes only */
    const char *changed_annotation; /* NULL: none */
    const char *owner_name;         /* the Node; NULL: not known */
    const char *owner_uid;
    int64_t refresh_ms; /* written again after this */
    int64_t now_ms;     /* Unix */
} psd_map_plan;

/* The merge patch that makes OBJECT right, NULL when it is. *REFRESH_IN_MS is when
 * it has to be written again even so. */
cJSON *psd_map_patch(const psd_map_plan *plan, const cJSON *object, int64_t *refresh_in_ms);

/* The whole object, to be created. */
cJSON *psd_map_create(const psd_map_plan *plan);

/* Bytes of names and texts. The API server counts the texts only, but what it
 * stores has a limit as well, and there each name stands twice. */
size_t psd_map_data_size(const cJSON *data);

/* Where DATA (wanted) and OBJECT's data differ, added to ENTRY. */
void psd_map_differences(const psd_map_plan *plan, const cJSON *object,
                         Polarstack__V1__MirroredObject *entry);

/* Adds a difference to ENTRY, which counts those that are too many. */
void psd_mirror_add_difference(Polarstack__V1__MirroredObject *entry, const char *path, const char *wanted,
                               const char *found);

#endif
