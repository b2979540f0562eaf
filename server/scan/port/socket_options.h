/*
 * socket_options.h - finds out SO_REUSEADDR and IPV6_V6ONLY of sockets, which
 * sock_diag does not tell, through socket_reader.h.
 *
 * An answer is used for half a minute, so that a host at rest is not read over
 * and over; a process that changes SO_REUSEADDR of a socket in use is noticed
 * that much later. Descriptors of other processes are never looked at: going
 * through /proc/PID/fd or duplicating one holds a socket for an instant, in
 * which its owner's close() does not free the port.
 *
 * What is remembered belongs to the process, not to a scanner: cookies name
 * sockets of the whole host. All functions are thread-safe.
 */
#ifndef PSD_SERVER_SCAN_PORT_SOCKET_OPTIONS_H
#define PSD_SERVER_SCAN_PORT_SOCKET_OPTIONS_H

#include <stdint.h>

#include "common/port_set.h"
#include "server/scan/port/socket.h"

/* Fills in what is remembered. Cheap. */
void psd_socket_options_recall(psd_sockets *sockets);

/* Reads the options of those sockets on PORTS that need them for a verdict.
 * What cannot be found out stays unseen. */
void psd_socket_options_read(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms);

/* As _read, and remembers the answers. SOCKETS were given to _recall before:
 * sockets that were in no _recall since the last call are forgotten. */
void psd_socket_options_resolve(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms);

/* Frees what is remembered. */
void psd_socket_options_forget(void);

#endif
