#include "test/support/netlink_builder.h"

#include <stdlib.h>
#include <string.h>

static void append(psd_test_netlink *it, const void *data, size_t length)
{
    if (it->length + NLA_ALIGN(length) > sizeof(it->bytes))
        abort();
    if (length > 0)
        memcpy(it->bytes + it->length, data, length);
    it->length += NLA_ALIGN(length);
    struct nlmsghdr head;
    memcpy(&head, it->bytes + it->message, sizeof(head));
    head.nlmsg_len = (uint32_t)(it->length - it->message);
    memcpy(it->bytes + it->message, &head, sizeof(head));
}

void psd_test_netlink_message(psd_test_netlink *it, uint16_t type, uint16_t flags, uint32_t sequence,
                              const void *body, size_t length)
{
    const struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence};
    it->message = it->length;
    append(it, &head, sizeof(head));
    append(it, body, length);
}

void psd_test_netlink_add(psd_test_netlink *it, uint16_t type, const void *data, size_t length)
{
    char whole[1024];
    const struct nlattr head = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
    if (NLA_HDRLEN + length > sizeof(whole))
        abort();
    memcpy(whole, &head, sizeof(head));
    if (length > 0)
        memcpy(whole + NLA_HDRLEN, data, length);
    append(it, whole, NLA_HDRLEN + length);
}

void psd_test_netlink_text(psd_test_netlink *it, uint16_t type, const char *text)
{
    psd_test_netlink_add(it, type, text, strlen(text) + 1);
}

void psd_test_netlink_u8(psd_test_netlink *it, uint16_t type, uint8_t value)
{
    psd_test_netlink_add(it, type, &value, sizeof(value));
}

void psd_test_netlink_u32(psd_test_netlink *it, uint16_t type, uint32_t value)
{
    psd_test_netlink_add(it, type, &value, sizeof(value));
}

size_t psd_test_netlink_nest(psd_test_netlink *it, uint16_t type)
{
    size_t nest = it->length;
    psd_test_netlink_add(it, type | NLA_F_NESTED, NULL, 0);
    return nest;
}

void psd_test_netlink_end(psd_test_netlink *it, size_t nest)
{
    struct nlattr head;
    memcpy(&head, it->bytes + nest, sizeof(head));
    head.nla_len = (uint16_t)(it->length - nest);
    memcpy(it->bytes + nest, &head, sizeof(head));
}

const char *psd_test_netlink_payload(const psd_test_netlink *it)
{
    return it->bytes + it->message + NLMSG_HDRLEN;
}

size_t psd_test_netlink_payload_length(const psd_test_netlink *it)
{
    return it->length - it->message - NLMSG_HDRLEN;
}
