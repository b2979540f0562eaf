/*
 * address.h - an address of an interface as one rtnetlink message describes it.
 */
#ifndef PSD_SERVER_SCAN_NET_ADDRESS_H
#define PSD_SERVER_SCAN_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/interface_name.h"

typedef struct psd_address {
    unsigned index; /* of the interface */
    uint8_t family; /* AF_INET, AF_INET6 */
    uint8_t prefix_length;
    uint8_t scope;  /* RT_SCOPE_… */
    uint32_t flags; /* IFA_F_… */
    uint8_t bytes[16];
    char label[PSD_INTERFACE_NAME_SIZE]; /* IPv4 only; "" when there is none */
} psd_address;

/* The payload of RTM_NEWADDR or RTM_DELADDR of these two families. */
int psd_address_parse(const void *payload, size_t length, psd_address *address,
                      psd_error *error) PSD_MUST_CHECK;

/* "172.19.64.2" */
const char *psd_address_text(const psd_address *address, char text[INET6_ADDRSTRLEN]);

/* "global", "link", "host", "site", "nowhere", or the number. */
const char *psd_address_scope_name(uint8_t scope, char text[8]);

/* Order for people: IPv4 first, then by bytes, then by prefix length. */
int psd_address_compare(const psd_address *a, const psd_address *b);

/* All that is known of them is the same. */
bool psd_address_equal(const psd_address *a, const psd_address *b);

/* A list that grows, in the kernel's order. Starts zeroed. */
typedef struct psd_addresses {
    psd_address *items;
    size_t count;
    size_t capacity;
} psd_addresses;

int psd_addresses_add(psd_addresses *list, const psd_address *address, psd_error *error) PSD_MUST_CHECK;
void psd_addresses_free(psd_addresses *list);

#endif
