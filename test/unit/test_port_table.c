/* The verdicts: every state, family and option. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/scan/port/port_table.h"

enum {
    FREE = POLARSTACK__V1__BIND_VERDICT__BINDABLE,
    TAKEN = POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE,
    UNKNOWN = POLARSTACK__V1__BIND_VERDICT__BIND_VERDICT_UNKNOWN,
};

/* What decides for a TCP socket that is neither a listener nor a request:
 * indexed by SO_REUSEADDR, then (for IPv6) by IPV6_V6ONLY, both psd_seen. */
static const int dual_verdicts[3] = {UNKNOWN, TAKEN, FREE};
static const int ipv4_verdicts[3][3] = {
    [PSD_UNSEEN] = {UNKNOWN, UNKNOWN, FREE},
    [PSD_SEEN_OFF] = {UNKNOWN, TAKEN, FREE},
    [PSD_SEEN_ON] = {FREE, FREE, FREE},
};
static const int listener_ipv4_verdicts[3] = {UNKNOWN, TAKEN, FREE};

static Polarstack__V1__Port describe(const psd_socket *sockets, size_t count)
{
    Polarstack__V1__Port port = POLARSTACK__V1__PORT__INIT;
    psd_port_facts facts = {0};
    for (size_t i = 0; i < count; i++)
        psd_port_facts_add(&facts, &sockets[i]);
    psd_port_facts_describe(&facts, 80, &port);
    return port;
}

static void check_socket(const psd_socket *socket)
{
    int dual = dual_verdicts[socket->reuse];
    int ipv4 = ipv4_verdicts[socket->v6only][socket->reuse];
    if (socket->state == PSD_TCP_LISTEN) {
        dual = TAKEN;
        ipv4 = listener_ipv4_verdicts[socket->v6only];
    }
    if (socket->protocol == IPPROTO_UDP || socket->state == PSD_TCP_NEW_SYN_RECV)
        dual = ipv4 = FREE;
    Polarstack__V1__Port port = describe(socket, 1);
    if ((int)port.bindable != dual || (int)port.bindable_ipv4 != ipv4)
        fail_msg("state %u family %u reuse %u v6only %u: %d/%d, expected %d/%d", socket->state,
                 socket->family, socket->reuse, socket->v6only, port.bindable, port.bindable_ipv4, dual,
                 ipv4);
}

static void every_socket_has_its_verdicts(void **state)
{
    (void)state;
    for (int tcp_state = 1; tcp_state <= PSD_TCP_BOUND_INACTIVE + 1; tcp_state++) {
        for (int reuse = PSD_UNSEEN; reuse <= PSD_SEEN_ON; reuse++) {
            psd_socket socket = {.state = (uint8_t)tcp_state,
                                 .reuse = (uint8_t)reuse,
                                 .family = AF_INET,
                                 .protocol = IPPROTO_TCP,
                                 .v6only = PSD_SEEN_OFF};
            check_socket(&socket);
            socket.family = AF_INET6;
            for (int v6only = PSD_UNSEEN; v6only <= PSD_SEEN_ON; v6only++) {
                socket.v6only = (uint8_t)v6only;
                check_socket(&socket);
            }
            socket.v6only = PSD_SEEN_OFF;
            socket.protocol = IPPROTO_UDP;
            check_socket(&socket);
        }
    }
}

static void classes_follow_the_state(void **state)
{
    (void)state;
    static const struct {
        uint8_t protocol;
        uint8_t state;
        int port_class;
    } rows[] = {
        {IPPROTO_TCP, PSD_TCP_LISTEN, POLARSTACK__V1__PORT_CLASS__LISTENING},
        {IPPROTO_TCP, PSD_TCP_BOUND_INACTIVE, POLARSTACK__V1__PORT_CLASS__BOUND},
        {IPPROTO_UDP, PSD_TCP_CLOSE, POLARSTACK__V1__PORT_CLASS__BOUND},
        {IPPROTO_UDP, PSD_TCP_ESTABLISHED, POLARSTACK__V1__PORT_CLASS__CONNECTED},
        {IPPROTO_TCP, PSD_TCP_ESTABLISHED, POLARSTACK__V1__PORT_CLASS__CONNECTED},
        {IPPROTO_TCP, PSD_TCP_SYN_SENT, POLARSTACK__V1__PORT_CLASS__CONNECTED},
        {IPPROTO_TCP, PSD_TCP_SYN_RECV, POLARSTACK__V1__PORT_CLASS__CONNECTED},
        {IPPROTO_TCP, PSD_TCP_NEW_SYN_RECV, POLARSTACK__V1__PORT_CLASS__CONNECTED},
        {IPPROTO_TCP, PSD_TCP_FIN_WAIT1, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, PSD_TCP_FIN_WAIT2, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, PSD_TCP_CLOSE_WAIT, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, PSD_TCP_CLOSING, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, PSD_TCP_LAST_ACK, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, PSD_TCP_TIME_WAIT, POLARSTACK__V1__PORT_CLASS__CLOSING},
        {IPPROTO_TCP, 200, POLARSTACK__V1__PORT_CLASS__CONNECTED},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rows); i++) {
        psd_socket socket = {.family = AF_INET, .protocol = rows[i].protocol, .state = rows[i].state};
        Polarstack__V1__Port port = describe(&socket, 1);
        assert_int_equal(port.class_, rows[i].port_class);
    }
}

