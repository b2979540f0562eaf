/* Interfaces as rtnetlink describes them: canned messages, also of devices that a kernel may lack. */
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "common/macros.h"
#include "server/scan/net/link.h"
#include "test/support/check.h"
#include "test/support/netlink_builder.h"

enum {
    UP = POLARSTACK__V1__LINK_STATE__LINK_UP,
    DOWN = POLARSTACK__V1__LINK_STATE__LINK_DOWN,
    RUNNING = IFF_UP | IFF_RUNNING | IFF_LOWER_UP,
};

static const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0xab};

static psd_test_netlink link_message(int index, const char *name, unsigned flags, uint8_t operstate,
                                     uint8_t carrier)
{
    psd_test_netlink it = {.length = 0};
    const struct ifinfomsg body = {.ifi_index = index, .ifi_flags = flags, .ifi_type = 1};
    psd_test_netlink_message(&it, RTM_NEWLINK, 0, 1, &body, sizeof(body));
    psd_test_netlink_text(&it, IFLA_IFNAME, name);
    psd_test_netlink_u8(&it, IFLA_OPERSTATE, operstate);
    psd_test_netlink_u8(&it, IFLA_CARRIER, carrier);
    psd_test_netlink_u32(&it, IFLA_MTU, 1500);
    psd_test_netlink_add(&it, IFLA_ADDRESS, mac, sizeof(mac));
    return it;
}

static int parse(const psd_test_netlink *it, psd_link *link, psd_error *error)
{
    return psd_link_parse(psd_test_netlink_payload(it), psd_test_netlink_payload_length(it), link, error);
}

static psd_link parsed(const psd_test_netlink *it)
{
    psd_link link;
    psd_error error = PSD_ERROR_INIT;
    assert_works(parse(it, &link, &error), &error);
    return link;
}

static void an_ordinary_interface(void **state)
{
    (void)state;
    psd_test_netlink it = link_message(7, "eth1", RUNNING, IF_OPER_UP, 1);
    psd_link link = parsed(&it);
    assert_int_equal(link.index, 7);
    assert_string_equal(link.name, "eth1");
    assert_string_equal(link.mac, "52:54:00:12:34:ab");
    assert_int_equal(link.mtu, 1500);
    assert_true(link.carrier);
    assert_int_equal(link.master, 0);
    assert_int_equal(link.lower, 0);
    assert_string_equal(link.kind, "");
    assert_false(link.is_bond);
}

/* The name is that before the '@' of `ip link`; the parent is only a number. */
static void a_vlan(void **state)
{
    (void)state;
    psd_test_netlink it = link_message(9, "bond0.100", RUNNING, IF_OPER_UP, 1);
    const uint16_t id = 100;
    psd_test_netlink_u32(&it, IFLA_LINK, 5);
    size_t info = psd_test_netlink_nest(&it, IFLA_LINKINFO);
    psd_test_netlink_text(&it, IFLA_INFO_KIND, "vlan");
    size_t data = psd_test_netlink_nest(&it, IFLA_INFO_DATA);
    /* The number of IFLA_BOND_MODE, in another kind's data. */
    psd_test_netlink_add(&it, IFLA_VLAN_ID, &id, sizeof(id));
    psd_test_netlink_end(&it, data);
    psd_test_netlink_end(&it, info);
    psd_link link = parsed(&it);
    assert_string_equal(link.name, "bond0.100");
    assert_int_equal(link.lower, 5);
    assert_false(link.lower_elsewhere);
    assert_string_equal(link.kind, "vlan");
    assert_false(link.is_bond);
}

static psd_test_netlink bond(uint8_t mode, bool data_first)
{
    psd_test_netlink it = link_message(5, "bond0", RUNNING | IFF_MASTER, IF_OPER_UP, 1);
    size_t info = psd_test_netlink_nest(&it, IFLA_LINKINFO);
    if (!data_first)
        psd_test_netlink_text(&it, IFLA_INFO_KIND, "bond");
    size_t data = psd_test_netlink_nest(&it, IFLA_INFO_DATA);
    psd_test_netlink_u8(&it, IFLA_BOND_MODE, mode);
    psd_test_netlink_u32(&it, IFLA_BOND_ACTIVE_SLAVE, 2);
    psd_test_netlink_u32(&it, IFLA_BOND_MIIMON, 100);
    psd_test_netlink_end(&it, data);
    if (data_first)
        psd_test_netlink_text(&it, IFLA_INFO_KIND, "bond");
    psd_test_netlink_end(&it, info);
    return it;
}

