#include "k8s/reconciler.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/thread.h"

typedef struct entry {
    psd_reconcile_item item;
    bool touched;
    int64_t due_ms; /* monotonic; PSD_RECONCILE_NEVER */
} entry;

struct psd_reconciler {
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
    size_t count;
    entry entries[PSD_RECONCILE_ITEMS];
};

static int64_t next_due(const psd_reconciler *r)
{
    int64_t due_ms = PSD_RECONCILE_NEVER;
    for (size_t i = 0; i < r->count; i++) {
        if (r->entries[i].touched)
            return 0;
        if (r->entries[i].due_ms < due_ms)
            due_ms = r->entries[i].due_ms;
    }
    return due_ms;
}

/* Waits until something is to be done. False: stop. */
static bool wait_for_work(psd_reconciler *r)
{
    PSD_LOCKED(&r->mutex);
    while (!r->stopping) {
        int64_t due_ms = next_due(r);
        if (due_ms <= psd_clock_mono_ms())
            return true;
        if (due_ms == PSD_RECONCILE_NEVER)
            pthread_cond_wait(&r->changed, &r->mutex);
        else
            psd_cond_wait_until(&r->changed, &r->mutex, due_ms);
    }
    return false;
}

static bool take_turn(psd_reconciler *r, entry *e)
{
    PSD_LOCKED(&r->mutex);
    bool is_due = !r->stopping && (e->touched || e->due_ms <= psd_clock_mono_ms());
    if (is_due) {
        e->touched = false;
        e->due_ms = PSD_RECONCILE_NEVER;
    }
    return is_due;
}

static void *run(void *arg)
{
    psd_reconciler *r = arg;
    while (wait_for_work(r)) {
        for (size_t i = 0; i < r->count; i++) {
            entry *e = &r->entries[i];
            if (!take_turn(r, e))
                continue;
            int64_t after_ms = e->item.reconcile(e->item.arg);
            PSD_LOCKED(&r->mutex);
            e->due_ms = after_ms == PSD_RECONCILE_NEVER ? PSD_RECONCILE_NEVER
                                                        : psd_clock_mono_ms() + after_ms;
        }
    }
    return NULL;
}

int psd_reconciler_new(const psd_reconcile_item *items, size_t count, psd_reconciler **reconciler,
                       psd_error *error)
{
    if (count > PSD_RECONCILE_ITEMS)
        return psd_error_set(error, PSD_INTERNAL, "a reconciler has at most %d items", PSD_RECONCILE_ITEMS);
    psd_reconciler *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->count = count;
    for (size_t i = 0; i < count; i++)
        made->entries[i] = (entry){.item = items[i], .touched = true, .due_ms = PSD_RECONCILE_NEVER};
    pthread_mutex_init(&made->mutex, NULL);
    psd_cond_init(&made->changed);
    *reconciler = made;
    return 0;
}

int psd_reconciler_start(psd_reconciler *reconciler, psd_error *error)
{
    int result = pthread_create(&reconciler->thread, NULL, run, reconciler);
    if (result != 0)
        return psd_error_set_errno(error, result, "cannot start a thread");
    reconciler->started = true;
    return 0;
}

void psd_reconciler_touch(psd_reconciler *reconciler, size_t item)
{
    PSD_LOCKED(&reconciler->mutex);
    reconciler->entries[item].touched = true;
    pthread_cond_signal(&reconciler->changed);
}

void psd_reconciler_stop(psd_reconciler *reconciler)
{
    if (!reconciler)
        return;
    {
        PSD_LOCKED(&reconciler->mutex);
        reconciler->stopping = true;
        pthread_cond_signal(&reconciler->changed);
    }
    if (reconciler->started)
        pthread_join(reconciler->thread, NULL);
    reconciler->started = false;
}

void psd_reconciler_free(psd_reconciler *reconciler)
{
    if (!reconciler)
        return;
    pthread_cond_destroy(&reconciler->changed);
    pthread_mutex_destroy(&reconciler->mutex);
    free(reconciler);
}
