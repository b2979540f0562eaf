/* netlink_builder.h - canned netlink messages, built by hand from the kernel's definitions. */
#ifndef PSD_TEST_SUPPORT_NETLINK_BUILDER_H
#define PSD_TEST_SUPPORT_NETLINK_BUILDER_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* One datagram that grows; starts zeroed. */
typedef struct psd_test_netlink {
    _Alignas(struct nlmsghdr) char bytes[8192];
    size_t length;
    size_t message; /* offset of the message that grows */
} psd_test_netlink;

/* Begins a message with its fixed part. */
void psd_test_netlink_message(psd_test_netlink *it, uint16_t type, uint16_t flags, uint32_t sequence,
                              const void *body, size_t length);

void psd_test_netlink_add(psd_test_netlink *it, uint16_t type, const void *data, size_t length);
void psd_test_netlink_text(psd_test_netlink *it, uint16_t type, const char *text);
void psd_test_netlink_u8(psd_test_netlink *it, uint16_t type, uint8_t value);
void psd_test_netlink_u32(psd_test_netlink *it, uint16_t type, uint32_t value);

/* Begins an attribute that holds others, and ends it. */
size_t psd_test_netlink_nest(psd_test_netlink *it, uint16_t type);
void psd_test_netlink_end(psd_test_netlink *it, size_t nest);

/* The payload of the last message. */
const char *psd_test_netlink_payload(const psd_test_netlink *it);
size_t psd_test_netlink_payload_length(const psd_test_netlink *it);

#endif
