#include "server/scan/net/nic_look.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "server/scan/net/speed.h"

enum {
    ATTEMPTS = 20, /* to look while everything changes */
    /* From linux/rtnetlink.h of Linux 4.4 on: no counters, which nobody reads here. */
    FILTER_SKIP_STATS = 1 << 3,
};

/* ---- questions ---- */

/* A request for links: by index, by name, or of one master. */
typedef struct link_request {
    struct nlmsghdr header;
    struct ifinfomsg body;
    char attributes[64];
} link_request;

static void add_attribute(struct nlmsghdr *header, uint16_t type, const void *data, size_t length)
{
    struct nlattr head = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
    char *at = (char *)header + NLMSG_ALIGN(header->nlmsg_len);
    memcpy(at, &head, sizeof(head));
    memcpy(at + NLA_HDRLEN, data, length);
    header->nlmsg_len = (uint32_t)(NLMSG_ALIGN(header->nlmsg_len) + NLA_ALIGN(head.nla_len));
}

static link_request ask_for_links(uint16_t flags)
{
    const uint32_t filter = FILTER_SKIP_STATS;
    link_request it = {.header = {.nlmsg_len = NLMSG_LENGTH(sizeof(it.body)),
                                  .nlmsg_type = RTM_GETLINK,
                                  .nlmsg_flags = NLM_F_REQUEST | flags}};
    add_attribute(&it.header, IFLA_EXT_MASK, &filter, sizeof(filter));
    return it;
}

/* ---- one link ---- */

static int take_link(void *arg, const psd_netlink_message *message, psd_error *error)
{
    if (message->type != RTM_NEWLINK)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink answered with type %u", message->type);
    return psd_link_parse(message->payload, message->length, arg, error);
}

/* 1 with the link, 0 when there is none, -1. */
static int get_link(psd_netlink *netlink, link_request *request, int64_t deadline_ms, psd_link *link,
                    psd_error *error)
{
    psd_netlink_outcome outcome;
    psd_error why = PSD_ERROR_INIT;
    if (psd_netlink_ask(netlink, &request->header, deadline_ms, take_link, link, &outcome, &why) == 0)
        return 1;
    if (why.sys_errno == ENODEV)
        return 0;
    return psd_error_copy(error, &why);
}

static int get_link_by_name(psd_netlink *netlink, const char *name, int64_t deadline_ms, psd_link *link,
                            psd_error *error)
{
    link_request request = ask_for_links(0);
    add_attribute(&request.header, IFLA_IFNAME, name, strlen(name) + 1);
    return get_link(netlink, &request, deadline_ms, link, error);
}

static int get_link_by_index(psd_netlink *netlink, unsigned index, int64_t deadline_ms, psd_link *link,
                             psd_error *error)
{
    link_request request = ask_for_links(0);
    request.body.ifi_index = (int)index;
    return get_link(netlink, &request, deadline_ms, link, error);
}

/* The kernel also finds alternative names; those are not the exact one. */
static int find_by_name(psd_netlink *netlink, const char *name, int64_t deadline_ms, psd_nic_view *view,
                        psd_error *error)
{
    int found = get_link_by_name(netlink, name, deadline_ms, &view->link, error);
    if (found <= 0)
        return found;
    view->exists = strcmp(view->link.name, name) == 0;
    if (!view->exists)
        memcpy(view->alias_of, view->link.name, sizeof(view->alias_of));
    return 0;
}

static int find_link(psd_netlink *netlink, const char *text, int64_t deadline_ms, psd_nic_view *view,
                     psd_error *error)
{
    char base[PSD_INTERFACE_NAME_SIZE];
    view->exists = false;
    view->alias_of[0] = '\0';
    if (strlen(text) < sizeof(base) && find_by_name(netlink, text, deadline_ms, view, error) < 0)
        return -1;
    if (view->exists || !strchr(text, '@'))
        return 0;
    psd_interface_name_base(text, base);
    return find_by_name(netlink, base, deadline_ms, view, error);
}

/* ---- what belongs to it ---- */

typedef struct address_sink {
    unsigned index;
    psd_addresses *list;
} address_sink;

static int take_address(void *arg, const psd_netlink_message *message, psd_error *error)
{
    const address_sink *sink = arg;
    psd_address address;
    if (message->type != RTM_NEWADDR)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink answered with type %u", message->type);
    if (psd_address_parse(message->payload, message->length, &address, error) < 0)
        return -1;
    return address.index == sink->index ? psd_addresses_add(sink->list, &address, error) : 0;
}

