#include "server/scan/net/route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "server/scan/netlink/attributes.h"

/* One way out: an interface, perhaps with a gateway. */
typedef struct hop {
    uint32_t index;
    uint8_t family;
    uint8_t gateway[16];
} hop;

static int set_gateway(hop *to, uint8_t family, const char *bytes, size_t length, psd_error *error)
{
    size_t size = family == AF_INET ? 4 : 16;
    if ((family != AF_INET && family != AF_INET6) || length != size)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent a gateway of family %u with %zu bytes",
                             family, length);
    to->family = family;
    memcpy(to->gateway, bytes, size);
    return 0;
}

/* struct rtvia: the family, then the address. */
static int parse_via(const psd_attribute *it, hop *to, psd_error *error)
{
    uint16_t family = 0;
    if (it->length < sizeof(family))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent RTA_VIA with %zu bytes", it->length);
    memcpy(&family, it->data, sizeof(family));
    return set_gateway(to, (uint8_t)family, it->data + sizeof(family), it->length - sizeof(family), error);
}

/* What a route and each of several next hops have alike. */
static int parse_hop_attribute(const psd_attribute *it, hop *to, psd_error *error)
{
    if (it->type == RTA_GATEWAY)
        return set_gateway(to, AF_INET, it->data, it->length, error);
    return it->type == RTA_VIA ? parse_via(it, to, error) : 0;
}

static void take_hop(const hop *from, unsigned index, psd_route *route)
{
    if (from->index != index || index == 0 || (route->is_through && route->gateway_family != 0))
        return;
    route->is_through = true;
    route->gateway_family = from->family;
    memcpy(route->gateway, from->gateway, sizeof(route->gateway));
}

static int parse_hop(const char *at, size_t length, hop *to, psd_error *error)
{
    psd_attributes rest = {at, length};
    psd_attribute it;
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        if (parse_hop_attribute(&it, to, error) < 0)
            return -1;
    }
    return found;
}

static int parse_hops(const psd_attribute *all, unsigned index, psd_route *route, psd_error *error)
{
    const char *at = all->data;
    size_t length = all->length;
    while (length > 0) {
        struct rtnexthop head = {0};
        if (length >= sizeof(head))
            memcpy(&head, at, sizeof(head));
        if (head.rtnh_len < sizeof(head) || head.rtnh_len > length)
            return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent a malformed next hop");
        hop one = {.index = (uint32_t)head.rtnh_ifindex};
        if (parse_hop(at + sizeof(head), head.rtnh_len - sizeof(head), &one, error) < 0)
            return -1;
        take_hop(&one, index, route);
        size_t step = RTNH_ALIGN((size_t)head.rtnh_len);
        if (step >= length)
            break;
        at += step;
        length -= step;
    }
    return 0;
}

static int parse_attributes(psd_attributes rest, uint32_t table, unsigned index, psd_route *route,
                            psd_error *error)
{
    psd_attribute it;
    hop single = {.index = 0};
    int found = 0;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        int result = 0;
        if (it.type == RTA_TABLE)
            result = psd_attribute_u32(&it, "RTA_TABLE", &table, error);
        else if (it.type == RTA_PRIORITY)
            result = psd_attribute_u32(&it, "RTA_PRIORITY", &route->metric, error);
        else if (it.type == RTA_OIF)
            result = psd_attribute_u32(&it, "RTA_OIF", &single.index, error);
        else if (it.type == RTA_MULTIPATH)
            result = parse_hops(&it, index, route, error);
        else
            result = parse_hop_attribute(&it, &single, error);
        if (result < 0)
            return -1;
    }
    take_hop(&single, index, route);
    if (found == 0 && table != RT_TABLE_MAIN)
        *route = (psd_route){.is_default = false};
    return found;
}

int psd_route_parse(const void *payload, size_t length, unsigned index, psd_route *route, psd_error *error)
{
    struct rtmsg head;
    if (length < sizeof(head))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent a route of only %zu bytes", length);
    memcpy(&head, payload, sizeof(head));
    *route = (psd_route){.is_default = head.rtm_family == AF_INET && head.rtm_dst_len == 0 &&
                                       head.rtm_type == RTN_UNICAST && !(head.rtm_flags & RTM_F_CLONED)};
    if (!route->is_default)
        return 0;
    psd_attributes rest = {(const char *)payload + sizeof(head), length - sizeof(head)};
    return parse_attributes(rest, head.rtm_table, index, route, error);
}

const char *psd_route_gateway_text(const psd_route *route, char text[INET6_ADDRSTRLEN])
{
    text[0] = '\0';
    if (route->gateway_family != 0)
        inet_ntop(route->gateway_family, route->gateway, text, INET6_ADDRSTRLEN);
    return text;
}
