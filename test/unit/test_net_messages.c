/* Addresses, default routes and whole answers of rtnetlink: canned messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "server/scan/net/address.h"
#include "server/scan/net/route.h"
#include "server/scan/netlink/message.h"
#include "test/support/check.h"
#include "test/support/netlink_builder.h"

/* ---- addresses ---- */

static void add_ip(psd_test_netlink *it, uint16_t type, const char *text)
{
    uint8_t bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(family, text, bytes), 1);
    psd_test_netlink_add(it, type, bytes, family == AF_INET ? 4 : 16);
}

static psd_test_netlink address_message(uint8_t family, uint8_t prefix, uint8_t scope, uint8_t flags)
{
    psd_test_netlink it = {.length = 0};
    const struct ifaddrmsg body = {.ifa_family = family,
                                   .ifa_prefixlen = prefix,
                                   .ifa_flags = flags,
                                   .ifa_scope = scope,
                                   .ifa_index = 7};
    psd_test_netlink_message(&it, RTM_NEWADDR, 0, 1, &body, sizeof(body));
    return it;
}

static int parse_address(const psd_test_netlink *it, psd_address *address, psd_error *error)
{
    return psd_address_parse(psd_test_netlink_payload(it), psd_test_netlink_payload_length(it), address,
                             error);
}

static void assert_address(const psd_test_netlink *it, const char *text)
{
    psd_address address;
    psd_error error = PSD_ERROR_INIT;
    char shown[INET6_ADDRSTRLEN];
    assert_works(parse_address(it, &address, &error), &error);
    assert_string_equal(psd_address_text(&address, shown), text);
}

static void an_ipv4_address(void **state)
{
    (void)state;
    psd_address address;
    psd_error error = PSD_ERROR_INIT;
    char scope[8];
    psd_test_netlink it = address_message(AF_INET, 24, RT_SCOPE_UNIVERSE, IFA_F_PERMANENT);
    add_ip(&it, IFA_ADDRESS, "172.19.64.2");
    add_ip(&it, IFA_LOCAL, "172.19.64.2");
    psd_test_netlink_text(&it, IFA_LABEL, "bond0:1");
    psd_test_netlink_u32(&it, IFA_FLAGS, IFA_F_PERMANENT | IFA_F_SECONDARY | IFA_F_NOPREFIXROUTE);
    assert_works(parse_address(&it, &address, &error), &error);
    assert_int_equal(address.index, 7);
    assert_int_equal(address.prefix_length, 24);
    assert_string_equal(address.label, "bond0:1");
    assert_int_equal(address.flags, IFA_F_PERMANENT | IFA_F_SECONDARY | IFA_F_NOPREFIXROUTE);
    assert_string_equal(psd_address_scope_name(address.scope, scope), "global");
    assert_string_equal(psd_address_scope_name(RT_SCOPE_LINK, scope), "link");
    assert_string_equal(psd_address_scope_name(RT_SCOPE_HOST, scope), "host");
    assert_string_equal(psd_address_scope_name(77, scope), "77");
    assert_address(&it, "172.19.64.2");
}

/* IFA_ADDRESS is the other end there, in whichever order they come. */
static void a_point_to_point_address(void **state)
{
    (void)state;
    for (int local_first = 0; local_first < 2; local_first++) {
        psd_test_netlink it = address_message(AF_INET, 32, RT_SCOPE_UNIVERSE, 0);
        add_ip(&it, local_first ? IFA_LOCAL : IFA_ADDRESS, local_first ? "10.0.0.1" : "10.0.0.2");
        add_ip(&it, local_first ? IFA_ADDRESS : IFA_LOCAL, local_first ? "10.0.0.2" : "10.0.0.1");
        assert_address(&it, "10.0.0.1");
    }
}

static void an_ipv6_address(void **state)
{
    (void)state;
    psd_test_netlink it = address_message(AF_INET6, 64, RT_SCOPE_LINK, IFA_F_TENTATIVE);
    add_ip(&it, IFA_ADDRESS, "fe80::1");
    assert_address(&it, "fe80::1");
}

