/*
 * definitions.h - which versions the cluster has told of, for the version scanner
 * while it runs. Thread-safe; a change wakes the scanner.
 */
#ifndef PSD_SERVER_SCAN_VERSION_DEFINITIONS_H
#define PSD_SERVER_SCAN_VERSION_DEFINITIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "polarstack/v1/node_config.pb-c.h"
#include "server/scan/scanner.h"

typedef struct psd_version_definitions {
    pthread_mutex_t mutex; /* guards all below */
    bool told;             /* the cluster has said which versions there are, be it none */
    uint8_t *packed;       /* owned: a NodeConfig that holds nothing but core_versions */
    size_t length;
    uint64_t changes;
    psd_scanner *scanner; /* to wake; NULL: it does not run */
} psd_version_definitions;

/* Nothing is told yet. */
void psd_version_definitions_init(psd_version_definitions *definitions);
void psd_version_definitions_free(psd_version_definitions *definitions);

/* The scanner that is woken from now on. Give NULL before it is stopped. */
void psd_version_definitions_set_scanner(psd_version_definitions *definitions, psd_scanner *scanner);

/* Takes the versions of the configuration. */
void psd_version_definitions_set_config(psd_version_definitions *definitions,
                                        const Polarstack__V1__NodeConfig *config);

/* A copy of what is told, for a reader that has *SEEN changes (0 at first). */
typedef struct psd_version_list {
    bool told;
    uint64_t seen;
    Polarstack__V1__NodeConfig *config; /* owned; only core_versions. NULL at first */
} psd_version_list;

/* Brings LIST up to date. RESOURCE_EXHAUSTED: it is as it was. */
int psd_version_definitions_get(psd_version_definitions *definitions, psd_version_list *list,
                                psd_error *error) PSD_MUST_CHECK;
void psd_version_list_free(psd_version_list *list);

#endif
