#include "test/support/port_namespace.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/port_set.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "server/scan/port/port_scanner.h"

void psd_test_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "FAILED: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

void psd_test_enter_namespace(void)
{
    if (unshare(CLONE_NEWNET) < 0)
        psd_test_fail("cannot make a network namespace (root is needed): %s", strerror(errno));
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq loopback = {.ifr_name = "lo"};
    if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &loopback) < 0)
        psd_test_fail("cannot read the loopback interface: %s", strerror(errno));
    loopback.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &loopback) < 0)
        psd_test_fail("cannot set the loopback interface up: %s", strerror(errno));
}

bool psd_test_kernel_can_bind(unsigned port, bool ipv4_only)
{
    const struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    PSD_AUTO_CLOSE int fd = socket(ipv4_only ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const int off = 0;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (!ipv4_only && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0))
        psd_test_fail("cannot make a socket to bind: %s", strerror(errno));
    int result = ipv4_only ? bind(fd, (const struct sockaddr *)&any4, sizeof(any4))
                           : bind(fd, (const struct sockaddr *)&any6, sizeof(any6));
    if (result == 0)
        result = listen(fd, 1);
    if (result < 0 && errno != EADDRINUSE)
        psd_test_fail("cannot bind port %u: %s", port, strerror(errno));
    return result == 0;
}

int psd_test_collect(void *arg, const psd_look *look, psd_error *error PSD_UNUSED)
{
    psd_test_look *to = arg;
    const Polarstack__V1__PortUsage *usage = (const Polarstack__V1__PortUsage *)look->resource;
    unsigned looks = to->looks + 1;
    memset(to, 0, sizeof(*to));
    to->looks = looks;
    to->observed_at_ms = look->observed_at_ms;
    for (size_t i = 0; i < usage->n_ports; i++) {
        const Polarstack__V1__Port *port = usage->ports[i];
        if (port->port < 1 || port->port >= PSD_TEST_PORTS ||
            (i > 0 && usage->ports[i - 1]->port >= port->port))
            psd_test_fail("the list of ports is not sorted at port %u", port->port);
        to->port_class[port->port] = (uint8_t)port->class_;
        to->bindable[port->port] = (uint8_t)port->bindable;
        to->bindable_ipv4[port->port] = (uint8_t)port->bindable_ipv4;
    }
    for (size_t i = 0; i < look->limitation_count && i < PSD_TEST_LIMITATIONS; i++)
        snprintf(to->limitations[to->limitation_count++], sizeof(to->limitations[0]), "%s",
                 look->limitations[i]);
    return 0;
}

void *psd_test_scanner_new(int64_t listen_period_ms, int64_t full_period_ms)
{
    static psd_port_ranges ranges; /* these two are borrowed by the scanner */
    static psd_port_scanner_settings settings = {.ranges = &ranges};
    psd_port_set all = {{0}};
    psd_port_set_add(&all, 1, PSD_PORT_MAX);
    psd_port_ranges_init(&ranges, &all);
    settings.listen_period_ms = listen_period_ms;
    settings.full_period_ms = full_period_ms;
    psd_error error = PSD_ERROR_INIT;
    void *scanner = NULL;
    if (psd_port_scanner.init(&settings, &scanner, &error) < 0)
        psd_test_fail("%s", error.text);
    return scanner;
}

int64_t psd_test_scan(void *scanner, bool asked, psd_test_look *look)
{
    const psd_scan_request request = {.deadline_ms = psd_clock_mono_ms() + 10000, .asked = asked};
    const psd_sink sink = {.publish = psd_test_collect, .arg = look};
    psd_error error = PSD_ERROR_INIT;
    int64_t next_ms = -1;
    if (psd_port_scanner.scan(scanner, &request, &sink, &next_ms, &error) < 0)
        psd_test_fail("%s", error.text);
    return next_ms;
}
