#include "server/scan/net/address.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/scan/netlink/attributes.h"

static int copy_bytes(const psd_attribute *it, psd_address *address, psd_error *error)
{
    size_t size = address->family == AF_INET ? 4 : 16;
    if (it->length != size)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an address of %zu bytes instead of %zu",
                             it->length, size);
    memcpy(address->bytes, it->data, size);
    return 0;
}

/* IFA_ADDRESS is that of the other end of a point-to-point link, which has
 * IFA_LOCAL as well. */
static int parse_attributes(psd_attributes rest, psd_address *address, psd_error *error)
{
    psd_attribute it;
    int found = 0;
    bool has_local = false;
    bool has_bytes = false;
    while ((found = psd_attributes_next(&rest, &it, error)) > 0) {
        bool is_local = it.type == IFA_LOCAL;
        if ((is_local || (it.type == IFA_ADDRESS && !has_local)) && copy_bytes(&it, address, error) < 0)
            return -1;
        if (it.type == IFA_FLAGS && psd_attribute_u32(&it, "IFA_FLAGS", &address->flags, error) < 0)
            return -1;
        if (it.type == IFA_LABEL &&
            psd_attribute_string(&it, "IFA_LABEL", address->label, sizeof(address->label), error) < 0)
            return -1;
        has_local = has_local || is_local;
        has_bytes = has_bytes || is_local || it.type == IFA_ADDRESS;
    }
    if (found == 0 && !has_bytes)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an address without its bytes");
    return found;
}

int psd_address_parse(const void *payload, size_t length, psd_address *address, psd_error *error)
{
    struct ifaddrmsg head;
    if (length < sizeof(head))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an address message of only %zu bytes",
                             length);
    memcpy(&head, payload, sizeof(head));
    if (head.ifa_family != AF_INET && head.ifa_family != AF_INET6)
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an address of family %u", head.ifa_family);
    if (head.ifa_prefixlen > (head.ifa_family == AF_INET ? 32 : 128))
        return psd_error_set(error, PSD_DATA_LOSS, "rtnetlink sent an address with a prefix of %u bits",
                             head.ifa_prefixlen);
    *address = (psd_address){.index = head.ifa_index,
                             .family = head.ifa_family,
                             .prefix_length = head.ifa_prefixlen,
                             .scope = head.ifa_scope,
                             .flags = head.ifa_flags};
    psd_attributes rest = {(const char *)payload + sizeof(head), length - sizeof(head)};
    return parse_attributes(rest, address, error);
}

const char *psd_address_text(const psd_address *address, char text[INET6_ADDRSTRLEN])
{
    return inet_ntop(address->family, address->bytes, text, INET6_ADDRSTRLEN);
}

const char *psd_address_scope_name(uint8_t scope, char text[8])
{
    switch (scope) {
    case RT_SCOPE_UNIVERSE:
        return "global";
    case RT_SCOPE_SITE:
        return "site";
    case RT_SCOPE_LINK:
        return "link";
    case RT_SCOPE_HOST:
        return "host";
    case RT_SCOPE_NOWHERE:
        return "nowhere";
    default:
        snprintf(text, 8, "%u", scope);
        return text;
    }
}

int psd_address_compare(const psd_address *a, const psd_address *b)
{
    if (a->family != b->family)
        return a->family == AF_INET ? -1 : 1;
    int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
    return order != 0 ? order : (int)a->prefix_length - (int)b->prefix_length;
}

bool psd_address_equal(const psd_address *a, const psd_address *b)
{
    return psd_address_compare(a, b) == 0 && a->index == b->index && a->scope == b->scope &&
           a->flags == b->flags && strcmp(a->label, b->label) == 0;
}

int psd_addresses_add(psd_addresses *list, const psd_address *address, psd_error *error)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        psd_address *items = realloc(list->items, capacity * sizeof(*items));
        if (!items)
            return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for %zu addresses", capacity);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *address;
    return 0;
}

void psd_addresses_free(psd_addresses *list)
{
    free(list->items);
    *list = (psd_addresses){NULL, 0, 0};
}
