/*
 * tcp_iterator.h - options of TCP sockets that sock_diag does not tell, read
 * from the kernel's socket structures by a BPF iterator (iter/tcp).
 *
 * The iterator passes all listening, connecting, connected and closing sockets
 * of the network namespace, TIME_WAIT included; bound ones that do neither are
 * not among them. It reads, and holds no port.
 *
 * The program is loaded once in the process's life, at the first use, and needs
 * CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN) then. Where that fails, it stays
 * unavailable. Thread-safe.
 */
#ifndef PSD_SERVER_SCAN_PORT_TCP_ITERATOR_H
#define PSD_SERVER_SCAN_PORT_TCP_ITERATOR_H

#include <stdint.h>

#include "common/error.h"

typedef struct psd_tcp_options {
    uint64_t cookie; /* as in sock_diag; 0 when nobody has asked for it yet */
    uint8_t state;   /* psd_tcp_state */
    uint8_t reuse;   /* psd_seen */
    uint8_t v6only;  /* psd_seen */
} psd_tcp_options;

/* Calls EACH for every socket in the calling thread's network namespace. On
 * failure some may have been passed already; those are right all the same. */
int psd_tcp_iterator_read(void (*each)(void *arg, const psd_tcp_options *options), void *arg,
                          int64_t deadline_ms, psd_error *error) PSD_MUST_CHECK;

/* Why the program could not be loaded, one line. NULL when it is loaded or was
 * not used yet. */
const char *psd_tcp_iterator_unavailable(void);

#endif
