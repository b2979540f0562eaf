#include "server/scan/netlink/socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"

void psd_netlink_socket_init(psd_netlink_socket *it, int protocol, const char *name)
{
    it->protocol = protocol;
    it->name = name;
    it->fd = -1;
    it->sequence = 0;
}

void psd_netlink_socket_disconnect(psd_netlink_socket *it)
{
    if (it->fd >= 0)
        close(psd_take_fd(&it->fd));
}

static int connect_to_kernel(psd_netlink_socket *it, psd_error *error)
{
    const int on = 1;
    if (it->fd >= 0)
        return 0;
    it->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, it->protocol);
    if (it->fd < 0)
        return psd_error_set_errno(error, errno, "cannot open a socket of %s", it->name);
    /* Without it (before Linux 4.20) rtnetlink's dumps are whole: what is asked for
     * is picked out of them on this side in any case. */
    (void)setsockopt(it->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
    return 0;
}

int psd_netlink_socket_send(psd_netlink_socket *it, struct nlmsghdr *request, psd_error *error)
{
    if (connect_to_kernel(it, error) < 0)
        return -1;
    request->nlmsg_seq = ++it->sequence;
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(it->fd, request, request->nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return psd_error_set_errno(error, errno, "cannot ask %s", it->name);
    return 0;
}

static int wait_readable(const psd_netlink_socket *it, int64_t deadline_ms, psd_error *error)
{
    struct pollfd ready = {.fd = it->fd, .events = POLLIN};
    for (;;) {
        int64_t left = deadline_ms - psd_clock_mono_ms();
        int count = left > 0 ? poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX) : 0;
        if (count > 0)
            return 0;
        if (count == 0)
            return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "%s did not answer in time", it->name);
        if (errno != EINTR)
            return psd_error_set_errno(error, errno, "cannot wait for %s", it->name);
    }
}

psd_netlink_received psd_netlink_socket_take(psd_netlink_socket *it, int fd, size_t *length)
{
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = it->buffer, .iov_len = sizeof(it->buffer)};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT);
    if (count < 0)
        return PSD_NETLINK_NOTHING;
    if (sender.nl_pid != 0)
        return PSD_NETLINK_FOREIGN;
    *length = (size_t)count;
    return count == 0 || message.msg_flags & MSG_TRUNC ? PSD_NETLINK_TRUNCATED : PSD_NETLINK_DATAGRAM;
}

int psd_netlink_socket_receive(psd_netlink_socket *it, int64_t deadline_ms, size_t *length, psd_error *error)
{
    if (wait_readable(it, deadline_ms, error) < 0)
        return -1;
    switch (psd_netlink_socket_take(it, it->fd, length)) {
    case PSD_NETLINK_DATAGRAM:
        return 0;
    case PSD_NETLINK_TRUNCATED:
        return psd_error_set(error, PSD_DATA_LOSS, "%s sent a truncated datagram", it->name);
    case PSD_NETLINK_NOTHING:
        if (errno != EINTR && errno != EAGAIN)
            return psd_error_set_errno(error, errno, "cannot receive from %s", it->name);
        break;
    case PSD_NETLINK_FOREIGN:
        break;
    }
    *length = 0;
    return 0;
}
