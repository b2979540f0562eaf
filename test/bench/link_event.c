/*
 * link_event: from the call that sets the client NIC down to a watcher's
 * callback; and, as a report, from the loss of the carrier. In a network
 * namespace of its own.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/bench.h"
#include "test/support/daemon_process.h"
#include "test/support/net_bed.h"
#include "test/support/net_watch.h"

enum { TRIES = 200, PATIENCE_MS = 10000 };

#define UP POLARSTACK__V1__LINK_STATE__LINK_UP
#define DOWN POLARSTACK__V1__LINK_STATE__LINK_DOWN

/* Milliseconds until DOWN is heard, each time after setting WHICH down. */
static void measure(psd_test_net_watch *watch, const char *which, double latencies[TRIES])
{
    for (unsigned i = 0; i < TRIES; i++) {
        usleep(arc4random_uniform(20000)); /* no beat with anything */
        int64_t begin_us = psd_clock_mono_us();
        psd_test_net_set_up(which, false);
        psd_bench_check(!psd_test_net_watch_wait(watch, DOWN, PATIENCE_MS), "down");
        latencies[i] = (double)(psd_clock_mono_us() - begin_us) / 1000;
        psd_test_net_set_up(which, true);
        psd_bench_check(!psd_test_net_watch_wait(watch, UP, PATIENCE_MS), "up");
    }
}

int main(void)
{
    static const char *const arguments[] = {"--client-nic", "eth0", "--net-up-delay", "20ms", NULL};
    static double latencies[TRIES];
    psd_test_net_enter();
    psd_test_daemon daemon;
    psd_test_daemon_start(&daemon, arguments);
    psd_client_options options = {.url = daemon.url};
    psd_client *client = NULL;
    psd_bench_check(psd_client_open(&options, &client, NULL), "open");
    psd_test_net_watch *watch = psd_test_net_watch_start(client);
    psd_bench_check(!psd_test_net_watch_wait(watch, UP, PATIENCE_MS), "first state");
    measure(watch, "eth0", latencies);
    psd_bench_report("link_event", "down_p50", psd_bench_percentile(latencies, TRIES, 0.5), "ms");
    psd_bench_at_most("link_event", "down_p99", psd_bench_percentile(latencies, TRIES, 0.99), "ms", 20);
    measure(watch, "peer0", latencies);
    psd_bench_report("link_event", "carrier_loss_p50", psd_bench_percentile(latencies, TRIES, 0.5), "ms");
    psd_bench_report("link_event", "carrier_loss_p99", psd_bench_percentile(latencies, TRIES, 0.99), "ms");
    psd_test_net_watch_stop(watch);
    psd_client_close(client);
    psd_test_daemon_stop(&daemon);
    return psd_bench_exit_code();
}
