/*
 * bind_table.h - the sockets that the kernel's own bind() would find on a port.
 *
 * A BPF program, run in the calling thread's context, follows the bind hash
 * table (inet_hashinfo.bhash) from the port's bucket to its sockets and copies
 * what they have in common (struct sock_common). It reads without a lock: what
 * it copied counts only where network namespace and port fit, and by its
 * cookie. It takes no reference, so that nothing is held. Linux 6.8, which is
 * also the first to list bound sockets.
 */
#ifndef PSD_SERVER_SCAN_PORT_BIND_TABLE_H
#define PSD_SERVER_SCAN_PORT_BIND_TABLE_H

#include "server/scan/port/socket_reader.h"

struct btf;

/* Loads the program; once. */
int psd_bind_table_load(const struct btf *btf, psd_error *error) PSD_MUST_CHECK;

/* See psd_socket_reader_port. Thread-safe. */
int psd_bind_table_read(uint16_t port, psd_socket_read each, void *arg, psd_error *error) PSD_MUST_CHECK;

#endif
