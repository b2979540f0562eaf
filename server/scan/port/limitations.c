#include "server/scan/port/limitations.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool psd_kernel_hides_bound(const char *release)
{
    char *end = NULL;
    unsigned long major = strtoul(release, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major < 6 || (major == 6 && minor < 8);
}

static void add(psd_port_limitations *limitations, const char *format, ...) PSD_PRINTF(2, 3);

static void add(psd_port_limitations *limitations, const char *format, ...)
{
    char *text = limitations->texts[limitations->count];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(limitations->texts[0]), format, args);
    va_end(args);
    limitations->lines[limitations->count++] = text;
}

void psd_port_limitations_find(const psd_port_host *host, psd_port_limitations *limitations)
{
    limitations->count = 0;
    if (psd_kernel_hides_bound(host->release) && !host->bound_seen)
        add(limitations,
            "kernel %s does not list TCP sockets that are bound but neither listen nor connect (Linux 6.8 "
            "does): their ports look free",
            host->release);
    if (!host->ipv6)
        add(limitations,
            "this host has no IPv6: no dual-stack server can start, whatever its verdict says of the port");
    if (host->reader_reason)
        add(limitations,
            "SO_REUSEADDR and IPV6_V6ONLY of some sockets stay unknown, and so do the verdicts that hang "
            "on them: %s",
            host->reader_reason);
}