static void malformed_addresses(void **state)
{
    (void)state;
    psd_address address;
    psd_error error;
    psd_test_netlink none = address_message(AF_INET, 24, 0, 0);
    assert_fails(parse_address(&none, &address, &error), &error, PSD_DATA_LOSS, "without its bytes");
    psd_test_netlink wide = address_message(AF_INET, 24, 0, 0);
    add_ip(&wide, IFA_LOCAL, "fe80::1");
    assert_fails(parse_address(&wide, &address, &error), &error, PSD_DATA_LOSS, "16 bytes instead of 4");
    psd_test_netlink foreign = address_message(AF_UNIX, 24, 0, 0);
    assert_fails(parse_address(&foreign, &address, &error), &error, PSD_DATA_LOSS, "address of family 1");
    psd_test_netlink prefix = address_message(AF_INET, 33, 0, 0);
    assert_fails(parse_address(&prefix, &address, &error), &error, PSD_DATA_LOSS, "prefix of 33 bits");
    psd_test_netlink label = address_message(AF_INET, 24, 0, 0);
    psd_test_netlink_text(&label, IFA_LABEL, "sixteen--letters");
    assert_fails(parse_address(&label, &address, &error), &error, PSD_DATA_LOSS, "IFA_LABEL");
    assert_fails(psd_address_parse("1234567", 7, &address, &error), &error, PSD_DATA_LOSS, "only 7 bytes");
}

/* ---- routes ---- */

static psd_test_netlink route_message(uint8_t family, uint8_t length, uint8_t table, uint8_t type)
{
    psd_test_netlink it = {.length = 0};
    const struct rtmsg body = {
        .rtm_family = family, .rtm_dst_len = length, .rtm_table = table, .rtm_type = type};
    psd_test_netlink_message(&it, RTM_NEWROUTE, 0, 1, &body, sizeof(body));
    return it;
}

static int parse_route(const psd_test_netlink *it, unsigned index, psd_route *route, psd_error *error)
{
    return psd_route_parse(psd_test_netlink_payload(it), psd_test_netlink_payload_length(it), index, route,
                           error);
}

/* GATEWAY NULL: no default route through interface 7. */
static psd_route assert_route(const psd_test_netlink *it, bool is_default, const char *gateway)
{
    psd_route route;
    psd_error error = PSD_ERROR_INIT;
    char text[INET6_ADDRSTRLEN];
    assert_works(parse_route(it, 7, &route, &error), &error);
    assert_int_equal(route.is_default, is_default);
    assert_int_equal(route.is_through, gateway != NULL);
    assert_string_equal(psd_route_gateway_text(&route, text), gateway ? gateway : "");
    return route;
}

static void a_default_route(void **state)
{
    (void)state;
    psd_test_netlink it = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&it, RTA_PRIORITY, 100);
    add_ip(&it, RTA_GATEWAY, "172.19.64.1");
    psd_test_netlink_u32(&it, RTA_OIF, 7);
    assert_int_equal(assert_route(&it, true, "172.19.64.1").metric, 100);

    psd_test_netlink direct = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&direct, RTA_OIF, 7);
    assert_route(&direct, true, "");

    psd_test_netlink other = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&other, RTA_OIF, 70);
    add_ip(&other, RTA_GATEWAY, "172.19.64.1");
    assert_route(&other, true, NULL);
}

static void a_gateway_of_the_other_family(void **state)
{
    (void)state;
    uint8_t via[18];
    const uint16_t family = AF_INET6;
    memcpy(via, &family, sizeof(family));
    assert_int_equal(inet_pton(AF_INET6, "fe80::9", via + 2), 1);
    psd_test_netlink it = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&it, RTA_OIF, 7);
    psd_test_netlink_add(&it, RTA_VIA, via, sizeof(via));
    assert_route(&it, true, "fe80::9");
}

