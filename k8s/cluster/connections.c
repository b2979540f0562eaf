#include "k8s/cluster/connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/reconciler.h"

typedef struct kept {
    char *url;
    psd_client *client;
    int64_t until_ms; /* monotonic */
} kept;

struct psd_connections {
    psd_reconciler *closer;
    pthread_mutex_t mutex; /* guards all below */
    kept items[PSD_CONNECTIONS_MOST];
    size_t count;
};

/* Called with the mutex held. NULL: none is kept. */
static kept *find(psd_connections *connections, const char *url)
{
    for (size_t i = 0; i < connections->count; i++) {
        if (strcmp(connections->items[i].url, url) == 0)
            return &connections->items[i];
    }
    return NULL;
}

/* Called with the mutex held. */
static psd_client *remove_item(psd_connections *connections, kept *item)
{
    psd_client *client = item->client;
    free(item->url);
    *item = connections->items[--connections->count];
    return client;
}

/* One whose time is up, or NULL; then *LEFT_MS is that of the next one. */
static psd_client *take_old(psd_connections *connections, int64_t *left_ms)
{
    PSD_LOCKED(&connections->mutex);
    int64_t now_ms = psd_clock_mono_ms();
    *left_ms = PSD_RECONCILE_NEVER;
    for (size_t i = 0; i < connections->count; i++) {
        int64_t left = connections->items[i].until_ms - now_ms;
        if (left <= 0)
            return remove_item(connections, &connections->items[i]);
        if (left < *left_ms)
            *left_ms = left;
    }
    return NULL;
}

/* Closing may wait: not with the mutex held. */
static int64_t close_old(void *arg)
{
    int64_t left_ms = 0;
    for (psd_client *old = take_old(arg, &left_ms); old; old = take_old(arg, &left_ms))
        psd_client_close(old);
    return left_ms;
}

int psd_connections_new(psd_connections **connections, psd_error *error)
{
    psd_connections *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    pthread_mutex_init(&made->mutex, NULL);
    psd_reconcile_item item = {close_old, made};
    if (psd_reconciler_new(&item, 1, &made->closer, error) < 0 ||
        psd_reconciler_start(made->closer, error) < 0) {
        psd_connections_free(made);
        return -1;
    }
    *connections = made;
    return 0;
}

void psd_connections_free(psd_connections *connections)
{
    if (!connections)
        return;
    psd_reconciler_stop(connections->closer);
    psd_reconciler_free(connections->closer);
    while (connections->count > 0)
        psd_client_close(remove_item(connections, &connections->items[0]));
    pthread_mutex_destroy(&connections->mutex);
    free(connections);
}

void psd_connections_take(psd_connections *connections, const char *const *urls, size_t count,
                          psd_client **clients)
{
    PSD_LOCKED(&connections->mutex);
    for (size_t i = 0; i < count; i++) {
        kept *item = connections->count > 0 ? find(connections, urls[i]) : NULL;
        clients[i] = item ? remove_item(connections, item) : NULL;
    }
}

/* False: there is one already, or no room. */
static bool keep(psd_connections *connections, const char *url, psd_client *client)
{
    PSD_LOCKED(&connections->mutex);
    if (connections->count == PSD_CONNECTIONS_MOST || find(connections, url))
        return false;
    connections->items[connections->count++] = (kept){psd_text_copy(url), client,
                                                      psd_clock_mono_ms() + PSD_CONNECTIONS_KEPT_MS};
    return true;
}

void psd_connections_keep(psd_connections *connections, const char *const *urls, size_t count,
                          psd_client **clients)
{
    for (size_t i = 0; i < count; i++) {
        if (clients[i] && !keep(connections, urls[i], clients[i]))
            psd_client_close(clients[i]);
    }
    psd_reconciler_touch(connections->closer, 0);
}
