#include <unistd.h>

#include "common/thread.h"
#include "server/scanners.h"
#include "server/services/handlers.h"

/* Fills HEALTH from a scanner. Its strings live in the snapshot returned. */
static const psd_snapshot *describe(psd_watched *watched, Polarstack__V1__ScannerHealth *health)
{
    const psd_snapshot *snapshot = psd_topic_snapshot(watched->topic);
    polarstack__v1__scanner_health__init(health);
    health->name = (char *)(uintptr_t)watched->name;
    health->state = snapshot->observation->state;
    health->reason = snapshot->observation->reason;
    PSD_LOCKED(&watched->mutex);
    health->last_success_ms = watched->last_success_ms;
    health->last_duration_us = watched->last_duration_us;
    health->successes = watched->successes;
    health->failures = watched->failures;
    return snapshot;
}

static void check_health(psd_call *call, const Polarstack__V1__CheckHealthRequest *request PSD_UNUSED,
                         void *arg)
{
    static char version[] = PSD_VERSION;
    psd_daemon *daemon = arg;
    Polarstack__V1__ScannerHealth scanners[PSD_SCANNER_COUNT];
    Polarstack__V1__ScannerHealth *pointers[PSD_SCANNER_COUNT];
    const psd_snapshot *snapshots[PSD_SCANNER_COUNT];
    Polarstack__V1__Health health = POLARSTACK__V1__HEALTH__INIT;
    health.status = POLARSTACK__V1__SERVING_STATUS__SERVING;
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++) {
        pointers[i] = &scanners[i];
        snapshots[i] = describe(&daemon->scanners[i], &scanners[i]);
        if (scanners[i].state != POLARRPC__V1__OBSERVATION_STATE__FRESH &&
            !psd_scanner_is_idle(&daemon->scanners[i], snapshots[i]->observation))
            health.status = POLARSTACK__V1__SERVING_STATUS__DEGRADED;
    }
    health.scanners = pointers;
    health.n_scanners = PSD_SCANNER_COUNT;
    health.version = version;
    health.node = (char *)(uintptr_t)daemon->node;
    health.epoch = daemon->epoch;
    health.started_at_ms = daemon->started_at_ms;
    health.pid = (int32_t)getpid();
    psd_health_check_health_reply(call, &health);
    for (size_t i = 0; i < PSD_SCANNER_COUNT; i++)
        psd_snapshot_release(snapshots[i]);
}

const psd_health_handlers psd_daemon_health_handlers = {.check_health = check_health};