static void add_hop(psd_test_netlink *it, int index, const char *gateway)
{
    struct {
        struct rtnexthop hop;
        struct nlattr head;
        uint8_t bytes[4];
    } one = {.hop = {.rtnh_len = sizeof(one), .rtnh_ifindex = index},
             .head = {.nla_len = NLA_HDRLEN + 4, .nla_type = RTA_GATEWAY}};
    assert_int_equal(inet_pton(AF_INET, gateway, one.bytes), 1);
    memcpy(it->bytes + it->length, &one, sizeof(one));
    it->length += sizeof(one);
}

static psd_test_netlink two_hops(void)
{
    psd_test_netlink it = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    size_t hops = psd_test_netlink_nest(&it, RTA_MULTIPATH);
    add_hop(&it, 3, "10.0.0.1");
    add_hop(&it, 7, "172.19.64.1");
    psd_test_netlink_end(&it, hops);
    return it;
}

static void several_hops(void **state)
{
    (void)state;
    psd_test_netlink it = two_hops();
    assert_route(&it, true, "172.19.64.1");
}

static void other_routes(void **state)
{
    (void)state;
    psd_test_netlink network = route_message(AF_INET, 24, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&network, RTA_OIF, 7);
    assert_route(&network, false, NULL);
    psd_test_netlink blackhole = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_BLACKHOLE);
    assert_route(&blackhole, false, NULL);
    psd_test_netlink ipv6 = route_message(AF_INET6, 0, RT_TABLE_MAIN, RTN_UNICAST);
    assert_route(&ipv6, false, NULL);
    psd_test_netlink table = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u32(&table, RTA_TABLE, 1000);
    psd_test_netlink_u32(&table, RTA_OIF, 7);
    add_ip(&table, RTA_GATEWAY, "172.19.64.1");
    assert_route(&table, false, NULL);
}

static void malformed_routes(void **state)
{
    (void)state;
    psd_route route;
    psd_error error;
    psd_test_netlink hops = two_hops();
    struct rtnexthop head;
    size_t first = NLMSG_HDRLEN + sizeof(struct rtmsg) + NLA_HDRLEN;
    memcpy(&head, hops.bytes + first, sizeof(head));
    head.rtnh_len = 200;
    memcpy(hops.bytes + first, &head, sizeof(head));
    assert_fails(parse_route(&hops, 7, &route, &error), &error, PSD_DATA_LOSS, "malformed next hop");
    head.rtnh_len = 4;
    memcpy(hops.bytes + first, &head, sizeof(head));
    assert_fails(parse_route(&hops, 7, &route, &error), &error, PSD_DATA_LOSS, "malformed next hop");
    psd_test_netlink gateway = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    add_ip(&gateway, RTA_GATEWAY, "fe80::1");
    assert_fails(parse_route(&gateway, 7, &route, &error), &error, PSD_DATA_LOSS, "gateway of family 2");
    psd_test_netlink via = route_message(AF_INET, 0, RT_TABLE_MAIN, RTN_UNICAST);
    psd_test_netlink_u8(&via, RTA_VIA, 1);
    assert_fails(parse_route(&via, 7, &route, &error), &error, PSD_DATA_LOSS, "RTA_VIA with 1 bytes");
}

/* ---- whole answers ---- */

static int count_message(void *arg, const psd_netlink_message *message, psd_error *error)
{
    (void)error;
    assert_int_equal(message->type, RTM_NEWADDR);
    ++*(int *)arg;
    return 0;
}

static void add_control(psd_test_netlink *it, uint16_t type, uint32_t sequence, int32_t code)
{
    psd_test_netlink_message(it, type, NLM_F_MULTI, sequence, &code, sizeof(code));
}

static void add_message(psd_test_netlink *it, uint16_t flags, uint32_t sequence)
{
    psd_test_netlink_message(it, RTM_NEWADDR, flags, sequence, "1234", 4);
}

