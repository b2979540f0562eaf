/*
 * version_checks.h - looks at the container runtime that somebody asked for, as
 * operations. Those that share a scan are one.
 */
#ifndef PSD_SERVER_SERVICES_VERSION_CHECKS_H
#define PSD_SERVER_SERVICES_VERSION_CHECKS_H

#include <pthread.h>
#include <stdint.h>

#include "common/rpc/operations.h"
#include "common/rpc/server.h"
#include "server/scan/scanner.h"
#include "server/store/topic.h"

typedef struct psd_version_checks {
    psd_operations *operations;

    pthread_mutex_t mutex; /* guards all below, the youngest check */
    uint64_t scan;         /* number of its scan; 0: there is none */
    uint64_t remembered;   /* number of the last scan whose outcome is in `operations` */
    char id[PSD_OPERATION_ID_SIZE];
    int64_t started_at_ms; /* Unix */
} psd_version_checks;

int psd_version_checks_init(psd_version_checks *checks, psd_error *error) PSD_MUST_CHECK;
/* After the scanner has ended. */
void psd_version_checks_free(psd_version_checks *checks);

/* Makes SCANNER, which publishes to TOPIC, look, and answers CALL, of
 * CheckCoreVersions: after the look, or at once when it is not to WAIT. */
void psd_version_checks_begin(psd_version_checks *checks, psd_scanner *scanner, psd_topic *topic,
                              psd_call *call, bool wait);

#endif
