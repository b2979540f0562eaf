/* condition_patch.h - what must change so that a Node's conditions are as they
 * should be. Pure. */
#ifndef PSD_K8S_MIRROR_CONDITION_PATCH_H
#define PSD_K8S_MIRROR_CONDITION_PATCH_H

#include "k8s/mirror/mirror.h"

/* How one condition should be. */
typedef struct psd_condition_plan {
    const char *type;
    psd_wanted_condition wanted;
} psd_condition_plan;

/* One strategic merge patch of the Node's status with those conditions of PLANS
 * that differ in NODE, or with all of them when one is older than REFRESH_MS; NULL when
 * nothing is to be done. Conditions
 * of other types are not touched. lastTransitionTime changes with the status
 * only. *REFRESH_IN_MS is when the next one is due. */
cJSON *psd_condition_patch(const psd_condition_plan *plans, size_t count, const cJSON *node,
                           int64_t refresh_ms, int64_t now_unix_ms, int64_t *refresh_in_ms);

/* The condition TYPE of NODE; NULL when there is none. */
const cJSON *psd_condition_find(const cJSON *node, const char *type);

#endif
