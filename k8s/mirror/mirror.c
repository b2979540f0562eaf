#include "k8s/mirror/mirror.h"

#include <stdlib.h>
#include <string.h>

#include "k8s/mirror/config_map.h"
#include "k8s/mirror/node.h"
#include "k8s/reconciler.h"

enum {
    MAX_MAPS = 8,
    NODE_ITEM = 0, /* of the reconciler; the maps follow */
};

/* What a callback needs to touch its item. */
typedef struct touch {
    psd_mirror *mirror;
    size_t item;
} touch;

struct psd_mirror {
    psd_mirror_options options; /* its strings are owned */
    psd_reconciler *reconciler;
    psd_mirrored_node node;
    psd_mirrored_map maps[MAX_MAPS];
    touch touches[MAX_MAPS + 1];
    bool node_started; /* so that it can be stopped */
    size_t started;    /* maps */
};

static void touch_item(void *arg)
{
    const touch *t = arg;
    psd_reconciler_touch(t->mirror->reconciler, t->item);
}

/* The owner of all maps has changed, too. */
static void node_changed(void *arg)
{
    psd_mirror_config_changed(((const touch *)arg)->mirror);
}

void psd_mirror_config_changed(psd_mirror *mirror)
{
    for (size_t i = 0; i <= psd_map_row_count; i++)
        psd_reconciler_touch(mirror->reconciler, i);
}

psd_informer *psd_mirror_node(psd_mirror *mirror)
{
    return mirror->node.object.informer;
}

static int new_reconciler(psd_mirror *mirror, psd_error *error)
{
    psd_reconcile_item items[MAX_MAPS + 1];
    items[NODE_ITEM] = (psd_reconcile_item){psd_mirrored_node_reconcile, &mirror->node};
    for (size_t i = 0; i < psd_map_row_count; i++)
        items[i + 1] = (psd_reconcile_item){psd_mirrored_map_reconcile, &mirror->maps[i]};
    for (size_t i = 0; i <= psd_map_row_count; i++)
        mirror->touches[i] = (touch){mirror, i};
    return psd_reconciler_new(items, psd_map_row_count + 1, &mirror->reconciler, error);
}

static int start_all(psd_mirror *mirror, psd_kube *kube, psd_client *daemon, psd_followed *config,
                     psd_error *error)
{
    if (new_reconciler(mirror, error) < 0)
        return -1;
    mirror->node_started = true;
    if (psd_mirrored_node_start(&mirror->node, &mirror->options, kube, daemon, config, node_changed,
                                &mirror->touches[NODE_ITEM], error) < 0)
        return -1;
    for (size_t i = 0; i < psd_map_row_count; i++) {
        mirror->started++;
        if (psd_mirrored_map_start(&mirror->maps[i], &psd_map_rows[i], &mirror->options, kube, daemon, config,
                                   mirror->node.object.informer, touch_item, &mirror->touches[i + 1],
                                   error) < 0)
            return -1;
    }
    return 0;
}

int psd_mirror_start(psd_kube *kube, psd_client *daemon, psd_followed *config,
                     const psd_mirror_options *options, psd_mirror **mirror, psd_error *error)
{
    psd_mirror *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->options = *options;
    made->options.namespace = strdup(options->namespace);
    made->options.node = strdup(options->node);
    if (!made->options.namespace || !made->options.node)
        abort();
    if (start_all(made, kube, daemon, config, error) < 0) {
        psd_mirror_stop(made);
        return -1;
    }
    *mirror = made;
    return 0;
}

int psd_mirror_run(psd_mirror *mirror, psd_error *error)
{
    return psd_reconciler_start(mirror->reconciler, error);
}

Polarstack__V1__Mirror *psd_mirror_describe(psd_mirror *mirror)
{
    Polarstack__V1__Mirror *description = malloc(sizeof(*description));
    if (!description)
        abort();
    polarstack__v1__mirror__init(description);
    description->node = strdup(mirror->options.node);
    description->objects = calloc(psd_map_row_count + 1, sizeof(Polarstack__V1__MirroredObject *));
    if (!description->node || !description->objects)
        abort();
    for (size_t i = 0; i <= psd_map_row_count; i++) {
        Polarstack__V1__MirroredObject *entry = psd_mirrored_object_new();
        if (i < psd_map_row_count)
            psd_mirrored_map_describe(&mirror->maps[i], entry);
        else
            psd_mirrored_node_describe(&mirror->node, entry);
        description->objects[description->n_objects++] = entry;
    }
    return description;
}

void psd_mirror_stop(psd_mirror *mirror)
{
    if (!mirror)
        return;
    psd_reconciler_stop(mirror->reconciler);
    for (size_t i = 0; i < mirror->started; i++)
        psd_mirrored_map_stop(&mirror->maps[i]);
    if (mirror->node_started)
        psd_mirrored_node_stop(&mirror->node);
    psd_reconciler_free(mirror->reconciler);
    free((char *)(uintptr_t)mirror->options.namespace);
    free((char *)(uintptr_t)mirror->options.node);
    free(mirror);
}
