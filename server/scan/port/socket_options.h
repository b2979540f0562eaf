/*
 * socket_options.h - finds out SO_REUSEADDR and IPV6_V6ONLY of sockets, which
 * sock_diag does not tell, without touching any port.
 *
 * Two ways:
 *  - the BPF iterator of tcp_iterator.h, for all but bound sockets. It walks
 *    the kernel's whole connection table, so that an answer is used for half a
 *    minute;
 *  - for bound sockets, and for all where BPF is unavailable: duplicating the
 *    owner's descriptor (pidfd_getfd) and asking the socket itself. The copy
 *    lives for microseconds, in which the owner's close() would not free the
 *    port. So this is done once in a socket's life, and only for a socket that
 *    has been there for at least a second; its answer is remembered under its
 *    cookie. An owner that changes SO_REUSEADDR after binding is not noticed.
 *
 * What is remembered belongs to the process, not to a scanner: cookies name
 * sockets of the whole host. All functions are thread-safe.
 */
#ifndef PSD_SERVER_SCAN_PORT_SOCKET_OPTIONS_H
#define PSD_SERVER_SCAN_PORT_SOCKET_OPTIONS_H

#include <stdint.h>

#include "common/error.h"
#include "common/port_set.h"
#include "server/scan/port/socket.h"

/* Fills in what is remembered. Cheap. */
void psd_socket_options_recall(psd_sockets *sockets);

/* Reads the options of those sockets on PORTS that need them for a verdict,
 * through the iterator only. What cannot be found out stays unseen. */
void psd_socket_options_read(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms);

/* As _read, then asks bound sockets that are old enough, and remembers. Walks
 * /proc at most once and never for more than 1 % of the time. SOCKETS were
 * given to _recall before; what is remembered of sockets that were in no
 * _recall since the last call is forgotten. */
void psd_socket_options_resolve(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms);

/* Frees what is remembered. */
void psd_socket_options_forget(void);

#endif
