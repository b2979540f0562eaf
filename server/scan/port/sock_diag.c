#include "server/scan/port/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/cleanup.h"
#include "common/clock.h"

enum {
    /* The kernel never makes a larger dump message block. */
    RECEIVE_SIZE = 32768,
    INTERRUPTED_ATTEMPTS = 4,
};

/* Bits 1 to 13. Bound sockets (13) are listed only when asked for, and never
 * before Linux 6.8. */
#define ALL_STATES UINT32_C(0x3ffe)
#define LISTEN_STATE (UINT32_C(1) << PSD_TCP_LISTEN)

struct psd_sock_diag {
    int fd; /* -1 until the first dump and after a failed one */
    uint32_t sequence;
    _Alignas(struct nlmsghdr) char buffer[RECEIVE_SIZE];
};

int psd_sock_diag_open(psd_sock_diag **diag, psd_error *error)
{
    psd_sock_diag *made = malloc(sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the sock_diag buffer");
    made->fd = -1;
    made->sequence = 0;
    *diag = made;
    return 0;
}

static void disconnect(psd_sock_diag *diag)
{
    if (diag->fd >= 0)
        close(psd_take_fd(&diag->fd));
}

void psd_sock_diag_close(psd_sock_diag *diag)
{
    if (!diag)
        return;
    disconnect(diag);
    free(diag);
}

/* Reads IPV6_V6ONLY, which the kernel tells of listening and bound sockets. */
static int parse_attributes(const char *at, size_t length, psd_socket *socket, psd_error *error)
{
    while (length > 0) {
        struct nlattr attribute = {0};
        if (length >= sizeof(attribute))
            memcpy(&attribute, at, sizeof(attribute));
        if (attribute.nla_len < NLA_HDRLEN || attribute.nla_len > length)
            return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a malformed attribute");
        bool v6only = (attribute.nla_type & NLA_TYPE_MASK) == INET_DIAG_SKV6ONLY;
        if (v6only && attribute.nla_len > NLA_HDRLEN && socket->family == AF_INET6)
            socket->v6only = at[NLA_HDRLEN] ? PSD_SEEN_ON : PSD_SEEN_OFF;
        size_t step = NLA_ALIGN(attribute.nla_len);
        if (step >= length)
            break;
        at += step;
        length -= step;
    }
    return 0;
}

static int parse_socket(const char *payload, size_t length, uint8_t protocol, psd_sockets *sockets,
                        psd_error *error)
{
    struct inet_diag_msg message;
    if (length < sizeof(message))
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a socket of only %zu bytes", length);
    memcpy(&message, payload, sizeof(message));
    if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a socket of address family %u",
                             message.idiag_family);
    psd_socket socket = {
        .cookie = (uint64_t)message.id.idiag_cookie[1] << 32 | message.id.idiag_cookie[0],
        .inode = message.idiag_inode,
        .uid = message.idiag_uid,
        .local_port = ntohs(message.id.idiag_sport),
        .remote_port = ntohs(message.id.idiag_dport),
        .family = message.idiag_family,
        .protocol = protocol,
        .state = message.idiag_state,
        .v6only = message.idiag_family == AF_INET ? PSD_SEEN_OFF : PSD_UNSEEN,
        .reuse = PSD_UNSEEN,
    };
    size_t address_size = socket.family == AF_INET ? 4 : 16;
    memcpy(socket.local, message.id.idiag_src, address_size);
    memcpy(socket.remote, message.id.idiag_dst, address_size);
    /* A v6-only socket can neither bind nor accept an IPv4-mapped address. */
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (socket.family == AF_INET6 && memcmp(socket.local, mapped, sizeof(mapped)) == 0)
        socket.v6only = PSD_SEEN_OFF;
    if (parse_attributes(payload + sizeof(message), length - sizeof(message), &socket, error) < 0)
        return -1;
    return psd_sockets_add(sockets, &socket, error);
}

/* The result code that ends a dump or answers a refused one. */
static int parse_result(const char *what, const char *payload, size_t length, int32_t *code, psd_error *error)
{
    if (length < sizeof(*code))
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a truncated %s", what);
    memcpy(code, payload, sizeof(*code));
    if (*code == -ENOENT)
        return psd_error_set(error, PSD_FAILED_PRECONDITION,
                             "the kernel cannot list sockets: load the modules tcp_diag and udp_diag");
    if (*code < 0 && *code > -4096)
        return psd_error_set_errno(error, -*code, "the kernel refused to list sockets");
    return 0;
}

