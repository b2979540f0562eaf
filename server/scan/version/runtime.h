/*
 * runtime.h - the container runtime of this host: containerd or CRI-O by CRI,
 * dockerd by the Docker Engine API; both over a unix socket.
 *
 * One thread uses a runtime; psd_runtime_stop() is for any thread.
 */
#ifndef PSD_SERVER_SCAN_VERSION_RUNTIME_H
#define PSD_SERVER_SCAN_VERSION_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "server/scan/version/image_set.h"

/* Tried in this order when no endpoint is given, at each look anew: the first socket that
 * exists is asked, and the next one where it serves no images (a containerd without CRI).
 * Whoever has answered is not left for a later one until it was silent for
 * PSD_RUNTIME_HELD_MS: a runtime that restarts must not look like another one that has
 * no images. Ended by NULL. */
extern const char *const psd_runtime_endpoints[];

enum { PSD_RUNTIME_HELD_MS = 900000 };

typedef struct psd_runtime psd_runtime;

/* What a runtime is, for people. */
typedef struct psd_runtime_facts {
    char name[128];     /* "containerd 1.6.20"; empty: not known */
    char endpoint[256]; /* "unix:///run/containerd/containerd.sock"; empty: none was found */
    /* It is not the first of psd_runtime_endpoints, and this host may have started just
     * now: an earlier one may come and tell of other images. Look again soon. */
    bool is_provisional;
} psd_runtime_facts;

/* ENDPOINT: "unix:///path" of either kind of runtime, which is found out by
 * asking; NULL or empty: the well-known ones. INVALID_ARGUMENT: no such URL.
 * Connects to nothing yet. */
int psd_runtime_new(const char *endpoint, psd_runtime **runtime, psd_error *error) PSD_MUST_CHECK;
void psd_runtime_free(psd_runtime *runtime); /* NULL is ignored */

/* Refuses what psd_runtime_new() refuses. */
int psd_runtime_endpoint_check(const char *endpoint, psd_error *error) PSD_MUST_CHECK;

/* Asks for all images with one list call, before DEADLINE_MS (monotonic). On -1
 * there is no answer or half of one: *SET is NULL. FACTS is filled as far as
 * known, also then. The set is the caller's: psd_image_set_free(). The error's text names
 * the endpoint; its code is UNAVAILABLE, PERMISSION_DENIED, DEADLINE_EXCEEDED, CANCELLED
 * (stopped), UNIMPLEMENTED (no list of images there), RESOURCE_EXHAUSTED (too large),
 * INTERNAL (it cannot be read), or what the runtime gave. */
int psd_runtime_list(psd_runtime *runtime, int64_t deadline_ms, psd_image_set **set, psd_runtime_facts *facts,
                     psd_error *error) PSD_MUST_CHECK;

/* Makes a running call give up soon, and all later ones at once. */
void psd_runtime_stop(psd_runtime *runtime);

#endif
