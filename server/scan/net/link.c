#include "server/scan/net/link.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "server/scan/netlink/attributes.h"

static int parse_mac(const psd_attribute *it, psd_link *link, psd_error *error)
{
    if (3 * it->length > sizeof(link->mac))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent a hardware address of %zu bytes",
                             it->length);
    for (size_t i = 0; i < it->length; i++)
        snprintf(link->mac + 3 * i, 4, "%02x%s", (unsigned char)it->data[i], i + 1 < it->length ? ":" : "");
    return 0;
}

static int parse_bond(psd_attributes rest, psd_link *link, psd_error *error)
{
    psd_attribute it;
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        if (it.type != IFLA_BOND_MODE)
            continue;
        if (psd_attribute_u8(&it, "IFLA_BOND_MODE", &link->bond_mode, error) < 0)
            return -1;
        link->is_bond = true;
    }
    return found;
}

/* The kind says what the data means, wherever it stands. */
static int parse_info(psd_attributes rest, psd_link *link, psd_error *error)
{
    psd_attribute it;
    psd_attributes data = {NULL, 0};
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        if (it.type == IFLA_INFO_KIND &&
            psd_attribute_string(&it, "IFLA_INFO_KIND", link->kind, sizeof(link->kind), error) < 0)
            return -1;
        if (it.type == IFLA_INFO_DATA)
            data = (psd_attributes){it.data, it.length};
    }
    if (found < 0)
        return -1;
    return strcmp(link->kind, "bond") == 0 ? parse_bond(data, link, error) : 0;
}

static int parse_attribute(const psd_attribute *it, psd_link *link, psd_error *error)
{
    uint8_t carrier = 0;
    switch (it->type) {
    case IFLA_IFNAME:
        return psd_attribute_string(it, "IFLA_IFNAME", link->name, sizeof(link->name), error);
    case IFLA_OPERSTATE:
        return psd_attribute_u8(it, "IFLA_OPERSTATE", &link->operstate, error);
    case IFLA_CARRIER:
        if (psd_attribute_u8(it, "IFLA_CARRIER", &carrier, error) < 0)
            return -1;
        link->carrier = carrier != 0;
        return 0;
    case IFLA_MTU:
        return psd_attribute_u32(it, "IFLA_MTU", &link->mtu, error);
    case IFLA_ADDRESS:
        return parse_mac(it, link, error);
    case IFLA_MASTER:
        return psd_attribute_u32(it, "IFLA_MASTER", &link->master, error);
    case IFLA_LINK:
        return psd_attribute_u32(it, "IFLA_LINK", &link->lower, error);
    case IFLA_LINK_NETNSID:
        link->lower_elsewhere = true;
        return 0;
    case IFLA_LINKINFO:
        return parse_info((psd_attributes){it->data, it->length}, link, error);
    default:
        return 0;
    }
}

int psd_link_parse(const void *payload, size_t length, psd_link *link, psd_error *error)
{
    struct ifinfomsg head;
    if (length < sizeof(head))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an interface of only %zu bytes", length);
    memcpy(&head, payload, sizeof(head));
    if (head.ifi_index <= 0)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an interface with the index %d",
                             head.ifi_index);
    *link = (psd_link){.index = (unsigned)head.ifi_index,
                       .family = head.ifi_family,
                       .flags = head.ifi_flags,
                       .carrier = (head.ifi_flags & IFF_LOWER_UP) != 0};
    psd_attributes rest = {(const char *)payload + sizeof(head), length - sizeof(head)};
    psd_attribute it;
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        if (parse_attribute(&it, link, error) < 0)
            return -1;
    }
    if (found < 0)
        return -1;
    if (!link->name[0])
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent interface %u without a name", link->index);
    return 0;
}

Polarstack__V1__LinkState psd_link_state(const psd_link *link, const char **reason)
{
    *reason = "";
    if (!(link->flags & IFF_UP))
        *reason = "administratively down";
    else if (!link->carrier)
        *reason = link->operstate == IF_OPER_LOWERLAYERDOWN ? "no carrier: what it lies on is down"
                                                            : "no carrier";
    else if (link->operstate == IF_OPER_DORMANT)
        *reason = "dormant: it waits for something, for example for authentication";
    else if (link->operstate == IF_OPER_TESTING)
        *reason = "it tests itself";
    else if (link->operstate == IF_OPER_NOTPRESENT)
        *reason = "its hardware is not present";
    return (*reason)[0] ? POLARSTACK__V1__LINK_STATE__LINK_DOWN : POLARSTACK__V1__LINK_STATE__LINK_UP;
}

const char *psd_link_operstate_name(uint8_t operstate)
{
    static const char *const names[] = {
        [IF_OPER_UNKNOWN] = "unknown", [IF_OPER_NOTPRESENT] = "notpresent",
        [IF_OPER_DOWN] = "down",       [IF_OPER_LOWERLAYERDOWN] = "lowerlayerdown",
        [IF_OPER_TESTING] = "testing", [IF_OPER_DORMANT] = "dormant",
        [IF_OPER_UP] = "up",
    };
    return operstate < PSD_ARRAY_SIZE(names) ? names[operstate] : "unknown";
}

const char *psd_link_bond_mode_name(uint8_t mode)
{
    /* The numbers and names of the kernel's module. */
    static const char *const names[] = {"balance-rr", "active-backup", "balance-xor", "broadcast",
                                        "802.3ad",    "balance-tlb",   "balance-alb"};
    return mode < PSD_ARRAY_SIZE(names) ? names[mode] : "unknown";
}
