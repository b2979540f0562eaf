/* The sentence of `pdctl why port`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/scan/port/explain.h"
#include "server/scan/port/port_table.h"

enum { MAX_SOCKETS = 4 };

/* An explanation without owned memory, as psd_port_explain would make it. */
typedef struct scene {
    psd_socket items[MAX_SOCKETS];
    psd_sockets sockets;
    Polarstack__V1__PortProcess process;
    Polarstack__V1__PortProcess *processes[2];
    Polarstack__V1__PortSocket messages[MAX_SOCKETS];
    Polarstack__V1__PortSocket *message_list[MAX_SOCKETS];
    char addresses[MAX_SOCKETS][2][INET6_ADDRSTRLEN];
    Polarstack__V1__Port port;
    Polarstack__V1__PortExplanation explanation;
} scene;

/* Adds a socket held by the scene's process; PROCESSES of them. */
static void add(scene *to, psd_socket socket, const char *local, const char *remote, size_t processes)
{
    size_t i = to->sockets.count++;
    socket.family = strchr(local, ':') ? AF_INET6 : AF_INET;
    if (socket.family == AF_INET)
        socket.v6only = PSD_SEEN_OFF;
    to->items[i] = socket;
    Polarstack__V1__PortSocket *message = &to->messages[i];
    polarstack__v1__port_socket__init(message);
    snprintf(to->addresses[i][0], sizeof(to->addresses[i][0]), "%s", local);
    snprintf(to->addresses[i][1], sizeof(to->addresses[i][1]), "%s", remote);
    message->local_address = to->addresses[i][0];
    message->remote_address = to->addresses[i][1];
    message->remote_port = socket.remote_port;
    message->state = (char *)(uintptr_t)psd_socket_state_name(&socket);
    message->class_ = psd_socket_class(&socket);
    message->uid = socket.uid;
    message->inode = socket.inode;
    message->processes = to->processes;
    message->n_processes = processes;
    to->message_list[i] = message;
}

static void expect(scene *from, size_t listed, const char *expected)
{
    static char name[] = "sshd";
    polarstack__v1__port_process__init(&from->process);
    from->process.pid = 812;
    from->process.name = name;
    from->processes[0] = from->processes[1] = &from->process;
    from->sockets.items = from->items;
    polarstack__v1__port__init(&from->port);
    psd_port_facts facts = {0};
    for (size_t i = 0; i < from->sockets.count; i++)
        psd_port_facts_add(&facts, &from->items[i]);
    psd_port_facts_describe(&facts, 30010, &from->port);
    polarstack__v1__port_explanation__init(&from->explanation);
    from->explanation.port = &from->port;
    from->explanation.sockets = from->message_list;
    from->explanation.n_sockets = listed;
    char *summary = psd_port_summary(&from->explanation, &from->sockets);
    assert_string_equal(summary, expected);
    free(summary);
}

static const psd_socket listener = {.protocol = IPPROTO_TCP, .state = PSD_TCP_LISTEN, .inode = 1};
static const psd_socket bound = {
    .protocol = IPPROTO_TCP, .state = PSD_TCP_BOUND_INACTIVE, .inode = 1, .reuse = PSD_SEEN_OFF, .uid = 70};
static const psd_socket connected = {
    .protocol = IPPROTO_TCP, .state = PSD_TCP_ESTABLISHED, .remote_port = 443, .v6only = PSD_SEEN_ON};

static void a_free_port(void **state)
{
    (void)state;
    scene made = {0};
    expect(&made, 0, "port 30010 is free");
}

static void listeners_are_named(void **state)
{
    (void)state;
    scene made = {0};
    psd_socket v6 = listener;
    v6.v6only = PSD_SEEN_OFF;
    add(&made, listener, "0.0.0.0", "", 1);
    add(&made, listener, "0.0.0.0", "", 1);
    add(&made, v6, "::", "", 2);
    expect(&made, 3, "port 30010 is taken: sshd (pid 812) listens on 0.0.0.0 and [::]");
    expect(&made, 2,
           "port 30010 is taken: sshd (pid 812) listens on 0.0.0.0; only 2 of 3 sockets are listed");
}

static void a_v6only_listener_leaves_ipv4(void **state)
{
    (void)state;
    scene made = {0};
    psd_socket v6 = listener;
    v6.v6only = PSD_SEEN_ON;
    add(&made, v6, "::1", "", 2);
    expect(&made, 1, "port 30010 can be bound on IPv4 only: sshd (pid 812 and 1 more) listens on [::1]");
}

static void a_bound_socket_without_known_owner(void **state)
{
    (void)state;
    scene made = {0};
    add(&made, bound, "127.0.0.1", "", 0);
    expect(&made, 1, "port 30010 is taken: a process of user 70 has bound 127.0.0.1 and does not listen");
}

static void connections_that_hold_the_port(void **state)
{
    (void)state;
    scene made = {0};
    psd_socket closing = connected;
    closing.state = PSD_TCP_TIME_WAIT;
    closing.reuse = PSD_SEEN_OFF;
    add(&made, closing, "10.0.0.1", "10.0.0.2", 0);
    expect(&made, 1, "port 30010 is taken: a connection with 10.0.0.2:443 (TIME_WAIT)");

    scene unseen = {0};
    add(&unseen, connected, "::1", "::1", 1);
    expect(&unseen, 1,
           "port 30010 may be taken, since the kernel does not show SO_REUSEADDR of a socket: a connection "
           "with [::1]:443 (ESTABLISHED, sshd (pid 812))");

    scene half = {0};
    psd_socket v6 = connected;
    v6.reuse = PSD_SEEN_OFF;
    v6.v6only = PSD_UNSEEN;
    add(&half, v6, "::1", "::1", 0);
    expect(&half, 1,
           "port 30010 cannot be bound on IPv6, and perhaps not on IPv4: a connection with [::1]:443 "
           "(ESTABLISHED)");
}

static void sockets_that_share(void **state)
{
    (void)state;
    scene made = {0};
    psd_socket sharing = connected;
    sharing.reuse = PSD_SEEN_ON;
    add(&made, sharing, "10.0.0.1", "10.0.0.2", 0);
    expect(&made, 1, "port 30010 can be bound: its one socket keeps no TCP server out");
    add(&made, (psd_socket){.protocol = IPPROTO_UDP, .state = PSD_TCP_CLOSE}, "0.0.0.0", "", 1);
    expect(&made, 2, "port 30010 can be bound: none of its 2 sockets keeps a TCP server out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_port),
        cmocka_unit_test(listeners_are_named),
        cmocka_unit_test(a_v6only_listener_leaves_ipv4),
        cmocka_unit_test(a_bound_socket_without_known_owner),
        cmocka_unit_test(connections_that_hold_the_port),
        cmocka_unit_test(sockets_that_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