/* Adds them to the list. */
static int ask_for_addresses(psd_netlink *netlink, uint8_t family, int64_t deadline_ms, psd_nic_view *view,
                             psd_netlink_outcome *outcome, psd_error *error)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg body;
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.body)),
                   .nlmsg_type = RTM_GETADDR,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.ifa_family = family, .ifa_index = view->link.index},
    };
    address_sink sink = {.index = view->link.index, .list = &view->addresses};
    psd_error why = PSD_ERROR_INIT;
    if (psd_netlink_ask(netlink, &request.header, deadline_ms, take_address, &sink, outcome, &why) == 0 ||
        (family == AF_INET6 && why.sys_errno == EOPNOTSUPP)) /* a kernel without IPv6 */
        return 0;
    return psd_error_copy(error, &why);
}

/* The COUNT addresses from FIRST on are the same as those behind them, which are all the rest. */
static bool is_told_twice(const psd_addresses *list, size_t first, size_t count)
{
    const psd_address *items = list->items + first;
    bool same = list->count - first == 2 * count;
    for (size_t i = 0; i < count && same; i++)
        same = psd_address_equal(&items[i], &items[count + i]);
    return same;
}

/* Whether an address of the interface came or went. */
typedef struct change_sink {
    unsigned index;
    bool changed;
} change_sink;

static int notice_change(void *arg, const psd_netlink_message *message, psd_error *error)
{
    change_sink *sink = arg;
    psd_address address;
    if (message->type != RTM_NEWADDR && message->type != RTM_DELADDR)
        return 0;
    if (psd_address_parse(message->payload, message->length, &address, error) < 0)
        return -1;
    sink->changed = sink->changed || address.index == sink->index;
    return 0;
}

/* When the list changes between two parts of an answer, some addresses are left
 * out or stand there twice, and the kernel does not always say so: it changes
 * the list first and counts the change later. Hence an answer of several parts
 * counts only when the next one is the same, and no change was heard of during
 * both. */
static int look_long_list(psd_netlink *netlink, uint8_t family, int64_t deadline_ms, psd_nic_view *view,
                          bool *interrupted, psd_error *error)
{
    PSD_AUTO_CLOSE int events = -1;
    psd_addresses *list = &view->addresses;
    psd_netlink_outcome one;
    psd_netlink_outcome two;
    change_sink heard = {.index = view->link.index};
    bool lost = false;
    size_t first = list->count;
    if (psd_netlink_listen(0, &events, error) < 0 ||
        ask_for_addresses(netlink, family, deadline_ms, view, &one, error) < 0)
        return -1;
    size_t count = list->count - first;
    if (ask_for_addresses(netlink, family, deadline_ms, view, &two, error) < 0 ||
        psd_netlink_hear(netlink, events, notice_change, &heard, &lost, error) < 0)
        return -1;
    *interrupted = one.interrupted || two.interrupted || lost || heard.changed ||
                   !is_told_twice(list, first, count);
    list->count = first + count;
    return 0;
}

static int look_addresses(psd_netlink *netlink, uint8_t family, int64_t deadline_ms, psd_nic_view *view,
                          bool *interrupted, psd_error *error)
{
    psd_netlink_outcome outcome;
    size_t before = view->addresses.count;
    if (ask_for_addresses(netlink, family, deadline_ms, view, &outcome, error) < 0)
        return -1;
    *interrupted = outcome.interrupted;
    if (outcome.parts < 2)
        return 0;
    view->addresses.count = before;
    return look_long_list(netlink, family, deadline_ms, view, interrupted, error);
}

static int take_route(void *arg, const psd_netlink_message *message, psd_error *error)
{
    psd_nic_view *view = arg;
    psd_route route;
    if (message->type != RTM_NEWROUTE)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink answered with type %u", message->type);
    if (psd_route_parse(message->payload, message->length, view->link.index, &route, error) < 0)
        return -1;
    if (route.is_through && (!view->gateway.is_through || route.metric < view->gateway.metric))
        view->gateway = route;
    return 0;
}

static int look_gateway(psd_netlink *netlink, int64_t deadline_ms, psd_nic_view *view, bool *interrupted,
                        psd_error *error)
{
    struct {
        struct nlmsghdr header;
        struct rtmsg body;
        char attributes[16];
    } request = {
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(request.body)),
                   .nlmsg_type = RTM_GETROUTE,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN},
    };
    psd_netlink_outcome outcome;
    psd_error why = PSD_ERROR_INIT;
    add_attribute(&request.header, RTA_OIF, &view->link.index, sizeof(view->link.index));
    if (psd_netlink_ask(netlink, &request.header, deadline_ms, take_route, view, &outcome, &why) < 0 &&
        why.sys_errno != ENOENT) /* a table that never had a route */
        return psd_error_copy(error, &why);
    *interrupted = outcome.interrupted;
    return 0;
}

