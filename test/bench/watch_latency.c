/*
 * watch_latency: from listen() to the watcher's callback, at the default
 * period and at a listen period of 100 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/bench.h"
#include "test/support/daemon_process.h"
#include "test/support/listener.h"
#include "test/support/port_watch.h"

enum { MAX_TRIES = 200 };

static void measure(const char *name, const char *const *arguments, unsigned tries, double bar_ms)
{
    psd_test_daemon daemon;
    psd_test_daemon_start(&daemon, arguments);
    psd_client_options options = {.url = daemon.url};
    psd_client *client = NULL;
    psd_bench_check(psd_client_open(&options, &client, NULL), "open");
    psd_test_port_watch *watch = psd_test_port_watch_start(client, 0);
    psd_bench_check(!psd_test_port_watch_wait_revision(watch, 1, 10000), "first sync");
    double latencies[MAX_TRIES];
    for (unsigned i = 0; i < tries; i++) {
        usleep(arc4random_uniform(150000)); /* no beat with the scanner's period */
        unsigned port = 0;
        int fd = psd_test_listen(&port);
        int64_t begin = psd_clock_mono_us();
        psd_bench_check(!psd_test_port_watch_wait(watch, port, true, 10000), "change");
        latencies[i] = (double)(psd_clock_mono_us() - begin) / 1000;
        close(fd);
        psd_bench_check(!psd_test_port_watch_wait(watch, port, false, 10000), "change back");
    }
    char metric[64];
    snprintf(metric, sizeof(metric), "%s_p50", name);
    psd_bench_report("watch_latency", metric, psd_bench_percentile(latencies, tries, 0.5), "ms");
    snprintf(metric, sizeof(metric), "%s_p99", name);
    psd_bench_at_most("watch_latency", metric, psd_bench_percentile(latencies, tries, 0.99), "ms", bar_ms);
    psd_test_port_watch_stop(watch);
    psd_client_close(client);
    psd_test_daemon_stop(&daemon);
}

int main(void)
{
    static const char *const defaults[] = {NULL};
    static const char *const fast[] = {"--port-listen-period", "100ms", NULL};
    measure("default_period", defaults, 50, 1000);
    measure("period_100ms", fast, MAX_TRIES, 150);
    return psd_bench_exit_code();
}
