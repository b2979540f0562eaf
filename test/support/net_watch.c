#include "test/support/net_watch.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/thread.h"
#include "test/support/bench.h"

static void on_event(void *arg, const psd_watch_event *event PSD_UNUSED,
                     const Polarstack__V1__NodeNetStatus *status)
{
    psd_test_net_watch *watch = arg;
    PSD_LOCKED(&watch->mutex);
    if (status && status->client_nic)
        watch->state = status->client_nic->state;
    pthread_cond_broadcast(&watch->changed);
}

psd_test_net_watch *psd_test_net_watch_start(psd_client *client)
{
    psd_test_net_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        abort();
    pthread_mutex_init(&watch->mutex, NULL);
    psd_cond_init(&watch->changed);
    psd_bench_check(psd_node_net_watch_node_net_status(client, NULL, on_event, watch, &watch->watch, NULL),
                    "watch");
    return watch;
}

bool psd_test_net_watch_wait(psd_test_net_watch *watch, Polarstack__V1__LinkState state, int64_t timeout_ms)
{
    int64_t until_ms = psd_clock_mono_ms() + timeout_ms;
    PSD_LOCKED(&watch->mutex);
    while (watch->state != state) {
        if (!psd_cond_wait_until(&watch->changed, &watch->mutex, until_ms))
            return watch->state == state;
    }
    return true;
}

void psd_test_net_watch_stop(psd_test_net_watch *watch)
{
    psd_watch_stop(watch->watch);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}