static void a_bond(void **state)
{
    (void)state;
    static const char *const names[] = {"balance-rr", "active-backup", "balance-xor", "broadcast",
                                        "802.3ad",    "balance-tlb",   "balance-alb", "unknown"};
    for (size_t mode = 0; mode < PSD_ARRAY_SIZE(names); mode++) {
        psd_test_netlink it = bond((uint8_t)mode, mode % 2);
        psd_link link = parsed(&it);
        assert_true(link.is_bond);
        assert_string_equal(link.kind, "bond");
        assert_string_equal(psd_link_bond_mode_name(link.bond_mode), names[mode]);
    }
}

static void a_member_of_a_bond(void **state)
{
    (void)state;
    psd_test_netlink it = link_message(2, "eth0", RUNNING | IFF_SLAVE, IF_OPER_UP, 1);
    psd_test_netlink_u32(&it, IFLA_MASTER, 5);
    size_t info = psd_test_netlink_nest(&it, IFLA_LINKINFO);
    psd_test_netlink_text(&it, IFLA_INFO_SLAVE_KIND, "bond");
    size_t data = psd_test_netlink_nest(&it, IFLA_INFO_SLAVE_DATA);
    psd_test_netlink_u8(&it, IFLA_BOND_SLAVE_STATE, 0);
    psd_test_netlink_end(&it, data);
    psd_test_netlink_end(&it, info);
    psd_link link = parsed(&it);
    assert_int_equal(link.master, 5);
    assert_false(link.is_bond);
    assert_string_equal(link.kind, "");
}

static void a_peer_in_another_namespace(void **state)
{
    (void)state;
    psd_test_netlink it = link_message(4, "eth0", RUNNING, IF_OPER_UP, 1);
    psd_test_netlink_u32(&it, IFLA_LINK, 5);
    psd_test_netlink_u32(&it, IFLA_LINK_NETNSID, 0);
    assert_true(parsed(&it).lower_elsewhere);
}

static void states(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned flags;
        uint8_t operstate;
        uint8_t carrier;
        int state;
        const char *reason;
    } cases[] = {
        {"eth0", RUNNING, IF_OPER_UP, 1, UP, ""},
        /* They keep no operstate, and work. */
        {"lo", RUNNING | IFF_LOOPBACK, IF_OPER_UNKNOWN, 1, UP, ""},
        {"dummy0", RUNNING | IFF_NOARP, IF_OPER_UNKNOWN, 1, UP, ""},
        {"dummy0", IFF_NOARP, IF_OPER_UNKNOWN, 1, DOWN, "administratively down"},
        {"tun0", IFF_UP, IF_OPER_UNKNOWN, 0, DOWN, "no carrier"},
        {"eth0", 0, IF_OPER_DOWN, 0, DOWN, "administratively down"},
        {"eth0", 0, IF_OPER_UP, 1, DOWN, "administratively down"},
        {"eth0", IFF_UP, IF_OPER_DOWN, 0, DOWN, "no carrier"},
        /* The operstate comes a moment after the carrier. */
        {"eth0", IFF_UP | IFF_LOWER_UP, IF_OPER_DOWN, 1, UP, ""},
        {"eth0", IFF_UP, IF_OPER_UP, 0, DOWN, "no carrier"},
        {"veth0", IFF_UP, IF_OPER_LOWERLAYERDOWN, 0, DOWN, "no carrier: what it lies on is down"},
        {"eth0", IFF_UP | IFF_LOWER_UP | IFF_DORMANT, IF_OPER_DORMANT, 1, DOWN, "dormant: it waits for"},
        {"eth0", IFF_UP | IFF_LOWER_UP, IF_OPER_TESTING, 1, DOWN, "it tests itself"},
        {"eth0", IFF_UP | IFF_LOWER_UP, IF_OPER_NOTPRESENT, 1, DOWN, "its hardware is not present"},
        {"eth0", RUNNING, 77, 1, UP, ""},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_test_netlink it = link_message(3, cases[i].name, cases[i].flags, cases[i].operstate,
                                           cases[i].carrier);
        psd_link link = parsed(&it);
        const char *reason = NULL;
        assert_int_equal(psd_link_state(&link, &reason), cases[i].state);
        assert_memory_equal(reason, cases[i].reason, strlen(cases[i].reason));
        assert_int_equal(reason[0] == '\0', cases[i].state == UP);
    }
    assert_string_equal(psd_link_operstate_name(IF_OPER_LOWERLAYERDOWN), "lowerlayerdown");
    assert_string_equal(psd_link_operstate_name(77), "unknown");
}

