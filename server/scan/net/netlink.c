#include "server/scan/net/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/macros.h"

enum {
    /* The kernel makes no larger datagram for a dump; a single message about a
     * link without its virtual functions is far smaller. */
    RECEIVE_SIZE = 32768,
    /* Heard at once; what is left makes the socket readable still. */
    MOST_DATAGRAMS = 4096,
};

struct psd_netlink {
    int fd; /* -1 until the first question and after a failed one */
    uint32_t sequence;
    _Alignas(struct nlmsghdr) char buffer[RECEIVE_SIZE];
};

int psd_netlink_open(psd_netlink **netlink, psd_error *error)
{
    psd_netlink *made = malloc(sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the netlink buffer");
    made->fd = -1;
    made->sequence = 0;
    *netlink = made;
    return 0;
}

static void disconnect(psd_netlink *netlink)
{
    if (netlink->fd >= 0)
        close(psd_take_fd(&netlink->fd));
}

void psd_netlink_close(psd_netlink *netlink)
{
    if (!netlink)
        return;
    disconnect(netlink);
    free(netlink);
}

static int connect_to_kernel(psd_netlink *netlink, psd_error *error)
{
    const int on = 1;
    if (netlink->fd >= 0)
        return 0;
    netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink->fd < 0)
        return psd_error_set_errno(error, errno, "cannot open an rtnetlink socket");
    /* Without it (before Linux 4.20) dumps are whole: what is asked for is
     * picked out of them on this side in any case. */
    (void)setsockopt(netlink->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
    return 0;
}

static int send_request(psd_netlink *netlink, struct nlmsghdr *request, psd_error *error)
{
    if (connect_to_kernel(netlink, error) < 0)
        return -1;
    request->nlmsg_seq = ++netlink->sequence;
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(netlink->fd, request, request->nlmsg_len, 0, (const struct sockaddr *)&kernel,
               sizeof(kernel)) < 0)
        return psd_error_set_errno(error, errno, "cannot ask rtnetlink");
    return 0;
}

static int wait_readable(const psd_netlink *netlink, int64_t deadline_ms, psd_error *error)
{
    struct pollfd ready = {.fd = netlink->fd, .events = POLLIN};
    for (;;) {
        int64_t left = deadline_ms - psd_clock_mono_ms();
        int count = left > 0 ? poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX) : 0;
        if (count > 0)
            return 0;
        if (count == 0)
            return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "rtnetlink did not answer in time");
        if (errno != EINTR)
            return psd_error_set_errno(error, errno, "cannot wait for rtnetlink");
    }
}

typedef enum received {
    DATAGRAM,
    FOREIGN, /* not from the kernel */
    TRUNCATED,
    NOTHING, /* errno says why */
} received;

static received receive(psd_netlink *netlink, int fd, size_t *length)
{
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = netlink->buffer, .iov_len = sizeof(netlink->buffer)};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0)
        return NOTHING;
    if (sender.nl_pid != 0)
        return FOREIGN;
    *length = (size_t)count;
    return count == 0 || message.msg_flags & MSG_TRUNC ? TRUNCATED : DATAGRAM;
}

static int read_answer(psd_netlink *netlink, int64_t deadline_ms, psd_netlink_answer *answer,
                       psd_error *error)
{
    while (!answer->ended) {
        size_t length = 0;
        if (wait_readable(netlink, deadline_ms, error) < 0)
            return -1;
        switch (receive(netlink, netlink->fd, &length)) {
        case FOREIGN:
            break;
        case TRUNCATED:
            return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent a truncated datagram");
        case NOTHING:
            if (errno != EINTR && errno != EAGAIN)
                return psd_error_set_errno(error, errno, "cannot receive from rtnetlink");
            break;
        case DATAGRAM:
            if (psd_netlink_answer_read(answer, netlink->buffer, length, error) < 0)
                return -1;
            break;
        }
    }
    return 0;
}

int psd_netlink_ask(psd_netlink *netlink, struct nlmsghdr *request, int64_t deadline_ms,
                    psd_netlink_visit visit, void *arg, psd_netlink_outcome *outcome, psd_error *error)
{
    psd_netlink_answer answer = {.visit = visit, .arg = arg};
    int result = send_request(netlink, request, error);
    answer.sequence = netlink->sequence;
    if (result == 0)
        result = read_answer(netlink, deadline_ms, &answer, error);
    /* What is left of a broken answer must not meet the next one; a refusal leaves nothing. */
    if (result < 0 && !answer.ended)
        disconnect(netlink);
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
        switch (receive(netlink, fd, &length)) {
        case FOREIGN:
            break;
        case TRUNCATED:
            *lost = true;
            break;
        case NOTHING:
            if (errno == EAGAIN)
                return 0;
            if (errno == ENOBUFS)
                *lost = true;
            else if (errno != EINTR)
                return psd_error_set_errno(error, errno, "cannot hear of changes from rtnetlink");
            break;
        case DATAGRAM:
            if (psd_netlink_walk(netlink->buffer, length, visit, arg, NULL) < 0)
                *lost = true;
            break;
        }
    }
    return 0;
}
