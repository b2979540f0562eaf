#include "server/scan/netlink/attributes.h"

#include <linux/netlink.h>
#include <string.h>

#include "common/text.h"

int psd_attributes_next(psd_attributes *rest, psd_attribute *it, psd_error *error)
{
    struct nlattr head = {0};
    if (rest->length == 0)
        return 0;
    if (rest->length >= sizeof(head))
        memcpy(&head, rest->at, sizeof(head));
    if (head.nla_len < NLA_HDRLEN || head.nla_len > rest->length)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent a malformed attribute");
    *it = (psd_attribute){.type = head.nla_type & NLA_TYPE_MASK,
                          .data = rest->at + NLA_HDRLEN,
                          .length = head.nla_len - (size_t)NLA_HDRLEN};
    size_t step = NLA_ALIGN(head.nla_len);
    if (step > rest->length)
        step = rest->length;
    rest->at += step;
    rest->length -= step;
    return 1;
}

static int read_number(const psd_attribute *it, const char *name, void *value, size_t size, psd_error *error)
{
    if (it->length != size)
        return psd_error_set(error, PSD_DATA_LOSS, "the kernel sent %s with %zu bytes instead of %zu", name,
                             it->length, size);
    memcpy(value, it->data, size);
    return 0;
}

int psd_attribute_u8(const psd_attribute *it, const char *name, uint8_t *value, psd_error *error)
{
    return read_number(it, name, value, sizeof(*value), error);
}

int psd_attribute_u32(const psd_attribute *it, const char *name, uint32_t *value, psd_error *error)
{
    return read_number(it, name, value, sizeof(*value), error);
}

int psd_attribute_string(const psd_attribute *it, const char *name, char *text, size_t size, psd_error *error)
{
    size_t length = strnlen(it->data, it->length);
    if (length == it->length || length >= size)
        return psd_error_set(error, PSD_DATA_LOSS,
                             "the kernel sent %s that is no text of less than %zu bytes", name, size);
    memcpy(text, it->data, length + 1);
    psd_text_flatten(text);
    return 0;
}
