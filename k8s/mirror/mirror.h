/*
 * mirror.h - what the daemon knows, kept in Kubernetes: ConfigMaps of this node,
 * and conditions of its Node.
 *
 * Level-triggered: when a resource, the configuration, or the object in
 * Kubernetes changes, the object is made right, whatever happened in between.
 * Nothing is ever deleted or emptied because something is not known.
 *
 * Adding a mirrored object is a row in objects.c and a function that says what
 * should stand there.
 */
#ifndef PSD_K8S_MIRROR_MIRROR_H
#define PSD_K8S_MIRROR_MIRROR_H

#include "common/text.h"
#include "k8s/api/informer.h"
#include "k8s/follow.h"
#include "k8s/mirror/events.h"
#include "polarstack/v1/bridge.pb-c.h"
#include "polarstack/v1/node_config.pb-c.h"

typedef enum psd_mirror_mode {
    PSD_MIRROR_OFF,     /* nothing is written */
    PSD_MIRROR_COMPARE, /* nor here; where an object differs is logged and counted */
    PSD_MIRROR_ON,
} psd_mirror_mode;

/* "off", "compare", "on", NULL: by mode, for option tables. */
extern const char *const psd_mirror_mode_names[];

typedef struct psd_mirror_options {
    const char *namespace;
    const char *node; /* the Node's name */
    psd_mirror_mode mode;
    int64_t compare_after_ms; /* how long a difference must last to count */
    int64_t refresh_ms;       /* what did not change is written again after this */
    int64_t transient_ms;     /* how long a connection's port must stay to count */
    int64_t stale_after_ms;   /* how long the daemon may be away before that is said */
} psd_mirror_options;

/* What a row's function looks at. Pointers belong to the caller. */
typedef struct psd_mirror_source {
    const ProtobufCMessage *resource;         /* of the row's stream; NULL: never got */
    const char *stale;                        /* conditions: why it has been old for longer than
                                               * stale_after_ms, one line; NULL: it is not */
    const Polarstack__V1__NodeConfig *config; /* NULL: never got */
    const psd_mirror_options *options;
    const cJSON *found; /* data of the ConfigMap, or the condition, as it stands; NULL: there is none */
    void *state;        /* of the row, zeroed at first; `state_size` bytes */
} psd_mirror_source;

/* ---- ConfigMaps ---- */

typedef enum psd_map_verdict {
    PSD_MAP_WRITE,    /* `data` is what should stand there */
    PSD_MAP_WAIT,     /* it is not known: what stands there stays; `reason` */
    PSD_MAP_DISABLED, /* nobody wants it; what stands there stays */
} psd_map_verdict;

typedef struct psd_wanted_map {
    psd_map_verdict verdict;
    cJSON *data;        /* an empty object to fill */
    cJSON *annotations; /* further ones; an empty object to fill */
    psd_text reason;    /* why it waits, one line */
    int64_t again_ms;   /* when the answer may differ by itself; PSD_RECONCILE_NEVER */
} psd_wanted_map;

typedef struct psd_map_row {
    const char *prefix;             /* of the name; the Node's name follows */
    bool lower_case;                /* in lower case, which Kubernetes has it in anyway */
    const psd_method *stream;       /* of the daemon; its resource is the source */
    bool each_look;                 /* a look that found nothing new counts, too: data tells its time */
    const char *changed_annotation; /* holds the time of the last change of data; NULL: none */
    int refresh_periods;            /* written again, unchanged, after so many refresh_ms; 0: 1 */
    size_t state_size;
    void (*want)(const psd_mirror_source *source, psd_wanted_map *wanted);
    void (*free_state)(void *state); /* NULL: nothing to free */
    /* Whether what another writer has at KEY says the same in other words. NULL:
     * only the same text does. */
    bool (*same)(const char *key, const char *wanted, const char *found);
} psd_map_row;

extern const psd_map_row psd_map_rows[];
extern const size_t psd_map_row_count;

/* ---- conditions ---- */

typedef struct psd_wanted_condition {
    bool known;         /* false: what stands there stays */
    const char *status; /* "True", "False", "Unknown" */
    char reason[128];
    char message[512];
} psd_wanted_condition;

typedef struct psd_condition_row {
    const char *type;
    const psd_method *stream; /* NULL: follows no resource */
    void (*want)(const psd_mirror_source *source, psd_wanted_condition *wanted);
    /* Tells of what WANTED, which was just written, changed in FOUND (NULL: there
     * was none). NULL: of nothing. */
    void (*tell)(const cJSON *found, const psd_wanted_condition *wanted, psd_events *events);
} psd_condition_row;

extern const psd_condition_row psd_condition_rows[];
extern const size_t psd_condition_row_count;

/* ---- the mirror ---- */

typedef struct psd_mirror psd_mirror;

/* Begins to watch; nothing is written before psd_mirror_run(). Copies OPTIONS;
 * KUBE, DAEMON and CONFIG (whose owner calls psd_mirror_config_changed) outlive
 * the mirror. */
int psd_mirror_start(psd_kube *kube, psd_client *daemon, psd_followed *config,
                     const psd_mirror_options *options, psd_mirror **mirror, psd_error *error) PSD_MUST_CHECK;

int psd_mirror_run(psd_mirror *mirror, psd_error *error) PSD_MUST_CHECK;

/* The daemon's NodeConfig has changed. Any thread. */
void psd_mirror_config_changed(psd_mirror *mirror);

/* The informer of this Node; owned by the mirror. */
psd_informer *psd_mirror_node(psd_mirror *mirror);

/* How each object fares, with what stands in Kubernetes at this moment beside what
 * should: reads each of them. Blocks. The answer is the caller's to free. */
Polarstack__V1__Mirror *psd_mirror_describe(psd_mirror *mirror);

/* NULL is ignored. */
void psd_mirror_stop(psd_mirror *mirror);

#endif
