#include "server/scan/port/port_table.h"

#include <stdlib.h>
#include <string.h>

enum { PORTS = PSD_PORT_MAX + 1 };

enum {
    USE_TCP4 = 1 << 0,
    USE_TCP6 = 1 << 1,
    USE_UDP4 = 1 << 2,
    USE_UDP6 = 1 << 3,
};

struct psd_port_table {
    psd_port_set ranges;
    psd_port_facts facts[PORTS];
    Polarstack__V1__PortUsage usage;
    Polarstack__V1__Port *ports;
    size_t port_capacity;
};

/* Whether the socket's addresses collide with the server's. */
static psd_conflict address_conflict(const psd_socket *socket, psd_server_kind server)
{
    if (server == PSD_SERVER_DUAL_STACK || socket->v6only == PSD_SEEN_OFF)
        return PSD_CONFLICT_CERTAIN;
    return socket->v6only == PSD_SEEN_ON ? PSD_CONFLICT_NONE : PSD_CONFLICT_UNKNOWN;
}

/* Whether the socket refuses to share an address with the server. */
static psd_conflict sharing_conflict(const psd_socket *socket)
{
    if (socket->state == PSD_TCP_LISTEN || socket->reuse == PSD_SEEN_OFF)
        return PSD_CONFLICT_CERTAIN;
    return socket->reuse == PSD_SEEN_ON ? PSD_CONFLICT_NONE : PSD_CONFLICT_UNKNOWN;
}

psd_conflict psd_socket_conflict(const psd_socket *socket, psd_server_kind server)
{
    if (socket->protocol != IPPROTO_TCP || socket->state == PSD_TCP_NEW_SYN_RECV)
        return PSD_CONFLICT_NONE;
    psd_conflict address = address_conflict(socket, server);
    psd_conflict sharing = sharing_conflict(socket);
    return address < sharing ? address : sharing;
}

static uint8_t socket_uses(const psd_socket *socket)
{
    unsigned use = socket->protocol == IPPROTO_TCP ? USE_TCP4 : USE_UDP4;
    if (socket->family == AF_INET6)
        use <<= 1;
    return (uint8_t)use;
}

void psd_port_facts_add(psd_port_facts *facts, const psd_socket *socket)
{
    Polarstack__V1__PortClass port_class = psd_socket_class(socket);
    if (facts->port_class == POLARSTACK__V1__PORT_CLASS__PORT_CLASS_UNSPECIFIED ||
        port_class < facts->port_class)
        facts->port_class = (uint8_t)port_class;
    facts->uses |= socket_uses(socket);
    for (int server = 0; server < PSD_SERVER_KINDS; server++) {
        psd_conflict conflict = psd_socket_conflict(socket, (psd_server_kind)server);
        if (conflict > facts->conflicts[server])
            facts->conflicts[server] = (uint8_t)conflict;
    }
}

static Polarstack__V1__BindVerdict verdict(uint8_t conflict)
{
    static const Polarstack__V1__BindVerdict verdicts[] = {
        [PSD_CONFLICT_NONE] = POLARSTACK__V1__BIND_VERDICT__BINDABLE,
        [PSD_CONFLICT_UNKNOWN] = POLARSTACK__V1__BIND_VERDICT__BIND_VERDICT_UNKNOWN,
        [PSD_CONFLICT_CERTAIN] = POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE,
    };
    return verdicts[conflict];
}

void psd_port_facts_describe(const psd_port_facts *facts, unsigned number, Polarstack__V1__Port *port)
{
    port->port = number;
    port->class_ = (Polarstack__V1__PortClass)facts->port_class;
    port->tcp4 = (facts->uses & USE_TCP4) != 0;
    port->tcp6 = (facts->uses & USE_TCP6) != 0;
    port->udp4 = (facts->uses & USE_UDP4) != 0;
    port->udp6 = (facts->uses & USE_UDP6) != 0;
    port->bindable = verdict(facts->conflicts[PSD_SERVER_DUAL_STACK]);
    port->bindable_ipv4 = verdict(facts->conflicts[PSD_SERVER_IPV4]);
}

/* The message's list of ranges, in one block: the pointers, then what they
 * point to. NULL when out of memory. */
