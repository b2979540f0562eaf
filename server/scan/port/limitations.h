/*
 * limitations.h - what the host keeps the port scanner from seeing.
 */
#ifndef PSD_SERVER_SCAN_PORT_LIMITATIONS_H
#define PSD_SERVER_SCAN_PORT_LIMITATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

/* What a scanner knows of its host. */
typedef struct psd_port_host {
    const char *release;       /* of the kernel, as uname gives it: "6.1.0-13-amd64" */
    bool bound_seen;           /* a bound socket that does not listen was listed once */
    bool ipv6;                 /* AF_INET6 sockets can be made */
    const char *reader_reason; /* why options of sockets cannot be read; NULL: it is not */
} psd_port_host;

enum { PSD_PORT_LIMITATIONS_MAX = 3 };

/* One line each, ready for an Observation. */
typedef struct psd_port_limitations {
    char texts[PSD_PORT_LIMITATIONS_MAX][PSD_ERROR_TEXT_SIZE + 256];
    const char *lines[PSD_PORT_LIMITATIONS_MAX];
    size_t count;
} psd_port_limitations;

/* A pure function. */
void psd_port_limitations_find(const psd_port_host *host, psd_port_limitations *limitations);

/* True for kernels before 6.8, whose sock_diag does not list bound sockets. A
 * release that cannot be read counts as one. */
bool psd_kernel_hides_bound(const char *release);

#endif
