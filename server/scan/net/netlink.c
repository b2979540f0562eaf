#include "server/scan/net/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/macros.h"
#include "server/scan/netlink/socket.h"

enum { MOST_DATAGRAMS = 4096 }; /* heard at once; what is left makes the socket readable still */

struct psd_netlink {
    psd_netlink_socket socket;
};

int psd_netlink_open(psd_netlink **netlink, psd_error *error)
{
    psd_netlink *made = malloc(sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the netlink buffer");
    psd_netlink_socket_init(&made->socket, NETLINK_ROUTE, "rtnetlink");
    *netlink = made;
    return 0;
}

void psd_netlink_close(psd_netlink *netlink)
{
    if (!netlink)
        return;
    psd_netlink_socket_disconnect(&netlink->socket);
    free(netlink);
}

static int read_answer(psd_netlink_socket *socket, int64_t deadline_ms, psd_netlink_answer *answer,
                       psd_error *error)
{
    while (!answer->ended) {
        size_t length = 0;
        if (psd_netlink_socket_receive(socket, deadline_ms, &length, error) < 0)
            return -1;
        if (length > 0 && psd_netlink_answer_read(answer, socket->buffer, length, error) < 0)
            return -1;
    }
    return 0;
}

int psd_netlink_ask(psd_netlink *netlink, struct nlmsghdr *request, int64_t deadline_ms,
                    psd_netlink_visit visit, void *arg, psd_netlink_outcome *outcome, psd_error *error)
{
    psd_netlink_answer answer = {.visit = visit, .arg = arg};
    int result = psd_netlink_socket_send(&netlink->socket, request, error);
    answer.sequence = netlink->socket.sequence;
    if (result == 0)
        result = read_answer(&netlink->socket, deadline_ms, &answer, error);
    /* What is left of a broken answer must not meet the next one; a refusal leaves nothing. */
    if (result < 0 && !answer.ended)
        psd_netlink_socket_disconnect(&netlink->socket);
    *outcome = (psd_netlink_outcome){.interrupted = answer.interrupted, .parts = answer.parts};
    return result;
}

int psd_netlink_listen(int receive_buffer, int *fd, psd_error *error)
{
    static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE};
    PSD_AUTO_CLOSE int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (made < 0)
        return psd_error_set_errno(error, errno, "cannot open an rtnetlink socket for events");
    const struct sockaddr_nl own = {.nl_family = AF_NETLINK};
    if (bind(made, (const struct sockaddr *)&own, sizeof(own)) < 0) /* one without a port hears nothing */
        return psd_error_set_errno(error, errno, "cannot bind an rtnetlink socket");
    if (receive_buffer > 0 &&
        setsockopt(made, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer)) < 0)
        return psd_error_set_errno(error, errno, "cannot set the receive buffer of rtnetlink");
    for (size_t i = 0; i < PSD_ARRAY_SIZE(groups); i++) {
        if (setsockopt(made, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) < 0)
            return psd_error_set_errno(error, errno, "cannot join group %d of rtnetlink", groups[i]);
    }
    *fd = psd_take_fd(&made);
    return 0;
}

int psd_netlink_hear(psd_netlink *netlink, int fd, psd_netlink_visit visit, void *arg, bool *lost,
                     psd_error *error)
{
    for (unsigned i = 0; i < MOST_DATAGRAMS; i++) {
        size_t length = 0;
        switch (psd_netlink_socket_take(&netlink->socket, fd, &length)) {
        case PSD_NETLINK_FOREIGN:
            break;
        case PSD_NETLINK_TRUNCATED:
            *lost = true;
            break;
        case PSD_NETLINK_NOTHING:
            if (errno == EAGAIN)
                return 0;
            if (errno == ENOBUFS)
                *lost = true;
            else if (errno != EINTR)
                return psd_error_set_errno(error, errno, "cannot hear of changes from rtnetlink");
            break;
        case PSD_NETLINK_DATAGRAM:
            if (psd_netlink_walk(netlink->socket.buffer, length, visit, arg, NULL) < 0)
                *lost = true;
            break;
        }
    }
    return 0;
}
