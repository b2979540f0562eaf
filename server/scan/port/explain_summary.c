#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "server/scan/port/explain.h"
#include "server/scan/port/port_table.h"

/* "sshd (pid 812)", or what is known of who holds the socket. */
static void add_holder(psd_text *out, const Polarstack__V1__PortSocket *socket)
{
    if (socket->n_processes > 0) {
        const Polarstack__V1__PortProcess *process = socket->processes[0];
        psd_text_printf(out, "%s (pid %d", process->name[0] ? process->name : "a process", process->pid);
        if (socket->n_processes > 1)
            psd_text_printf(out, " and %zu more", socket->n_processes - 1);
        psd_text_add(out, ")");
    } else if (socket->inode != 0) {
        psd_text_printf(out, "a process of user %u", socket->uid);
    } else {
        psd_text_add(out, "the kernel");
    }
}

static void add_address(psd_text *out, const char *address)
{
    psd_text_printf(out, strchr(address, ':') ? "[%s]" : "%s", address);
}

static bool named_before(const Polarstack__V1__PortExplanation *explanation, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (explanation->sockets[i]->class_ == POLARSTACK__V1__PORT_CLASS__LISTENING &&
            strcmp(explanation->sockets[i]->local_address, explanation->sockets[index]->local_address) == 0)
            return true;
    }
    return false;
}

/* "sshd (pid 812) listens on 0.0.0.0 and [::]". Listeners come first. */
static void add_listeners(psd_text *out, const Polarstack__V1__PortExplanation *explanation)
{
    add_holder(out, explanation->sockets[0]);
    for (size_t i = 0; i < explanation->n_sockets; i++) {
        const Polarstack__V1__PortSocket *socket = explanation->sockets[i];
        if (socket->class_ != POLARSTACK__V1__PORT_CLASS__LISTENING || named_before(explanation, i))
            continue;
        psd_text_add(out, i == 0 ? " listens on " : " and ");
        add_address(out, socket->local_address);
    }
}

static void add_connection(psd_text *out, const Polarstack__V1__PortSocket *socket)
{
    psd_text_printf(out, "a connection with ");
    add_address(out, socket->remote_address);
    psd_text_printf(out, ":%u (%s", socket->remote_port, socket->state);
    if (socket->n_processes > 0) {
        psd_text_add(out, ", ");
        add_holder(out, socket);
    }
    psd_text_add(out, ")");
}

/* Why the port cannot be shared with a server, told by one socket. */
static void add_reason(psd_text *out, const Polarstack__V1__PortExplanation *explanation, size_t index)
{
    const Polarstack__V1__PortSocket *socket = explanation->sockets[index];
    switch (socket->class_) {
    case POLARSTACK__V1__PORT_CLASS__LISTENING:
        add_listeners(out, explanation);
        break;
    case POLARSTACK__V1__PORT_CLASS__BOUND:
        add_holder(out, socket);
        psd_text_add(out, " has bound ");
        add_address(out, socket->local_address);
        psd_text_add(out, " and does not listen");
        break;
    default:
        add_connection(out, socket);
        break;
    }
}

/* The first listed socket that conflicts with SERVER as much as CONFLICT. */
static size_t find_culprit(const Polarstack__V1__PortExplanation *explanation, const psd_sockets *sockets,
                           psd_server_kind server, psd_conflict conflict)
{
    size_t index = 0;
    while (index < explanation->n_sockets && psd_socket_conflict(&sockets->items[index], server) != conflict)
        index++;
    return index;
}

static void add_verdict(psd_text *out, const Polarstack__V1__PortExplanation *explanation,
                        const psd_sockets *sockets)
{
    /* What keeps an IPv4 server out keeps a dual-stack server out as well. */
    Polarstack__V1__BindVerdict dual = explanation->port->bindable;
    Polarstack__V1__BindVerdict ipv4 = explanation->port->bindable_ipv4;
    psd_server_kind server = PSD_SERVER_DUAL_STACK;
    psd_conflict conflict = PSD_CONFLICT_CERTAIN;
    if (dual == POLARSTACK__V1__BIND_VERDICT__BINDABLE) {
        if (sockets->count == 1)
            psd_text_add(out, "can be bound: its one socket keeps no TCP server out");
        else
            psd_text_printf(out, "can be bound: none of its %zu sockets keeps a TCP server out",
                            sockets->count);
        return;
    }
    if (ipv4 == POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE) {
        psd_text_add(out, "is taken: ");
        server = PSD_SERVER_IPV4;
    } else if (dual == POLARSTACK__V1__BIND_VERDICT__BIND_VERDICT_UNKNOWN) {
        psd_text_add(out, "may be taken, since the kernel does not show SO_REUSEADDR of a socket: ");
        conflict = PSD_CONFLICT_UNKNOWN;
    } else if (ipv4 == POLARSTACK__V1__BIND_VERDICT__BINDABLE) {
        psd_text_add(out, "can be bound on IPv4 only: ");
    } else {
        psd_text_add(out, "cannot be bound on IPv6, and perhaps not on IPv4: ");
    }
    size_t culprit = find_culprit(explanation, sockets, server, conflict);
    if (culprit < explanation->n_sockets)
        add_reason(out, explanation, culprit);
    else
        psd_text_add(out, "by a socket that is not listed");
}

char *psd_port_summary(const Polarstack__V1__PortExplanation *explanation, const psd_sockets *sockets)
{
    psd_text out = PSD_TEXT_INIT;
    psd_text_printf(&out, "port %u ", explanation->port->port);
    if (sockets->count == 0)
        psd_text_add(&out, "is free");
    else
        add_verdict(&out, explanation, sockets);
    if (sockets->count > explanation->n_sockets)
        psd_text_printf(&out, "; only %zu of %zu sockets are listed", explanation->n_sockets, sockets->count);
    return out.data;
}