static int parse_message(const struct nlmsghdr *header, const char *payload, uint8_t protocol,
                         psd_sockets *sockets, psd_dump_progress *progress, psd_error *error)
{
    size_t length = header->nlmsg_len - NLMSG_HDRLEN;
    int32_t code = 0;
    switch (header->nlmsg_type) {
    case SOCK_DIAG_BY_FAMILY:
        return parse_socket(payload, length, protocol, sockets, error);
    case NLMSG_DONE:
        if (parse_result("end of the list", payload, length, &code, error) < 0)
            return -1;
        progress->ended = true;
        return 0;
    case NLMSG_ERROR:
        if (parse_result("error", payload, length, &code, error) < 0)
            return -1;
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent an unexpected acknowledgement");
    case NLMSG_NOOP:
        return 0;
    case NLMSG_OVERRUN:
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag lost messages");
    default:
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a message of unknown type %u",
                             header->nlmsg_type);
    }
}

int psd_sock_diag_parse(const void *datagram, size_t length, uint32_t sequence, uint8_t protocol,
                        psd_sockets *sockets, psd_dump_progress *progress, psd_error *error)
{
    const char *at = datagram;
    if (length == 0)
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent an empty datagram");
    while (length > 0) {
        struct nlmsghdr header;
        if (length < sizeof(header))
            return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a truncated message header");
        memcpy(&header, at, sizeof(header));
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > length)
            return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a message of wrong length %u",
                                 header.nlmsg_len);
        if (progress->ended || header.nlmsg_seq != sequence)
            return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a message of another list");
        if (header.nlmsg_flags & NLM_F_DUMP_INTR)
            progress->interrupted = true;
        if (parse_message(&header, at + NLMSG_HDRLEN, protocol, sockets, progress, error) < 0)
            return -1;
        size_t step = NLMSG_ALIGN(header.nlmsg_len);
        if (step >= length)
            break;
        at += step;
        length -= step;
    }
    return 0;
}

static int send_request(psd_sock_diag *diag, uint8_t family, uint8_t protocol, uint32_t wanted_states,
                        psd_error *error)
{
    if (diag->fd < 0)
        diag->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (diag->fd < 0)
        return psd_error_set_errno(error, errno, "cannot open a sock_diag socket");
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                   .nlmsg_seq = ++diag->sequence},
        .body = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = wanted_states},
    };
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent = sendto(diag->fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel,
                          sizeof(kernel));
    if (sent < 0)
        return psd_error_set_errno(error, errno, "cannot ask sock_diag for sockets");
    return 0;
}

static int wait_readable(const psd_sock_diag *diag, int64_t deadline_ms, psd_error *error)
{
    struct pollfd ready = {.fd = diag->fd, .events = POLLIN};
    for (;;) {
        int64_t left = deadline_ms - psd_clock_mono_ms();
        int count = left > 0 ? poll(&ready, 1, left < INT32_MAX ? (int)left : INT32_MAX) : 0;
        if (count > 0)
            return 0;
        if (count == 0)
            return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "sock_diag did not answer in time");
        if (errno != EINTR)
            return psd_error_set_errno(error, errno, "cannot wait for sock_diag");
    }
}

