/*
 * attributes.h - the attributes behind a netlink message, strictly.
 *
 *   psd_attributes rest = {payload, length};
 *   psd_attribute it;
 *   int found;
 *   while ((found = psd_attributes_next(&rest, &it, error)) > 0)
 *       …
 *   if (found < 0)
 *       return -1;
 *
 * Lengths are checked against the message; nothing is copied.
 */
#ifndef PSD_SERVER_SCAN_NETLINK_ATTRIBUTES_H
#define PSD_SERVER_SCAN_NETLINK_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* What is not read yet. Starts with the bytes of all attributes. */
typedef struct psd_attributes {
    const char *at;
    size_t length;
} psd_attributes;

typedef struct psd_attribute {
    uint16_t type; /* without the flags of nested and big-endian ones */
    const char *data;
    size_t length;
} psd_attribute;

/* 1 with the next one, 0 at the end, -1 for a malformed one. */
int psd_attributes_next(psd_attributes *rest, psd_attribute *it, psd_error *error) PSD_MUST_CHECK;

/* The value, which must have exactly this size. NAME is the attribute's, for the error. */
int psd_attribute_u8(const psd_attribute *it, const char *name, uint8_t *value,
                     psd_error *error) PSD_MUST_CHECK;
int psd_attribute_u32(const psd_attribute *it, const char *name, uint32_t *value,
                      psd_error *error) PSD_MUST_CHECK;

/* A string with its zero byte, shorter than SIZE; copied as printable ASCII. */
int psd_attribute_string(const psd_attribute *it, const char *name, char *text, size_t size,
                         psd_error *error) PSD_MUST_CHECK;

#endif