static void names_hold_no_control_characters(void **state)
{
    (void)state;
    psd_test_netlink it = link_message(3, "a\033[1mb", RUNNING, IF_OPER_UP, 1);
    assert_string_equal(parsed(&it).name, "a?[1mb");
}

static void malformed_messages(void **state)
{
    (void)state;
    psd_link link;
    psd_error error;
    psd_test_netlink good = bond(4, false);
    size_t length = psd_test_netlink_payload_length(&good);
    /* Cut anywhere: refused, unless the cut falls between two attributes. */
    for (size_t cut = 0; cut < length; cut++) {
        error = (psd_error)PSD_ERROR_INIT;
        int result = psd_link_parse(psd_test_netlink_payload(&good), cut, &link, &error);
        assert_true(result == 0 || error.code == PSD_DATA_LOSS);
        assert_true(result < 0 || cut >= sizeof(struct ifinfomsg) + NLA_HDRLEN + sizeof("bond0"));
    }
    psd_test_netlink nameless = {.length = 0};
    const struct ifinfomsg body = {.ifi_index = 3};
    psd_test_netlink_message(&nameless, RTM_NEWLINK, 0, 1, &body, sizeof(body));
    assert_fails(parse(&nameless, &link, &error), &error, PSD_DATA_LOSS, "interface 3 without a name");
    psd_test_netlink unnumbered = link_message(0, "eth0", 0, 0, 0);
    assert_fails(parse(&unnumbered, &link, &error), &error, PSD_DATA_LOSS, "with the index 0");
    psd_test_netlink long_name = link_message(3, "sixteen--letters", 0, 0, 0);
    assert_fails(parse(&long_name, &link, &error), &error, PSD_DATA_LOSS, "IFLA_IFNAME");
    psd_test_netlink open_name = link_message(3, "eth0", 0, 0, 0);
    psd_test_netlink_add(&open_name, IFLA_IFNAME, "eth0", 4);
    assert_fails(parse(&open_name, &link, &error), &error, PSD_DATA_LOSS, "IFLA_IFNAME");
    psd_test_netlink wide = link_message(3, "eth0", 0, 0, 0);
    psd_test_netlink_u8(&wide, IFLA_MTU, 1);
    assert_fails(parse(&wide, &link, &error), &error, PSD_DATA_LOSS, "IFLA_MTU with 1 bytes instead of 4");
    psd_test_netlink large = link_message(3, "eth0", 0, 0, 0);
    const char address[33] = {0};
    psd_test_netlink_add(&large, IFLA_ADDRESS, address, sizeof(address));
    assert_fails(parse(&large, &link, &error), &error, PSD_DATA_LOSS, "hardware address of 33 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_interface),
        cmocka_unit_test(a_vlan),
        cmocka_unit_test(a_bond),
        cmocka_unit_test(a_member_of_a_bond),
        cmocka_unit_test(a_peer_in_another_namespace),
        cmocka_unit_test(states),
        cmocka_unit_test(names_hold_no_control_characters),
        cmocka_unit_test(malformed_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
