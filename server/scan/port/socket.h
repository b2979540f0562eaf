/*
 * socket.h - one TCP or UDP socket of the host, as far as the kernel shows it.
 *
 * A value type without owned memory. What was not seen stays PSD_UNSEEN: it is
 * never guessed.
 */
#ifndef PSD_SERVER_SCAN_PORT_SOCKET_H
#define PSD_SERVER_SCAN_PORT_SOCKET_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "polarstack/v1/port_usage.pb-c.h"

/* Kernel socket states (include/net/tcp_states.h). The C library's headers
 * lack the last two. */
typedef enum psd_tcp_state {
    PSD_TCP_ESTABLISHED = 1,
    PSD_TCP_SYN_SENT = 2,
    PSD_TCP_SYN_RECV = 3,
    PSD_TCP_FIN_WAIT1 = 4,
    PSD_TCP_FIN_WAIT2 = 5,
    PSD_TCP_TIME_WAIT = 6,
    PSD_TCP_CLOSE = 7, /* for UDP: no peer */
    PSD_TCP_CLOSE_WAIT = 8,
    PSD_TCP_LAST_ACK = 9,
    PSD_TCP_LISTEN = 10,
    PSD_TCP_CLOSING = 11,
    PSD_TCP_NEW_SYN_RECV = 12, /* a connection request: no socket of its own yet */
    PSD_TCP_BOUND_INACTIVE = 13,
} psd_tcp_state;

/* An option of a socket. */
typedef enum psd_seen {
    PSD_UNSEEN = 0,
    PSD_SEEN_OFF = 1,
    PSD_SEEN_ON = 2,
} psd_seen;

typedef struct psd_socket {
    uint64_t cookie; /* names the socket for all its life; never used again */
    uint32_t inode;  /* 0: no process holds it */
    uint32_t uid;
    uint16_t local_port;
    uint16_t remote_port; /* 0: no peer */
    uint8_t family;       /* AF_INET or AF_INET6 */
    uint8_t protocol;     /* IPPROTO_TCP or IPPROTO_UDP */
    uint8_t state;        /* psd_tcp_state */
    uint8_t v6only;       /* psd_seen: IPV6_V6ONLY; PSD_SEEN_OFF for AF_INET */
    uint8_t reuse;        /* psd_seen: SO_REUSEADDR */
    uint8_t local[16];    /* AF_INET uses the first four bytes */
    uint8_t remote[16];
} psd_socket;

/* Sockets in an array that keeps its memory. Start with zeroes. */
typedef struct psd_sockets {
    psd_socket *items;
    size_t count;
    size_t capacity;
} psd_sockets;

/* Fails with RESOURCE_EXHAUSTED. */
int psd_sockets_add(psd_sockets *sockets, const psd_socket *socket, psd_error *error) PSD_MUST_CHECK;
/* Frees the memory and leaves an empty array. */
void psd_sockets_free(psd_sockets *sockets);

Polarstack__V1__PortClass psd_socket_class(const psd_socket *socket);

/* "LISTEN", "TIME_WAIT", "UNCONN" …; "STATE_<n>" is never returned: a number
 * without a name gives "UNKNOWN". */
const char *psd_socket_state_name(const psd_socket *socket);

/* ADDRESS (local or remote of SOCKET) as text. */
const char *psd_socket_address(const psd_socket *socket, const uint8_t address[16],
                               char text[INET6_ADDRSTRLEN]);

#endif
