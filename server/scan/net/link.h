/*
 * link.h - a network interface as one rtnetlink message describes it.
 *
 * Pure: from bytes to facts, no socket.
 */
#ifndef PSD_SERVER_SCAN_NET_LINK_H
#define PSD_SERVER_SCAN_NET_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/interface_name.h"
#include "polarstack/v1/node_net.pb-c.h"

enum {
    PSD_LINK_MAC_SIZE = 3 * 32, /* MAX_ADDR_LEN bytes as "aa:bb:…" */
    PSD_LINK_KIND_SIZE = 32,
};

typedef struct psd_link {
    unsigned index;
    uint8_t family; /* AF_UNSPEC; AF_BRIDGE speaks of a port, not of the device */
    unsigned flags; /* IFF_… */
    char name[PSD_INTERFACE_NAME_SIZE];
    uint8_t operstate; /* IF_OPER_… */
    bool carrier;
    uint32_t mtu;
    char mac[PSD_LINK_MAC_SIZE];
    unsigned master;      /* index; 0: none */
    unsigned lower;       /* index of what it lies on; 0: nothing */
    bool lower_elsewhere; /* that is in another network namespace */
    char kind[PSD_LINK_KIND_SIZE];
    bool is_bond;
    uint8_t bond_mode;
} psd_link;

/* The payload of RTM_NEWLINK or RTM_DELLINK. */
int psd_link_parse(const void *payload, size_t length, psd_link *link, psd_error *error) PSD_MUST_CHECK;

/* Up, or down with the reason (a constant) in *REASON, which is "" when up. By
 * flags and carrier: dummy and loopback devices keep no operstate. */
Polarstack__V1__LinkState psd_link_state(const psd_link *link, const char **reason);

/* "up", "lowerlayerdown" …; never NULL. */
const char *psd_link_operstate_name(uint8_t operstate);

/* "802.3ad"; never NULL. */
const char *psd_link_bond_mode_name(uint8_t mode);

#endif
