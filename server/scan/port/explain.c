#include "server/scan/port/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/host/kernel_ports.h"
#include "server/host/process.h"
#include "server/scan/port/port_table.h"
#include "server/scan/port/sock_diag.h"
#include "server/scan/port/socket_options.h"

typedef Polarstack__V1__PortExplanation explanation;

static void free_explanation(explanation **made)
{
    if (*made)
        protobuf_c_message_free_unpacked(&(*made)->base, NULL);
}

static void close_diag(psd_sock_diag **diag)
{
    psd_sock_diag_close(*diag);
}

static int no_memory(psd_error *error)
{
    return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory to explain a port");
}

/* Listeners first, then by class; the newest last. */
static int compare_sockets(const void *left, const void *right)
{
    const psd_socket *a = left;
    const psd_socket *b = right;
    int by_class = (int)psd_socket_class(a) - (int)psd_socket_class(b);
    return by_class != 0 ? by_class : (a->cookie > b->cookie) - (a->cookie < b->cookie);
}

static int keep_port(const psd_sockets *from, unsigned port, psd_sockets *kept, psd_error *error)
{
    for (size_t i = 0; i < from->count; i++) {
        if (from->items[i].local_port == port && psd_sockets_add(kept, &from->items[i], error) < 0)
            return -1;
    }
    return 0;
}

/* One entry a socket: it may have been seen in two states. */
static void sort_and_unite(psd_sockets *sockets)
{
    size_t kept = 0;
    if (sockets->count > 0)
        qsort(sockets->items, sockets->count, sizeof(*sockets->items), compare_sockets);
    for (size_t i = 0; i < sockets->count; i++) {
        bool repeated = false;
        for (size_t j = 0; j < kept && j < PSD_EXPLAIN_SOCKETS_MAX && !repeated; j++)
            repeated = sockets->items[j].cookie == sockets->items[i].cookie;
        if (!repeated)
            sockets->items[kept++] = sockets->items[i];
    }
    sockets->count = kept;
}

/* Lists the sockets on PORT with all that can be known of them. */
static int look(unsigned port, int64_t deadline_ms, psd_sockets *sockets, psd_error *error)
{
    PSD_AUTO(close_diag) psd_sock_diag *diag = NULL;
    PSD_AUTO(psd_sockets_free) psd_sockets others = {0};
    PSD_AUTO(psd_sockets_free) psd_sockets listeners = {0};
    if (psd_sock_diag_open(&diag, error) < 0 ||
        psd_sock_diag_all(diag, deadline_ms, &others, &listeners, error) < 0 ||
        keep_port(&listeners, port, sockets, error) < 0 || keep_port(&others, port, sockets, error) < 0)
        return -1;
    sort_and_unite(sockets);
    psd_socket_options_recall(sockets);
    psd_port_set ports;
    psd_port_set_clear(&ports);
    psd_port_set_add(&ports, port, port);
    psd_socket_options_read(sockets, &ports, deadline_ms);
    return 0;
}

/* A string member keeps its empty default when TEXT is empty. */
static int set_text(char **member, const char *text, psd_error *error)
{
    if (text[0] == '\0')
        return 0;
    char *copy = strdup(text);
    if (!copy)
        return no_memory(error);
    *member = copy;
    return 0;
}

static int fill_socket(Polarstack__V1__PortSocket *message, const psd_socket *socket, psd_error *error)
{
    char text[INET6_ADDRSTRLEN];
    message->remote_port = socket->remote_port;
    message->class_ = psd_socket_class(socket);
    message->uid = socket->uid;
    message->inode = socket->inode;
    message->reuse_address = socket->reuse == PSD_SEEN_ON;
    message->reuse_address_known = socket->reuse != PSD_UNSEEN;
    if (set_text(&message->protocol, socket->protocol == IPPROTO_TCP ? "tcp" : "udp", error) < 0 ||
        set_text(&message->state, psd_socket_state_name(socket), error) < 0 ||
        set_text(&message->local_address, psd_socket_address(socket, socket->local, text), error) < 0)
        return -1;
    if (socket->remote_port == 0)
        return 0;
    return set_text(&message->remote_address, psd_socket_address(socket, socket->remote, text), error);
}

static int fill_sockets(explanation *made, const psd_sockets *sockets, psd_error *error)
{
    size_t count = sockets->count < PSD_EXPLAIN_SOCKETS_MAX ? sockets->count : PSD_EXPLAIN_SOCKETS_MAX;
    if (count == 0)
        return 0;
    made->sockets = calloc(count, sizeof(*made->sockets));
    if (!made->sockets)
        return no_memory(error);
    for (size_t i = 0; i < count; i++) {
        Polarstack__V1__PortSocket *message = malloc(sizeof(*message));
        if (!message)
            return no_memory(error);
        polarstack__v1__port_socket__init(message);
        made->sockets[made->n_sockets++] = message;
        if (fill_socket(message, &sockets->items[i], error) < 0)
            return -1;
    }
    return 0;
}

