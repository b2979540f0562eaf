/*
 * socket_reader.h - options of TCP sockets that sock_diag does not tell, read
 * from the kernel's socket structures by BPF programs.
 *
 * They read only: no port is taken, and no socket is held. They are loaded
 * once in the process's life, at the first use, and need CAP_BPF and
 * CAP_PERFMON (or CAP_SYS_ADMIN) then. Where that fails, they stay unavailable.
 * Thread-safe; they look at the calling thread's network namespace.
 */
#ifndef PSD_SERVER_SCAN_PORT_SOCKET_READER_H
#define PSD_SERVER_SCAN_PORT_SOCKET_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

typedef struct psd_socket_options {
    uint64_t cookie; /* as in sock_diag; 0 when nobody has asked for it yet */
    uint8_t state;   /* psd_tcp_state */
    uint8_t reuse;   /* psd_seen */
    uint8_t v6only;  /* psd_seen */
} psd_socket_options;

typedef void (*psd_socket_read)(void *arg, const psd_socket_options *options);

/* Calls EACH for every TCP socket but the bound ones that neither listen nor
 * connect. Walks the kernel's whole table: some milliseconds. On failure some
 * may have been passed already; those are right all the same. */
int psd_socket_reader_connections(psd_socket_read each, void *arg, int64_t deadline_ms,
                                  psd_error *error) PSD_MUST_CHECK;

/* Calls EACH for the TCP sockets that hold PORT, whatever their state: some
 * microseconds. Of more than about 250 it passes only a part. Linux 6.8. */
int psd_socket_reader_port(uint16_t port, psd_socket_read each, void *arg, psd_error *error) PSD_MUST_CHECK;

/* Why the programs could not be loaded, one line; NULL when they are, or were
 * not used yet. BOUND: whether psd_socket_reader_port counts, without which
 * bound sockets that neither listen nor connect stay unseen. */
const char *psd_socket_reader_unavailable(bool bound);

#endif
