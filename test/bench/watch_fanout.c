/*
 * watch_fanout: 200 watchers (a tenth of them slow) and some subscribers that
 * never read follow 1,000 changes: every watcher ends on the last revision, and
 * the daemon's memory does not grow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/bench.h"
#include "test/support/daemon_process.h"
#include "test/support/listener.h"
#include "test/support/port_watch.h"

enum { WATCHERS = 200, SLOW_EVERY = 10, SLOW_US = 30000, CHANGES = 1000, DEAF = 20, WARM_UP = 100 };

/* Subscribes by the SP handshake and never reads: protocol number 0x21 is SUB. */
static int connect_deaf(const char *dir)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/daemon.stream.sock", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const unsigned char hello[] = {0, 'S', 'P', 0, 0, 0x21, 0, 0};
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        write(fd, hello, sizeof(hello)) != (ssize_t)sizeof(hello)) {
        perror("connect");
        exit(2);
    }
    return fd;
}

static uint64_t revision_of(psd_client *client)
{
    Polarstack__V1__GetPortUsageRequest request = POLARSTACK__V1__GET_PORT_USAGE_REQUEST__INIT;
    Polarstack__V1__PortUsage *usage = NULL;
    psd_bench_check(psd_port_usage_get_port_usage(client, &request, NULL, &usage, NULL), "get");
    uint64_t revision = usage->observation->revision;
    polarstack__v1__port_usage__free_unpacked(usage, NULL);
    return revision;
}

/* Opens and closes a port, COUNT changes, each seen before the next. */
static void make_changes(psd_test_port_watch *first, unsigned count)
{
    for (unsigned i = 0; i < count; i += 2) {
        unsigned port = 0;
        int fd = psd_test_listen(&port);
        psd_bench_check(!psd_test_port_watch_wait(first, port, true, 10000), "change");
        close(fd);
        psd_bench_check(!psd_test_port_watch_wait(first, port, false, 10000), "change back");
    }
}

int main(void)
{
    static const char *const arguments[] = {"--port-listen-period", "10ms", NULL};
    psd_test_daemon daemon;
    psd_test_daemon_start(&daemon, arguments);
    psd_client_options options = {.url = daemon.url};
    psd_client *client = NULL;
    psd_bench_check(psd_client_open(&options, &client, NULL), "open");
    static psd_test_port_watch *watchers[WATCHERS];
    for (unsigned i = 0; i < WATCHERS; i++)
        watchers[i] = psd_test_port_watch_start(client, i % SLOW_EVERY == 1 ? SLOW_US : 0);
    int deaf[DEAF];
    for (unsigned i = 0; i < DEAF; i++)
        deaf[i] = connect_deaf(daemon.dir);
    for (unsigned i = 0; i < WATCHERS; i++)
        psd_bench_check(!psd_test_port_watch_wait_revision(watchers[i], 1, 20000), "first sync");
    make_changes(watchers[0], WARM_UP);
    long before = psd_bench_memory_kib(daemon.pid, "VmRSS:");
    int64_t begin = psd_clock_mono_us();
    make_changes(watchers[0], CHANGES);
    double seconds = (double)(psd_clock_mono_us() - begin) / 1e6;

    uint64_t last = revision_of(client);
    unsigned behind = 0;
    uint64_t resyncs = 0;
    for (unsigned i = 0; i < WATCHERS; i++) {
        behind += !psd_test_port_watch_wait_revision(watchers[i], last, 60000);
        resyncs += watchers[i]->resyncs;
    }
    double settled = (double)(psd_clock_mono_us() - begin) / 1e6 - seconds;
    long after = psd_bench_memory_kib(daemon.pid, "VmRSS:");
    psd_bench_at_most("watch_fanout", "watchers_behind", behind, "watchers", 0);
    psd_bench_at_most("watch_fanout", "memory_growth", (double)(after - before), "KiB", 1024);
    psd_bench_report("watch_fanout", "memory", (double)after, "KiB");
    psd_bench_report("watch_fanout", "changes", CHANGES / seconds, "1/s");
    psd_bench_report("watch_fanout", "settled_after", settled, "s");
    psd_bench_report("watch_fanout", "resynchronizations", (double)resyncs, "events");
    for (unsigned i = 0; i < WATCHERS; i++)
        psd_test_port_watch_stop(watchers[i]);
    for (unsigned i = 0; i < DEAF; i++)
        close(deaf[i]);
    psd_client_close(client);
    psd_test_daemon_stop(&daemon);
    return psd_bench_exit_code();
}
