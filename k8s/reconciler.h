/*
 * reconciler.h - makes things right, whatever happened in between.
 *
 * A reconciler is a thread with some items. Whoever learns that an item's
 * subject may have changed touches it; the thread then calls its function,
 * which looks at how things are, and at how they should be. Many touches are one
 * call. An item may also ask to be called again after a time.
 */
#ifndef PSD_K8S_RECONCILER_H
#define PSD_K8S_RECONCILER_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Not called again until touched. */
#define PSD_RECONCILE_NEVER INT64_MAX

typedef struct psd_reconcile_item {
    /* Returns the ms after which it wants to be called even if nobody touches
     * it, or PSD_RECONCILE_NEVER. May block, within reason. */
    int64_t (*reconcile)(void *arg);
    void *arg;
} psd_reconcile_item;

typedef struct psd_reconciler psd_reconciler;

enum { PSD_RECONCILE_ITEMS = 16 };

/* Copies ITEMS (at most PSD_RECONCILE_ITEMS). Nothing runs yet, but items can be
 * touched. *RECONCILER is owned by the caller: psd_reconciler_free(). */
int psd_reconciler_new(const psd_reconcile_item *items, size_t count, psd_reconciler **reconciler,
                       psd_error *error) PSD_MUST_CHECK;

/* Starts the thread, which begins with all items. */
int psd_reconciler_start(psd_reconciler *reconciler, psd_error *error) PSD_MUST_CHECK;

/* Any thread. */
void psd_reconciler_touch(psd_reconciler *reconciler, size_t item);

/* Waits for the running call and ends the thread. Touches do no harm afterwards.
 * NULL is ignored. */
void psd_reconciler_stop(psd_reconciler *reconciler);

/* After psd_reconciler_stop(), when nobody touches it any more. NULL is ignored. */
void psd_reconciler_free(psd_reconciler *reconciler);

#endif
