/*
 * interface_name.h - names of network interfaces, as people write them.
 *
 * Either the name alone, or "name@parent" as `ip link` prints a VLAN or one end
 * of a veth pair. Each part has at most 15 bytes: letters, digits and "._-+".
 * The kernel takes more characters; those that mean something to a shell are
 * refused on purpose. An '@' may also be part of the kernel's own name.
 */
#ifndef PSD_COMMON_INTERFACE_NAME_H
#define PSD_COMMON_INTERFACE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

enum {
    PSD_INTERFACE_NAME_MAX = 15, /* bytes of the kernel's name: IFNAMSIZ without the zero byte */
    PSD_INTERFACE_NAME_SIZE = PSD_INTERFACE_NAME_MAX + 1,
    PSD_INTERFACE_TEXT_SIZE = 2 * PSD_INTERFACE_NAME_MAX + 2, /* "name@parent" with its zero byte */
};

/* What a valid text is, for messages: "must be …". */
#define PSD_INTERFACE_NAME_WANTED \
    "a kernel interface name of letters, digits and '._-+@', which does not begin with '-'"

/* Bytes of the longest part of TEXT. */
size_t psd_interface_name_longest(const char *text);

/* False for an empty text as well. */
bool psd_interface_name_is_valid(const char *text);

/* As above, with a message that shows TEXT. */
int psd_interface_name_check(const char *text, psd_error *error) PSD_MUST_CHECK;

/* Copies the part before the '@', or all of a valid TEXT without one. */
void psd_interface_name_base(const char *text, char base[PSD_INTERFACE_NAME_SIZE]);

#endif
