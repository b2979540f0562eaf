/*
 * socket.h - asks a family of netlink, and takes what the kernel answers.
 *
 * A socket looks at the network namespace of the thread that first sends with it,
 * or again after psd_netlink_socket_disconnect(). Only the kernel is listened to:
 * any process may send to a netlink socket. For one thread at a time.
 */
#ifndef PSD_SERVER_SCAN_NETLINK_SOCKET_H
#define PSD_SERVER_SCAN_NETLINK_SOCKET_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* The kernel makes no larger datagram for a dump. */
enum { PSD_NETLINK_BUFFER = 32768 };

typedef struct psd_netlink_socket {
    int protocol;      /* NETLINK_ROUTE … */
    const char *name;  /* for errors: "rtnetlink" */
    int fd;            /* -1: not open */
    uint32_t sequence; /* of the last request */
    _Alignas(struct nlmsghdr) char buffer[PSD_NETLINK_BUFFER];
} psd_netlink_socket;

/* Gets ready; opens nothing. NAME is a constant. */
void psd_netlink_socket_init(psd_netlink_socket *it, int protocol, const char *name);

/* Closes it; the next request opens it anew. What is left of a broken answer
 * meets none. */
void psd_netlink_socket_disconnect(psd_netlink_socket *it);

/* Numbers REQUEST, whose length, type and flags are set, and sends it. */
int psd_netlink_socket_send(psd_netlink_socket *it, struct nlmsghdr *request,
                            psd_error *error) PSD_MUST_CHECK;

/* Waits for a datagram in `buffer`; *LENGTH 0 means that what came was none of
 * the kernel's. DEADLINE_MS is monotonic. */
int psd_netlink_socket_receive(psd_netlink_socket *it, int64_t deadline_ms, size_t *length,
                               psd_error *error) PSD_MUST_CHECK;

typedef enum psd_netlink_received {
    PSD_NETLINK_DATAGRAM,
    PSD_NETLINK_FOREIGN, /* not from the kernel */
    PSD_NETLINK_TRUNCATED,
    PSD_NETLINK_NOTHING, /* errno says why */
} psd_netlink_received;

/* Takes what has arrived at another socket FD of the family into `buffer`, without waiting. */
psd_netlink_received psd_netlink_socket_take(psd_netlink_socket *it, int fd, size_t *length);

#endif
