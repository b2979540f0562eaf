#include "test/support/port_watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/thread.h"
#include "test/support/bench.h"

static void on_event(void *arg, const psd_watch_event *event, const Polarstack__V1__PortUsage *resource)
{
    psd_test_port_watch *watch = arg;
    if (watch->slow_us > 0)
        usleep(watch->slow_us);
    PSD_LOCKED(&watch->mutex);
    watch->callbacks++;
    watch->resyncs += event->resynchronized;
    watch->losses += event->kind == PSD_WATCH_LOST;
    if (event->kind != PSD_WATCH_LOST) {
        watch->synced = true;
        watch->revision = resource->observation->revision;
        memset(watch->in_use, 0, sizeof(watch->in_use));
        for (size_t i = 0; i < resource->n_ports; i++)
            watch->in_use[resource->ports[i]->port] = true;
    }
    pthread_cond_broadcast(&watch->changed);
}

psd_test_port_watch *psd_test_port_watch_start(psd_client *client, unsigned slow_us)
{
    psd_test_port_watch *watch = calloc(1, sizeof(*watch));
    watch->slow_us = slow_us;
    pthread_mutex_init(&watch->mutex, NULL);
    psd_cond_init(&watch->changed);
    psd_bench_check(psd_port_usage_watch_port_usage(client, NULL, on_event, watch, &watch->watch, NULL),
                    "watch");
    return watch;
}

static bool wait_for(psd_test_port_watch *watch, bool (*reached)(const psd_test_port_watch *, uint64_t, bool),
                     uint64_t number, bool wanted, int64_t timeout_ms)
{
    int64_t until_ms = psd_clock_mono_ms() + timeout_ms;
    PSD_LOCKED(&watch->mutex);
    while (!reached(watch, number, wanted)) {
        if (!psd_cond_wait_until(&watch->changed, &watch->mutex, until_ms))
            return reached(watch, number, wanted);
    }
    return true;
}

static bool port_is(const psd_test_port_watch *watch, uint64_t port, bool in_use)
{
    return watch->synced && watch->in_use[port] == in_use;
}

static bool has_revision(const psd_test_port_watch *watch, uint64_t revision, bool wanted)
{
    return (watch->synced && watch->revision >= revision) == wanted;
}

bool psd_test_port_watch_wait(psd_test_port_watch *watch, unsigned port, bool in_use, int64_t timeout_ms)
{
    return wait_for(watch, port_is, port, in_use, timeout_ms);
}

bool psd_test_port_watch_wait_revision(psd_test_port_watch *watch, uint64_t revision, int64_t timeout_ms)
{
    return wait_for(watch, has_revision, revision, true, timeout_ms);
}

void psd_test_port_watch_stop(psd_test_port_watch *watch)
{
    psd_watch_stop(watch->watch);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}