static void answers(void **state)
{
    (void)state;
    int count = 0;
    psd_error error = PSD_ERROR_INIT;
    psd_test_netlink dump = {.length = 0};
    add_message(&dump, NLM_F_MULTI, 5);
    add_message(&dump, NLM_F_MULTI, 5);
    psd_netlink_answer answer = {.sequence = 5, .visit = count_message, .arg = &count};
    assert_works(psd_netlink_answer_read(&answer, dump.bytes, dump.length, &error), &error);
    assert_false(answer.ended);
    psd_test_netlink end = {.length = 0};
    add_message(&end, NLM_F_MULTI | NLM_F_DUMP_INTR, 5);
    add_control(&end, NLMSG_DONE, 5, 0);
    assert_works(psd_netlink_answer_read(&answer, end.bytes, end.length, &error), &error);
    assert_true(answer.ended);
    assert_true(answer.interrupted);
    assert_int_equal(count, 3);
    assert_int_equal(answer.parts, 2);

    psd_test_netlink single = {.length = 0};
    add_message(&single, 0, 6);
    answer = (psd_netlink_answer){.sequence = 6, .visit = count_message, .arg = &count};
    assert_works(psd_netlink_answer_read(&answer, single.bytes, single.length, &error), &error);
    assert_true(answer.ended);
    assert_false(answer.interrupted);
}

static void assert_refused(const psd_test_netlink *it, psd_code code, int sys_errno, const char *part)
{
    int count = 0;
    psd_error error;
    psd_netlink_answer answer = {.sequence = 5, .visit = count_message, .arg = &count};
    assert_fails(psd_netlink_answer_read(&answer, it->bytes, it->length, &error), &error, code, part);
    assert_int_equal(error.sys_errno, sys_errno);
}

static void refused_answers(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_error_set_errno(&error, ENODEV, "x");
    psd_test_netlink gone = {.length = 0};
    add_control(&gone, NLMSG_ERROR, 5, -ENODEV);
    assert_refused(&gone, error.code, ENODEV, "the kernel refused to tell");
    psd_test_netlink late = {.length = 0};
    add_control(&late, NLMSG_DONE, 5, -ENODEV);
    assert_refused(&late, error.code, ENODEV, "the kernel refused to tell");
    psd_test_netlink acknowledged = {.length = 0};
    add_control(&acknowledged, NLMSG_ERROR, 5, 0);
    assert_refused(&acknowledged, PSD_DATA_LOSS, 0, "unexpected acknowledgement");
    psd_test_netlink overrun = {.length = 0};
    add_control(&overrun, NLMSG_OVERRUN, 5, 0);
    assert_refused(&overrun, PSD_DATA_LOSS, 0, "lost messages");
    psd_test_netlink foreign = {.length = 0};
    add_message(&foreign, NLM_F_MULTI, 4);
    assert_refused(&foreign, PSD_DATA_LOSS, 0, "of another answer");
    psd_test_netlink trailing = {.length = 0};
    add_control(&trailing, NLMSG_DONE, 5, 0);
    add_message(&trailing, NLM_F_MULTI, 5);
    assert_refused(&trailing, PSD_DATA_LOSS, 0, "of another answer");
    psd_test_netlink nothing = {.length = 0};
    assert_refused(&nothing, PSD_DATA_LOSS, 0, "empty datagram");
    psd_test_netlink cut = {.length = 0};
    add_message(&cut, NLM_F_MULTI, 5);
    cut.length -= 2;
    assert_refused(&cut, PSD_DATA_LOSS, 0, "wrong length 20");
    cut.length = 8;
    assert_refused(&cut, PSD_DATA_LOSS, 0, "truncated message header");
    psd_test_netlink short_code = {.length = 0};
    psd_test_netlink_message(&short_code, NLMSG_DONE, 0, 5, NULL, 0);
    assert_refused(&short_code, PSD_DATA_LOSS, 0, "truncated result");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address),  cmocka_unit_test(a_point_to_point_address),
        cmocka_unit_test(an_ipv6_address),  cmocka_unit_test(malformed_addresses),
        cmocka_unit_test(a_default_route),  cmocka_unit_test(a_gateway_of_the_other_family),
        cmocka_unit_test(several_hops),     cmocka_unit_test(other_routes),
        cmocka_unit_test(malformed_routes), cmocka_unit_test(answers),
        cmocka_unit_test(refused_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