static void the_strongest_socket_wins(void **state)
{
    (void)state;
    const psd_socket sockets[] = {
        {.family = AF_INET, .protocol = IPPROTO_UDP, .state = PSD_TCP_ESTABLISHED},
        {.family = AF_INET6, .protocol = IPPROTO_TCP, .state = PSD_TCP_TIME_WAIT, .v6only = PSD_SEEN_ON},
        {.family = AF_INET6,
         .protocol = IPPROTO_TCP,
         .state = PSD_TCP_BOUND_INACTIVE,
         .v6only = PSD_SEEN_ON,
         .reuse = PSD_SEEN_OFF},
    };
    Polarstack__V1__Port port = describe(sockets, 2);
    assert_int_equal(port.class_, POLARSTACK__V1__PORT_CLASS__CONNECTED);
    assert_int_equal(port.bindable, UNKNOWN);
    assert_int_equal(port.bindable_ipv4, FREE);
    assert_true(port.udp4 && port.tcp6 && !port.tcp4 && !port.udp6);
    port = describe(sockets, 3);
    assert_int_equal(port.class_, POLARSTACK__V1__PORT_CLASS__BOUND);
    assert_int_equal(port.bindable, TAKEN);
    assert_int_equal(port.bindable_ipv4, FREE);
}

/* TABLE is empty, one of SOCKETS is on port 5500. */
static void other_ranges(psd_port_table *table, const psd_sockets *sockets)
{
    const Polarstack__V1__PortUsage *usage = NULL;
    psd_port_set other = {{0}};
    psd_port_set_add(&other, 5500, 5600);
    assert_int_equal(psd_port_table_set_ranges(table, &other, NULL), 0);
    psd_port_table_add(table, sockets);
    assert_int_equal(psd_port_table_usage(table, &usage, NULL), 0);
    assert_int_equal(usage->n_ranges, 1);
    assert_int_equal(usage->ranges[0]->last, 5600);
    assert_int_equal(usage->n_ports, 1);
    assert_int_equal(usage->ports[0]->port, 5500);
}

static void the_table_lists_scanned_ports_in_order(void **state)
{
    (void)state;
    psd_socket items[] = {
        {.family = AF_INET,
         .v6only = PSD_SEEN_OFF,
         .protocol = IPPROTO_TCP,
         .state = PSD_TCP_LISTEN,
         .local_port = 5500},
        {.family = AF_INET6, .protocol = IPPROTO_TCP, .state = PSD_TCP_ESTABLISHED, .local_port = 5400},
        {.family = AF_INET,
         .v6only = PSD_SEEN_OFF,
         .protocol = IPPROTO_TCP,
         .state = PSD_TCP_LISTEN,
         .local_port = 80},
        {.family = AF_INET,
         .v6only = PSD_SEEN_OFF,
         .protocol = IPPROTO_TCP,
         .state = PSD_TCP_LISTEN,
         .local_port = 0},
        {.family = AF_INET,
         .v6only = PSD_SEEN_OFF,
         .protocol = IPPROTO_TCP,
         .state = PSD_TCP_LISTEN,
         .local_port = 65535},
    };
    const psd_sockets sockets = {.items = items, .count = PSD_ARRAY_SIZE(items)};
    psd_port_set ranges;
    psd_port_set unknown;
    psd_port_set_clear(&ranges);
    assert_int_equal(psd_port_set_parse(&ranges, "5400-5500,65535", NULL), 0);
    psd_port_table *table = NULL;
    assert_int_equal(psd_port_table_new(&ranges, &table, NULL), 0);
    const Polarstack__V1__PortUsage *usage = NULL;
    for (int again = 0; again < 2; again++) {
        psd_port_table_clear(table);
        assert_false(psd_port_table_unknown(table, &unknown));
        psd_port_table_add(table, &sockets);
        assert_int_equal(psd_port_table_usage(table, &usage, NULL), 0);
        assert_int_equal(usage->n_ranges, 2);
        assert_int_equal(usage->ranges[1]->first, 65535);
        assert_int_equal(usage->n_ports, 3);
        assert_int_equal(usage->ports[0]->port, 5400);
        assert_int_equal(usage->ports[1]->port, 5500);
        assert_int_equal(usage->ports[2]->port, 65535);
        assert_true(psd_port_table_unknown(table, &unknown));
        assert_true(psd_port_set_has(&unknown, 5400));
        assert_false(psd_port_set_has(&unknown, 5500));
    }
    psd_port_table_clear(table);
    assert_int_equal(psd_port_table_usage(table, &usage, NULL), 0);
    assert_int_equal(usage->n_ports, 0);
    other_ranges(table, &sockets);
    psd_port_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_socket_has_its_verdicts),
        cmocka_unit_test(classes_follow_the_state),
        cmocka_unit_test(the_strongest_socket_wins),
        cmocka_unit_test(the_table_lists_scanned_ports_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
