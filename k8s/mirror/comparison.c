#include "k8s/mirror/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "k8s/reconciler.h"

static const psd_lasting_difference *find(const psd_comparison *comparison, const char *path)
{
    for (size_t i = 0; i < comparison->count; i++) {
        if (strcmp(comparison->items[i].path, path) == 0)
            return &comparison->items[i];
    }
    return NULL;
}

void psd_comparison_free(psd_comparison *comparison)
{
    for (size_t i = 0; i < comparison->count; i++)
        free(comparison->items[i].path);
    free(comparison->items);
    *comparison = (psd_comparison){.items = NULL};
}

int64_t psd_comparison_take(psd_comparison *comparison, const Polarstack__V1__MirroredObject *look,
                            int64_t least_ms, int64_t now_ms, psd_comparison_told counted, void *arg)
{
    int64_t next_ms = PSD_RECONCILE_NEVER;
    psd_comparison now = {.items = calloc(look->n_differences + 1, sizeof(*now.items))};
    if (!now.items)
        abort();
    for (size_t i = 0; i < look->n_differences; i++) {
        const Polarstack__V1__MirrorDifference *difference = look->differences[i];
        const psd_lasting_difference *before = find(comparison, difference->path);
        psd_lasting_difference *item = &now.items[now.count++];
        *item = (psd_lasting_difference){.path = psd_text_copy(difference->path),
                                         .since_ms = before ? before->since_ms : now_ms,
                                         .counted = before && before->counted};
        int64_t left_ms = item->since_ms + least_ms - now_ms;
        if (!item->counted && left_ms <= 0) {
            item->counted = true;
            counted(arg, difference);
        } else if (!item->counted && left_ms < next_ms) {
            next_ms = left_ms;
        }
    }
    psd_comparison_free(comparison);
    *comparison = now;
    return next_ms;
}
