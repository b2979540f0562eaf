/*
 * port_no_side_effect - scans take no port: while one thread scans, another
 * binds and releases ports without SO_REUSEADDR; no bind may fail.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/scan/port/port_scanner.h"
#include "test/support/port_namespace.h"

enum { SCANS = 1000, FIRST_PORT = 30000, PORTS = 200, HELD_MS = 20 };

static atomic_bool finished;

typedef struct binder {
    unsigned long binds;
    unsigned long failed;
} binder;

/* Binds a port for HOLD_MS; every second time it listens. */
static void bind_once(binder *counts, unsigned port, bool listens, bool ipv6, unsigned hold_ms)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        psd_test_fail("cannot make a socket: %s", strerror(errno));
    int result = ipv6 ? bind(fd, (struct sockaddr *)&v6, sizeof(v6))
                      : bind(fd, (struct sockaddr *)&v4, sizeof(v4));
    if (result == 0 && listens)
        result = listen(fd, 1);
    if (result < 0) {
        counts->failed++;
        printf("port %u: %s\n", port, strerror(errno));
    }
    if (hold_ms > 0)
        usleep(hold_ms * 1000);
    close(fd);
    counts->binds++;
}

/* The tight loop. */
static void *bind_and_release(void *arg)
{
    for (unsigned i = 0; !atomic_load(&finished); i++)
        bind_once(arg, FIRST_PORT + i % PORTS, i & 1, i & 2, 0);
    return NULL;
}

/* Sockets that live long enough to be met by several scans, which look for
 * their options; the port is bound again at once. */
static void *bind_and_hold(void *arg)
{
    for (unsigned i = 0; !atomic_load(&finished); i++)
        bind_once(arg, FIRST_PORT + PORTS, false, i & 1, HELD_MS);
    return NULL;
}

int main(void)
{
    psd_test_look *look = calloc(1, sizeof(*look));
    binder tight = {0};
    binder slow = {0};
    pthread_t threads[2];
    psd_test_enter_namespace();
    void *scanner = psd_test_scanner_new(PSD_PORT_LISTEN_PERIOD_MS, PSD_PORT_FULL_PERIOD_MS);
    if (!look || pthread_create(&threads[0], NULL, bind_and_release, &tight) != 0 ||
        pthread_create(&threads[1], NULL, bind_and_hold, &slow) != 0)
        psd_test_fail("cannot begin: %s", strerror(errno));
    unsigned long seen = 0;
    int64_t start_ms = psd_clock_mono_ms();
    for (int i = 0; i < SCANS; i++) {
        psd_test_scan(scanner, true, look);
        for (unsigned port = FIRST_PORT; port <= FIRST_PORT + PORTS; port++)
            seen += look->port_class[port] != 0;
    }
    int64_t duration_ms = psd_clock_mono_ms() - start_ms;
    atomic_store(&finished, true);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    psd_port_scanner.fini(scanner);
    printf("%u scans in %lld ms beside %lu binds (and %lu held ones); the scans met %lu of their sockets\n",
           look->looks, (long long)duration_ms, tight.binds, slow.binds, seen);
    bool good = tight.failed == 0 && slow.failed == 0 && seen > 0;
    printf("port_no_side_effect: %s, %lu failed binds\n", good ? "passed" : "FAILED",
           tight.failed + slow.failed);
    free(look);
    return good ? 0 : 1;
}
