/*
 * comparison.h - where an object that somebody else writes differs from what the
 * bridge would write, and for how long. Pure.
 *
 * The other writer is slower than the bridge: a difference counts when it has
 * lasted, and once.
 */
#ifndef PSD_K8S_MIRROR_COMPARISON_H
#define PSD_K8S_MIRROR_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polarstack/v1/bridge.pb-c.h"

typedef struct psd_lasting_difference {
    char *path;
    int64_t since_ms;
    bool counted;
} psd_lasting_difference;

/* Zeroed at first. */
typedef struct psd_comparison {
    psd_lasting_difference *items; /* of the last look */
    size_t count;
} psd_comparison;

typedef void (*psd_comparison_told)(void *arg, const Polarstack__V1__MirrorDifference *difference);

/* Takes the differences of a look made at NOW_MS (monotonic). Calls COUNTED for
 * each that has now lasted for LEAST_MS and was not counted before. Returns ms
 * until the next one may count; PSD_RECONCILE_NEVER. */
int64_t psd_comparison_take(psd_comparison *comparison, const Polarstack__V1__MirroredObject *look,
                            int64_t least_ms, int64_t now_ms, psd_comparison_told counted, void *arg);

void psd_comparison_free(psd_comparison *comparison);

#endif
