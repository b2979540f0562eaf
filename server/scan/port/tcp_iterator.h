/*
 * tcp_iterator.h - the kernel's table of connections, by a BPF iterator
 * (iter/tcp, Linux 5.9).
 *
 * Passes all listening, connecting, connected and closing TCP sockets of a
 * network namespace, TIME_WAIT included; those that are bound and do neither
 * are not among them. It reads, and holds no port.
 */
#ifndef PSD_SERVER_SCAN_PORT_TCP_ITERATOR_H
#define PSD_SERVER_SCAN_PORT_TCP_ITERATOR_H

#include "server/scan/port/socket_reader.h"

struct btf;

/* Loads the program; once. */
int psd_tcp_iterator_load(const struct btf *btf, psd_error *error) PSD_MUST_CHECK;

/* See psd_socket_reader_connections. */
int psd_tcp_iterator_read(psd_socket_read each, void *arg, int64_t deadline_ms,
                          psd_error *error) PSD_MUST_CHECK;

#endif
