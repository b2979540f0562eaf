/*
 * netlink.h - the two sockets of rtnetlink: one to ask, one that hears of changes.
 *
 * They look at the network namespace of the thread that opened them. Only the
 * kernel is listened to: any process may send to a netlink socket.
 */
#ifndef PSD_SERVER_SCAN_NET_NETLINK_H
#define PSD_SERVER_SCAN_NET_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "server/scan/netlink/message.h"

typedef struct psd_netlink psd_netlink;

/* For one thread at a time. */
int psd_netlink_open(psd_netlink **netlink, psd_error *error) PSD_MUST_CHECK;
/* NULL is ignored. */
void psd_netlink_close(psd_netlink *netlink);

/* How an answer came. */
typedef struct psd_netlink_outcome {
    bool interrupted; /* the tables changed meanwhile: ask again */
    unsigned parts;   /* datagrams; between two of them the tables may change */
} psd_netlink_outcome;

/* Sends REQUEST, whose length, type and flags are set, and gives each message of
 * the answer to VISIT. An errno with which the kernel refused stands in the
 * error's sys_errno. */
int psd_netlink_ask(psd_netlink *netlink, struct nlmsghdr *request, int64_t deadline_ms,
                    psd_netlink_visit visit, void *arg, psd_netlink_outcome *outcome,
                    psd_error *error) PSD_MUST_CHECK;

/* Opens the socket that hears of links, addresses of both families and IPv4
 * routes, in *FD. RECEIVE_BUFFER in bytes; 0: the system's default. */
int psd_netlink_listen(int receive_buffer, int *fd, psd_error *error) PSD_MUST_CHECK;

/* Gives all that has arrived to VISIT, without waiting. *LOST: something was
 * lost or not understood, so anything may have changed. The buffer of NETLINK is
 * used. -1: the socket is of no use any more. */
int psd_netlink_hear(psd_netlink *netlink, int fd, psd_netlink_visit visit, void *arg, bool *lost,
                     psd_error *error) PSD_MUST_CHECK;

#endif
