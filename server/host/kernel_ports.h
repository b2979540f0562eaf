/*
 * kernel_ports.h - which ports the kernel may give to an outgoing connection
 * by itself, in the calling thread's network namespace.
 */
#ifndef PSD_SERVER_HOST_KERNEL_PORTS_H
#define PSD_SERVER_HOST_KERNEL_PORTS_H

#include "common/error.h"
#include "common/port_set.h"

typedef struct psd_kernel_ports {
    psd_port_range local;  /* net.ipv4.ip_local_port_range; IPv6 uses it too */
    psd_port_set reserved; /* net.ipv4.ip_local_reserved_ports */
} psd_kernel_ports;

int psd_kernel_ports_read(psd_kernel_ports *ports, psd_error *error) PSD_MUST_CHECK;

#endif
