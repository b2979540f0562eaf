/*
 * sock_diag.h - lists sockets through the kernel's sock_diag netlink family.
 *
 * A dump reads kernel tables only: it opens, binds and holds no port. Either a
 * dump is complete or it fails; it never gives half a result.
 */
#ifndef PSD_SERVER_SCAN_PORT_SOCK_DIAG_H
#define PSD_SERVER_SCAN_PORT_SOCK_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "server/scan/port/socket.h"

typedef struct psd_sock_diag psd_sock_diag;

/* The connection to the kernel, for one thread at a time. It looks at the
 * network namespace of the thread that makes the first dump after opening or
 * after a failure. */
int psd_sock_diag_open(psd_sock_diag **diag, psd_error *error) PSD_MUST_CHECK;
/* NULL is ignored. */
void psd_sock_diag_close(psd_sock_diag *diag);

/* Fills OTHERS with all TCP and UDP sockets of both families that do not
 * listen, and LISTENERS with those that do, sorted by cookie. A socket that
 * changes its state meanwhile may stand in both, but is not left out: a
 * listener is one that was seen listening before or after the rest. */
int psd_sock_diag_all(psd_sock_diag *diag, int64_t deadline_ms, psd_sockets *others, psd_sockets *listeners,
                      psd_error *error) PSD_MUST_CHECK;

/* Fills LISTENERS with the listening TCP sockets of both families, sorted by
 * cookie. */
int psd_sock_diag_listeners(psd_sock_diag *diag, int64_t deadline_ms, psd_sockets *listeners,
                            psd_error *error) PSD_MUST_CHECK;

/* What the messages read so far say about the dump. */
typedef struct psd_dump_progress {
    bool ended;       /* the last message was there */
    bool interrupted; /* the tables changed under the dump: make it again */
} psd_dump_progress;

/* Reads one datagram of LENGTH bytes that belongs to the dump SEQUENCE of
 * PROTOCOL, and appends its sockets. Anything but whole, expected messages is
 * an error. A pure function. */
int psd_sock_diag_parse(const void *datagram, size_t length, uint32_t sequence, uint8_t protocol,
                        psd_sockets *sockets, psd_dump_progress *progress, psd_error *error) PSD_MUST_CHECK;

#endif
