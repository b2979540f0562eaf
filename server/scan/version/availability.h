/*
 * availability.h - from the versions and the runtime's images to the resource
 * CoreVersionAvailability. Pure: no clock, no host.
 */
#ifndef PSD_SERVER_SCAN_VERSION_AVAILABILITY_H
#define PSD_SERVER_SCAN_VERSION_AVAILABILITY_H

#include <stdint.h>

#include "polarstack/v1/core_version.pb-c.h"
#include "polarstack/v1/node_config.pb-c.h"
#include "server/scan/version/image_set.h"

typedef struct psd_availability_facts {
    const Polarstack__V1__NodeConfig *config; /* core_versions: which there are */
    const psd_image_set *images;              /* NULL: the runtime gave no answer */
    const char *fault;                        /* why; only then */
    const char *runtime;
    const char *endpoint;
    int64_t now_ms; /* Unix */
} psd_availability_facts;

/* What FACTS say, without observation. Of BEFORE, the answer before this one (NULL:
 * there is none), it carries on since when a presence holds, and what was last known.
 * An image is the same by its version's name, its key and its reference. For
 * polarstack__v1__core_version_availability__free_unpacked(). */
Polarstack__V1__CoreVersionAvailability *psd_availability_make(
    const psd_availability_facts *facts, const Polarstack__V1__CoreVersionAvailability *before);

#endif