/* A peer in another namespace has a number there, not here. */
static int look_parent(psd_netlink *netlink, int64_t deadline_ms, psd_nic_view *view, psd_error *error)
{
    psd_link lower;
    if (view->link.lower == 0 || view->link.lower == view->link.index)
        return 0;
    int found = view->link.lower_elsewhere
                    ? 0
                    : get_link_by_index(netlink, view->link.lower, deadline_ms, &lower, error);
    if (found > 0)
        memcpy(view->parent, lower.name, sizeof(view->parent));
    else
        snprintf(view->parent, sizeof(view->parent), "if%u", view->link.lower);
    return found < 0 ? -1 : 0;
}

typedef struct member_sink {
    unsigned master;
    psd_nic_names *names;
} member_sink;

static int add_name(psd_nic_names *names, const char *name, psd_error *error)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity ? 2 * names->capacity : 8;
        void *items = realloc(names->items, capacity * sizeof(*names->items));
        if (!items)
            return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for %zu links", capacity);
        names->items = items;
        names->capacity = capacity;
    }
    snprintf(names->items[names->count++], sizeof(*names->items), "%s", name);
    return 0;
}

static int take_member(void *arg, const psd_netlink_message *message, psd_error *error)
{
    const member_sink *sink = arg;
    psd_link link = {.index = 0};
    if (take_link(&link, message, error) < 0)
        return -1;
    return link.master == sink->master ? add_name(sink->names, link.name, error) : 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int look_members(psd_netlink *netlink, unsigned master, int64_t deadline_ms, psd_nic_names *names,
                        bool *interrupted, psd_error *error)
{
    link_request request = ask_for_links(NLM_F_DUMP);
    member_sink sink = {.master = master, .names = names};
    psd_netlink_outcome outcome;
    names->count = 0;
    add_attribute(&request.header, IFLA_MASTER, &master, sizeof(master));
    if (psd_netlink_ask(netlink, &request.header, deadline_ms, take_member, &sink, &outcome, error) < 0)
        return psd_error_prefix(error, "members");
    *interrupted = outcome.interrupted;
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(*names->items), compare_names);
    return 0;
}

int psd_nic_look_members(psd_netlink *netlink, unsigned master, int64_t deadline_ms, psd_nic_names *names,
                         psd_error *error)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        bool interrupted = false;
        if (look_members(netlink, master, deadline_ms, names, &interrupted, error) < 0)
            return -1;
        if (!interrupted)
            return 0;
    }
    return psd_error_set(error, PSD_ABORTED, "the links changed during each of %d looks", ATTEMPTS);
}

/* ---- the whole ---- */

static void forget(psd_nic_view *view)
{
    view->parent[0] = '\0';
    view->speed_mbps = 0;
    view->addresses.count = 0;
    view->gateway = (psd_route){.is_default = false};
    view->members.count = 0;
}

/* *AGAIN: the answers do not fit together. */
static int look_inside(psd_netlink *netlink, int64_t deadline_ms, psd_nic_view *view, bool *again,
                       psd_error *error)
{
    bool interrupted[4] = {false};
    if (look_addresses(netlink, AF_INET, deadline_ms, view, &interrupted[0], error) < 0 ||
        look_addresses(netlink, AF_INET6, deadline_ms, view, &interrupted[1], error) < 0)
        return psd_error_prefix(error, "addresses");
    if (look_gateway(netlink, deadline_ms, view, &interrupted[2], error) < 0)
        return psd_error_prefix(error, "routes");
    if (look_parent(netlink, deadline_ms, view, error) < 0)
        return psd_error_prefix(error, "parent");
    if (view->link.is_bond &&
        look_members(netlink, view->link.index, deadline_ms, &view->members, &interrupted[3], error) < 0)
        return -1;
    view->speed_mbps = psd_nic_speed(view->link.name);
    *again = interrupted[0] || interrupted[1] || interrupted[2] || interrupted[3];
    return 0;
}

int psd_nic_look(psd_netlink *netlink, const char *text, int64_t deadline_ms, psd_nic_view *view,
                 psd_error *error)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        psd_error why = PSD_ERROR_INIT;
        bool again = false;
        forget(view);
        if (find_link(netlink, text, deadline_ms, view, error) < 0)
            return psd_error_prefix(error, "interface '%s'", text);
        if (!view->exists)
            return 0;
        if (look_inside(netlink, deadline_ms, view, &again, &why) < 0) {
            if (why.sys_errno != ENODEV) { /* otherwise it has vanished meanwhile */
                psd_error_copy(error, &why);
                return psd_error_prefix(error, "interface '%s'", text);
            }
            again = true;
        }
        if (!again)
            return 0;
    }
    return psd_error_set(error, PSD_ABORTED, "interface '%s' changed during each of %d looks", text,
                         ATTEMPTS);
}

void psd_nic_view_free(psd_nic_view *view)
{
    psd_addresses_free(&view->addresses);
    free(view->members.items);
    *view = (psd_nic_view){.exists = false};
}
