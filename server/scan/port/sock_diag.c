#include "server/scan/port/sock_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "server/scan/netlink/attributes.h"
#include "server/scan/netlink/message.h"
#include "server/scan/netlink/socket.h"

enum { INTERRUPTED_ATTEMPTS = 4 };

/* Bits 1 to 13. Bound sockets (13) are listed only when asked for, and never
 * before Linux 6.8. */
#define ALL_STATES UINT32_C(0x3ffe)
#define LISTEN_STATE (UINT32_C(1) << PSD_TCP_LISTEN)

struct psd_sock_diag {
    psd_netlink_socket socket;
};

int psd_sock_diag_open(psd_sock_diag **diag, psd_error *error)
{
    psd_sock_diag *made = malloc(sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the sock_diag buffer");
    psd_netlink_socket_init(&made->socket, NETLINK_SOCK_DIAG, "sock_diag");
    *diag = made;
    return 0;
}

void psd_sock_diag_close(psd_sock_diag *diag)
{
    if (!diag)
        return;
    psd_netlink_socket_disconnect(&diag->socket);
    free(diag);
}

/* Reads IPV6_V6ONLY, which the kernel tells of listening and bound sockets. */
static int parse_attributes(psd_attributes rest, psd_socket *socket, psd_error *error)
{
    psd_attribute it;
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        if (it.type == INET_DIAG_SKV6ONLY && it.length > 0 && socket->family == AF_INET6)
            socket->v6only = it.data[0] ? PSD_SEEN_ON : PSD_SEEN_OFF;
    }
    return found;
}

static int parse_socket(const char *payload, size_t length, uint8_t protocol, psd_sockets *sockets,
                        psd_error *error)
{
    struct inet_diag_msg message;
    if (length < sizeof(message))
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a socket of only %zu bytes", length);
    memcpy(&message, payload, sizeof(message));
    if (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a socket of address family %u",
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
    psd_attributes attributes = {payload + sizeof(message), length - sizeof(message)};
    if (parse_attributes(attributes, &socket, error) < 0)
        return -1;
    return psd_sockets_add(sockets, &socket, error);
}

/* Who takes the sockets of a dump. */
typedef struct taker {
    uint8_t protocol;
    psd_sockets *sockets;
} taker;

static int take_socket(void *arg, const psd_netlink_message *message, psd_error *error)
{
    const taker *it = arg;
    if (message->type != SOCK_DIAG_BY_FAMILY)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a message of unknown type %u",
                             message->type);
    return parse_socket(message->payload, message->length, it->protocol, it->sockets, error);
}

int psd_sock_diag_parse(const void *datagram, size_t length, uint32_t sequence, uint8_t protocol,
                        psd_sockets *sockets, psd_dump_progress *progress, psd_error *error)
{
    psd_error cause = PSD_ERROR_INIT;
    taker it = {protocol, sockets};
    psd_netlink_answer answer = {
        .sequence = sequence, .is_dump = true, .visit = take_socket, .arg = &it, .ended = progress->ended};
    int result = psd_netlink_answer_read(&answer, datagram, length, &cause);
    progress->interrupted = progress->interrupted || answer.interrupted;
    if (result == 0) {
        progress->ended = answer.ended;
        return 0;
    }
    if (cause.sys_errno == ENOENT)
        return psd_error_set(error, PSD_FAILED_PRECONDITION,
                             "the kernel cannot list sockets: load the modules tcp_diag and udp_diag");
    return psd_error_copy(error, &cause);
}

static int send_request(psd_sock_diag *diag, uint8_t family, uint8_t protocol, uint32_t wanted_states,
                        psd_error *error)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = wanted_states},
    };
    return psd_netlink_socket_send(&diag->socket, &request.header, error);
}

static int dump_once(psd_sock_diag *diag, uint8_t family, uint8_t protocol, uint32_t wanted_states,
                     int64_t deadline_ms, psd_sockets *sockets, bool *interrupted, psd_error *error)
{
    psd_dump_progress progress = {0};
    if (send_request(diag, family, protocol, wanted_states, error) < 0)
        return -1;
    while (!progress.ended) {
        size_t length = 0;
        if (psd_netlink_socket_receive(&diag->socket, deadline_ms, &length, error) < 0)
            return -1;
        if (length > 0 && psd_sock_diag_parse(diag->socket.buffer, length, diag->socket.sequence, protocol,
                                              sockets, &progress, error) < 0)
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
            psd_netlink_socket_disconnect(&diag->socket);
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
