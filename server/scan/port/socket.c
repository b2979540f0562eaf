#include "server/scan/port/socket.h"

#include <arpa/inet.h>
#include <stdlib.h>

int psd_sockets_add(psd_sockets *sockets, const psd_socket *socket, psd_error *error)
{
    if (sockets->count == sockets->capacity) {
        size_t capacity = sockets->capacity ? sockets->capacity * 2 : 64;
        psd_socket *items = reallocarray(sockets->items, capacity, sizeof(*items));
        if (!items)
            return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for %zu sockets", capacity);
        sockets->items = items;
        sockets->capacity = capacity;
    }
    sockets->items[sockets->count++] = *socket;
    return 0;
}

void psd_sockets_free(psd_sockets *sockets)
{
    free(sockets->items);
    *sockets = (psd_sockets){0};
}

static const struct state {
    const char *name;
    Polarstack__V1__PortClass port_class;
} states[] = {
    [PSD_TCP_ESTABLISHED] = {"ESTABLISHED", POLARSTACK__V1__PORT_CLASS__CONNECTED},
    [PSD_TCP_SYN_SENT] = {"SYN_SENT", POLARSTACK__V1__PORT_CLASS__CONNECTED},
    [PSD_TCP_SYN_RECV] = {"SYN_RECV", POLARSTACK__V1__PORT_CLASS__CONNECTED},
    [PSD_TCP_FIN_WAIT1] = {"FIN_WAIT1", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_FIN_WAIT2] = {"FIN_WAIT2", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_TIME_WAIT] = {"TIME_WAIT", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_CLOSE] = {"UNCONN", POLARSTACK__V1__PORT_CLASS__BOUND},
    [PSD_TCP_CLOSE_WAIT] = {"CLOSE_WAIT", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_LAST_ACK] = {"LAST_ACK", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_LISTEN] = {"LISTEN", POLARSTACK__V1__PORT_CLASS__LISTENING},
    [PSD_TCP_CLOSING] = {"CLOSING", POLARSTACK__V1__PORT_CLASS__CLOSING},
    [PSD_TCP_NEW_SYN_RECV] = {"SYN_RECV", POLARSTACK__V1__PORT_CLASS__CONNECTED},
    [PSD_TCP_BOUND_INACTIVE] = {"BOUND_INACTIVE", POLARSTACK__V1__PORT_CLASS__BOUND},
};

/* A state that a future kernel adds is taken for a connection: it holds the
 * port, and nothing says that somebody claimed it. */
static const struct state unnamed = {"UNKNOWN", POLARSTACK__V1__PORT_CLASS__CONNECTED};

static const struct state *find_state(const psd_socket *socket)
{
    if (socket->state >= PSD_ARRAY_SIZE(states) || !states[socket->state].name)
        return &unnamed;
    return &states[socket->state];
}

Polarstack__V1__PortClass psd_socket_class(const psd_socket *socket)
{
    return find_state(socket)->port_class;
}

const char *psd_socket_state_name(const psd_socket *socket)
{
    return find_state(socket)->name;
}

const char *psd_socket_address(const psd_socket *socket, const uint8_t address[16],
                               char text[INET6_ADDRSTRLEN])
{
    return inet_ntop(socket->family, address, text, INET6_ADDRSTRLEN) ? text : "";
}