static Polarstack__V1__PortRange **list_ranges(const psd_port_set *ranges, size_t *count)
{
    size_t runs = 0;
    psd_port_range run;
    for (unsigned from = 0; psd_port_set_next(ranges, from, &run); from = run.last + 1U)
        runs++;
    Polarstack__V1__PortRange **list = malloc(runs * (sizeof(*list) + sizeof(**list)) + 1);
    if (!list)
        return NULL;
    Polarstack__V1__PortRange *range = (void *)(list + runs);
    *count = 0;
    for (unsigned from = 0; psd_port_set_next(ranges, from, &run); from = run.last + 1U) {
        polarstack__v1__port_range__init(range);
        range->first = run.first;
        range->last = run.last;
        list[(*count)++] = range++;
    }
    return list;
}

int psd_port_table_set_ranges(psd_port_table *table, const psd_port_set *ranges, psd_error *error)
{
    size_t count = 0;
    Polarstack__V1__PortRange **list = list_ranges(ranges, &count);
    if (!list)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the port table");
    free(table->usage.ranges);
    table->usage.ranges = list;
    table->usage.n_ranges = count;
    table->ranges = *ranges;
    return 0;
}

int psd_port_table_new(const psd_port_set *ranges, psd_port_table **table, psd_error *error)
{
    psd_port_table *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the port table");
    polarstack__v1__port_usage__init(&made->usage);
    if (psd_port_table_set_ranges(made, ranges, error) < 0) {
        psd_port_table_free(made);
        return -1;
    }
    *table = made;
    return 0;
}

void psd_port_table_free(psd_port_table *table)
{
    if (!table)
        return;
    free(table->usage.ranges);
    free(table->usage.ports);
    free(table->ports);
    free(table);
}

void psd_port_table_clear(psd_port_table *table)
{
    memset(table->facts, 0, sizeof(table->facts));
}

void psd_port_table_add(psd_port_table *table, const psd_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        const psd_socket *socket = &sockets->items[i];
        if (psd_port_set_has(&table->ranges, socket->local_port))
            psd_port_facts_add(&table->facts[socket->local_port], socket);
    }
}

/* Port 0 is no port: a socket that shows it has none yet. */
static bool in_use(const psd_port_table *table, unsigned port)
{
    return port != 0 && table->facts[port].port_class != POLARSTACK__V1__PORT_CLASS__PORT_CLASS_UNSPECIFIED;
}

bool psd_port_table_unknown(const psd_port_table *table, psd_port_set *ports)
{
    bool found = false;
    psd_port_set_clear(ports);
    for (unsigned port = 1; port < PORTS; port++) {
        const psd_port_facts *facts = &table->facts[port];
        if (facts->conflicts[PSD_SERVER_DUAL_STACK] != PSD_CONFLICT_UNKNOWN &&
            facts->conflicts[PSD_SERVER_IPV4] != PSD_CONFLICT_UNKNOWN)
            continue;
        psd_port_set_add(ports, port, port);
        found = true;
    }
    return found;
}

static int reserve_ports(psd_port_table *table, size_t count, psd_error *error)
{
    if (count <= table->port_capacity)
        return 0;
    size_t capacity = count + count / 4;
    Polarstack__V1__Port *ports = reallocarray(table->ports, capacity, sizeof(*ports));
    if (ports)
        table->ports = ports;
    Polarstack__V1__Port **list = reallocarray(table->usage.ports, capacity, sizeof(*list));
    if (list)
        table->usage.ports = list;
    if (!ports || !list)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for %zu ports", capacity);
    table->port_capacity = capacity;
    return 0;
}

int psd_port_table_usage(psd_port_table *table, const Polarstack__V1__PortUsage **usage, psd_error *error)
{
    size_t count = 0;
    for (unsigned port = 1; port < PORTS; port++)
        count += in_use(table, port);
    if (reserve_ports(table, count, error) < 0)
        return -1;
    table->usage.n_ports = 0;
    for (unsigned port = 1; port < PORTS; port++) {
        if (!in_use(table, port))
            continue;
        Polarstack__V1__Port *message = &table->ports[table->usage.n_ports];
        polarstack__v1__port__init(message);
        psd_port_facts_describe(&table->facts[port], port, message);
        table->usage.ports[table->usage.n_ports++] = message;
    }
    *usage = &table->usage;
    return 0;
}