static int fill_port(explanation *made, unsigned port, const psd_sockets *sockets, psd_error *error)
{
    made->port = malloc(sizeof(*made->port));
    if (!made->port)
        return no_memory(error);
    polarstack__v1__port__init(made->port);
    psd_port_facts facts = {0};
    for (size_t i = 0; i < sockets->count; i++)
        psd_port_facts_add(&facts, &sockets->items[i]);
    psd_port_facts_describe(&facts, port, made->port);
    return 0;
}

static int fill_kernel_ports(explanation *made, unsigned port, psd_error *error)
{
    psd_kernel_ports kernel;
    if (psd_kernel_ports_read(&kernel, error) < 0)
        return -1;
    made->local_port_range = malloc(sizeof(*made->local_port_range));
    if (!made->local_port_range)
        return no_memory(error);
    polarstack__v1__port_range__init(made->local_port_range);
    made->local_port_range->first = kernel.local.first;
    made->local_port_range->last = kernel.local.last;
    made->in_local_port_range = port >= kernel.local.first && port <= kernel.local.last;
    made->locally_reserved = psd_port_set_has(&kernel.reserved, port);
    return 0;
}

typedef struct holder_names {
    explanation *made;
    size_t processes;
    bool no_memory;
} holder_names;

static int append_process(Polarstack__V1__PortSocket *socket, pid_t pid)
{
    Polarstack__V1__PortProcess **list = reallocarray(socket->processes, socket->n_processes + 1,
                                                      sizeof(*list));
    if (!list)
        return -1;
    socket->processes = list;
    Polarstack__V1__PortProcess *process = psd_process_describe(pid);
    if (!process)
        return -1;
    socket->processes[socket->n_processes++] = process;
    return 0;
}

static bool name_holder(void *arg, const psd_holder *holder)
{
    holder_names *naming = arg;
    for (size_t i = 0; i < naming->made->n_sockets; i++) {
        Polarstack__V1__PortSocket *socket = naming->made->sockets[i];
        /* All descriptors of a process come one after the other. */
        bool known = socket->n_processes > 0 &&
                     socket->processes[socket->n_processes - 1]->pid == holder->pid;
        if (socket->inode != holder->inode || known)
            continue;
        naming->no_memory = append_process(socket, holder->pid) < 0;
        return !naming->no_memory && ++naming->processes < PSD_EXPLAIN_PROCESSES_MAX;
    }
    return true;
}

/* Says why a socket that some process holds has no process in the answer. */
static int explain_hidden(explanation *made, size_t hidden, const psd_error *walk_error, psd_error *error)
{
    bool missing = false;
    for (size_t i = 0; i < made->n_sockets; i++)
        missing = missing || (made->sockets[i]->inode != 0 && made->sockets[i]->n_processes == 0);
    if (!missing)
        return 0;
    char text[PSD_ERROR_TEXT_SIZE];
    if (walk_error->text[0])
        snprintf(text, sizeof(text), "%s", walk_error->text);
    else if (hidden > 0)
        snprintf(text, sizeof(text),
                 "the descriptors of %zu processes may not be read: run the daemon as root or with "
                 "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
                 hidden);
    else
        snprintf(text, sizeof(text),
                 "no process that /proc shows holds the socket: its process ended just now, "
                 "is in another pid namespace, or is hidden by /proc's hidepid option");
    return set_text(&made->processes_hidden_reason, text, error);
}

static int fill_processes(explanation *made, int64_t deadline_ms, psd_error *error)
{
    uint32_t inodes[PSD_EXPLAIN_SOCKETS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < made->n_sockets; i++) {
        if (made->sockets[i]->inode != 0) /* NOLINT(clang-analyzer-core.NullDereference): filled before */
            inodes[count++] = made->sockets[i]->inode;
    }
    if (count == 0)
        return 0;
    holder_names naming = {.made = made};
    psd_error walk_error = PSD_ERROR_INIT;
    size_t hidden = 0;
    if (psd_processes_walk(inodes, count, deadline_ms, name_holder, &naming, &hidden, &walk_error) < 0)
        psd_error_prefix(&walk_error, "not all processes were looked at");
    if (naming.no_memory)
        return no_memory(error);
    return explain_hidden(made, hidden, &walk_error, error);
}

int psd_port_explain(unsigned port, const psd_port_set *scanned, int64_t deadline_ms,
                     Polarstack__V1__PortExplanation **made, psd_error *error)
{
    PSD_AUTO(psd_sockets_free) psd_sockets sockets = {0};
    if (port < 1 || port > PSD_PORT_MAX)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "%u is no port: use 1 to %d", port, PSD_PORT_MAX);
    if (look(port, deadline_ms, &sockets, error) < 0)
        return psd_error_prefix(error, "cannot look at port %u", port);
    PSD_AUTO(free_explanation) explanation *result = malloc(sizeof(*result));
    if (!result)
        return no_memory(error);
    polarstack__v1__port_explanation__init(result);
    result->scanned = psd_port_set_has(scanned, port);
    result->observed_at_ms = psd_clock_unix_ms();
    if (fill_port(result, port, &sockets, error) < 0 || fill_sockets(result, &sockets, error) < 0 ||
        fill_kernel_ports(result, port, error) < 0 || fill_processes(result, deadline_ms, error) < 0)
        return -1;
    result->summary = psd_port_summary(result, &sockets);
    *made = psd_take(result);
    return 0;
}