/* Receives one datagram; *LENGTH 0 means that there was none for us. */
static int receive(psd_sock_diag *diag, int64_t deadline_ms, size_t *length, psd_error *error)
{
    if (wait_readable(diag, deadline_ms, error) < 0)
        return -1;
    struct sockaddr_nl sender = {0};
    struct iovec part = {.iov_base = diag->buffer, .iov_len = sizeof(diag->buffer)};
    struct msghdr message = {
        .msg_name = &sender, .msg_namelen = sizeof(sender), .msg_iov = &part, .msg_iovlen = 1};
    ssize_t received = recvmsg(diag->fd, &message, MSG_DONTWAIT);
    *length = 0;
    if (received < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (received < 0)
        return psd_error_set_errno(error, errno, "cannot receive from sock_diag");
    if (sender.nl_pid != 0) /* any process may send to a netlink socket */
        return 0;
    if (received == 0 || message.msg_flags & MSG_TRUNC)
        return psd_error_set(error, PSD_DATA_LOSS, "sock_diag sent a truncated datagram");
    *length = (size_t)received;
    return 0;
}

static int dump_once(psd_sock_diag *diag, uint8_t family, uint8_t protocol, uint32_t wanted_states,
                     int64_t deadline_ms, psd_sockets *sockets, bool *interrupted, psd_error *error)
{
    psd_dump_progress progress = {0};
    if (send_request(diag, family, protocol, wanted_states, error) < 0)
        return -1;
    while (!progress.ended) {
        size_t length = 0;
        if (receive(diag, deadline_ms, &length, error) < 0)
            return -1;
        if (length > 0 && psd_sock_diag_parse(diag->buffer, length, diag->sequence, protocol, sockets,
                                              &progress, error) < 0)
            return -1;
    }
    *interrupted = progress.interrupted;
    return 0;
}

static int dump(psd_sock_diag *diag, uint8_t family, uint8_t protocol, uint32_t wanted_states,
                int64_t deadline_ms, psd_sockets *sockets, psd_error *error)
{
    size_t before = sockets->count;
    for (int attempt = 0; attempt < INTERRUPTED_ATTEMPTS; attempt++) {
        bool interrupted = false;
        sockets->count = before;
        if (dump_once(diag, family, protocol, wanted_states, deadline_ms, sockets, &interrupted, error) < 0) {
            /* What is left of this dump must not meet the next one. */
            disconnect(diag);
            return psd_error_prefix(error, "%s over %s", protocol == IPPROTO_TCP ? "TCP" : "UDP",
                                    family == AF_INET ? "IPv4" : "IPv6");
        }
        if (!interrupted)
            return 0;
    }
    return psd_error_set(error, PSD_ABORTED, "the kernel's socket tables changed during each of %d dumps",
                         INTERRUPTED_ATTEMPTS);
}

static int compare_cookies(const void *left, const void *right)
{
    const psd_socket *a = left;
    const psd_socket *b = right;
    return (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

static void sort_unique(psd_sockets *sockets)
{
    size_t kept = 0;
    if (sockets->count > 0)
        qsort(sockets->items, sockets->count, sizeof(*sockets->items), compare_cookies);
    for (size_t i = 0; i < sockets->count; i++) {
        if (kept == 0 || sockets->items[kept - 1].cookie != sockets->items[i].cookie)
            sockets->items[kept++] = sockets->items[i];
    }
    sockets->count = kept;
}

static int append_listeners(psd_sock_diag *diag, int64_t deadline_ms, psd_sockets *listeners,
                            psd_error *error)
{
    if (dump(diag, AF_INET, IPPROTO_TCP, LISTEN_STATE, deadline_ms, listeners, error) < 0 ||
        dump(diag, AF_INET6, IPPROTO_TCP, LISTEN_STATE, deadline_ms, listeners, error) < 0)
        return -1;
    sort_unique(listeners);
    return 0;
}

int psd_sock_diag_listeners(psd_sock_diag *diag, int64_t deadline_ms, psd_sockets *listeners,
                            psd_error *error)
{
    listeners->count = 0;
    return append_listeners(diag, deadline_ms, listeners, error);
}

static int move_listeners(psd_sockets *from, psd_sockets *listeners, psd_error *error)
{
    size_t kept = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (from->items[i].state != PSD_TCP_LISTEN)
            from->items[kept++] = from->items[i];
        else if (psd_sockets_add(listeners, &from->items[i], error) < 0)
            return -1;
    }
    from->count = kept;
    return 0;
}

int psd_sock_diag_all(psd_sock_diag *diag, int64_t deadline_ms, psd_sockets *others, psd_sockets *listeners,
                      psd_error *error)
{
    others->count = 0;
    listeners->count = 0;
    if (dump(diag, AF_INET, IPPROTO_TCP, ALL_STATES, deadline_ms, others, error) < 0 ||
        dump(diag, AF_INET6, IPPROTO_TCP, ALL_STATES, deadline_ms, others, error) < 0 ||
        move_listeners(others, listeners, error) < 0 ||
        dump(diag, AF_INET, IPPROTO_UDP, ALL_STATES, deadline_ms, others, error) < 0 ||
        dump(diag, AF_INET6, IPPROTO_UDP, ALL_STATES, deadline_ms, others, error) < 0)
        return -1;
    /* The kernel goes through listening, then bound, then connected sockets: a
     * bound one that begins to listen in between would be missed. */
    return append_listeners(diag, deadline_ms, listeners, error);
}
