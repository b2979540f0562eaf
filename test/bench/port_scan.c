/*
 * port_scan - what a full scan costs, against looking for used ports by really
 * binding them: socket, bind, listen, close over all ports.
 *
 * Runs in a network namespace of its own, with 5,000 sockets open there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/scan/port/port_scanner.h"
#include "server/scan/port/sock_diag.h"
#include "test/support/bench.h"
#include "test/support/port_namespace.h"

enum {
    SOCKETS = 5000,
    FIRST_PORT = 10000,
    SCANS = 51,
    PROBES = 3,
    BAR = 50,
};

static int new_bound(int family, int type, unsigned port)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    const int on = 1;
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
        psd_test_fail("cannot make a socket: %s", strerror(errno));
    int result = family == AF_INET ? bind(fd, (const struct sockaddr *)&v4, sizeof(v4))
                                   : bind(fd, (const struct sockaddr *)&v6, sizeof(v6));
    if (result < 0)
        psd_test_fail("cannot bind port %u: %s", port, strerror(errno));
    return fd;
}

static int new_listener(int family, unsigned port)
{
    int fd = new_bound(family, SOCK_STREAM, port);
    if (listen(fd, 1) < 0)
        psd_test_fail("cannot listen on port %u: %s", port, strerror(errno));
    return fd;
}

/* A connection from a port of its own; both ends stay open: two sockets. */
static void connect_from(int listener, unsigned listener_port, int family, unsigned port)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)listener_port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons((uint16_t)listener_port),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = new_bound(family, SOCK_STREAM, port);
    int result = family == AF_INET ? connect(fd, (const struct sockaddr *)&v4, sizeof(v4))
                                   : connect(fd, (const struct sockaddr *)&v6, sizeof(v6));
    if (result < 0 || accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
        psd_test_fail("cannot connect: %s", strerror(errno));
}

/* A fifth each: listeners, UDP, bound, and both ends of connections; half of
 * each over IPv6. */
static void open_sockets(void)
{
    enum { each = SOCKETS / 5, server_port = 9000 };
    unsigned port = FIRST_PORT;
    int servers[2] = {new_listener(AF_INET, server_port), new_listener(AF_INET6, server_port + 1)};
    for (unsigned i = 0; i < each; i++) {
        int family = i % 2 ? AF_INET6 : AF_INET;
        new_listener(family, port++);
        new_bound(family, SOCK_DGRAM, port++);
        new_bound(family, SOCK_STREAM, port++);
        connect_from(servers[i % 2], server_port + i % 2, family, port++);
    }
}

static double time_full_scan(void *scanner, psd_test_look *look)
{
    double times[SCANS];
    for (size_t i = 0; i < SCANS; i++) {
        int64_t start_us = psd_clock_mono_us();
        psd_test_scan(scanner, true, look);
        times[i] = (double)(psd_clock_mono_us() - start_us);
    }
    return psd_bench_percentile(times, SCANS, 0.5);
}

/* The netlink part alone: all sockets, or the listening ones. */
static double time_dump(bool all, size_t *count)
{
    double times[SCANS];
    psd_sockets listeners = {0};
    psd_sockets others = {0};
    psd_sock_diag *diag = NULL;
    psd_error error = PSD_ERROR_INIT;
    if (psd_sock_diag_open(&diag, &error) < 0)
        psd_test_fail("%s", error.text);
    for (size_t i = 0; i < SCANS; i++) {
        int64_t start_us = psd_clock_mono_us();
        int64_t deadline_ms = start_us / 1000 + 10000;
        int result = all ? psd_sock_diag_all(diag, deadline_ms, &others, &listeners, &error)
                         : psd_sock_diag_listeners(diag, deadline_ms, &listeners, &error);
        if (result < 0)
            psd_test_fail("%s", error.text);
        times[i] = (double)(psd_clock_mono_us() - start_us);
    }
    *count = listeners.count + others.count;
    psd_sock_diag_close(diag);
    psd_sockets_free(&listeners);
    psd_sockets_free(&others);
    return psd_bench_percentile(times, SCANS, 0.5);
}

static double time_probing(void)
{
    double times[PROBES];
    for (size_t i = 0; i < PROBES; i++) {
        int64_t start_us = psd_clock_mono_us();
        for (unsigned port = 1; port < PSD_TEST_PORTS; port++)
            psd_test_kernel_can_bind(port, false);
        times[i] = (double)(psd_clock_mono_us() - start_us);
    }
    return psd_bench_percentile(times, PROBES, 0.5);
}

static void report_time(const char *metric, double us)
{
    psd_bench_report("port_scan", metric, us, "us");
}

int main(void)
{
    struct rlimit files = {SOCKETS + 200, SOCKETS + 200};
    psd_test_look *look = calloc(1, sizeof(*look));
    if (!look || setrlimit(RLIMIT_NOFILE, &files) < 0)
        psd_test_fail("cannot open %d sockets: %s", SOCKETS, strerror(errno));
    psd_test_enter_namespace();
    size_t count = 0;
    report_time("empty_full_dump", time_dump(true, &count));
    report_time("empty_listen_dump", time_dump(false, &count));
    open_sockets();

    void *scanner = psd_test_scanner_new(PSD_PORT_LISTEN_PERIOD_MS, PSD_PORT_FULL_PERIOD_MS);
    double first_us = (double)psd_clock_mono_us();
    psd_test_scan(scanner, true, look); /* loads the BPF programs */
    report_time("first_full_scan", (double)psd_clock_mono_us() - first_us);
    double scan_us = time_full_scan(scanner, look);
    report_time("full_scan", scan_us);
    report_time("full_dump", time_dump(true, &count));
    if (count < SOCKETS)
        psd_test_fail("only %zu sockets were listed", count);
    report_time("listen_dump", time_dump(false, &count));
    double probe_us = time_probing();
    report_time("bind_all_ports", probe_us);
    psd_bench_at_least("port_scan", "speedup", probe_us / scan_us, "ratio", BAR);
    psd_port_scanner.fini(scanner);
    free(look);
    return psd_bench_exit_code();
}
