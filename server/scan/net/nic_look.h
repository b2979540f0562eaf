/*
 * nic_look.h - one look at one network interface: its link, addresses, default
 * gateway, speed, and the members of a bond.
 */
#ifndef PSD_SERVER_SCAN_NET_NIC_LOOK_H
#define PSD_SERVER_SCAN_NET_NIC_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "server/scan/net/address.h"
#include "server/scan/net/link.h"
#include "server/scan/net/netlink.h"
#include "server/scan/net/route.h"

/* Names of links; grows. Starts zeroed. */
typedef struct psd_nic_names {
    char (*items)[PSD_INTERFACE_NAME_SIZE];
    size_t count;
    size_t capacity;
} psd_nic_names;

/* What was seen. Starts zeroed; its lists are used again by the next look. */
typedef struct psd_nic_view {
    bool exists;
    char alias_of[PSD_INTERFACE_NAME_SIZE]; /* the name is only another one of this link: `exists` is false */
    psd_link link;                          /* all below is empty when it does not exist */
    char parent[PSD_INTERFACE_NAME_SIZE];   /* as `ip link` prints it; "" for none */
    uint32_t speed_mbps;                    /* 0: not known */
    psd_addresses addresses;                /* in the kernel's order: first added, first listed */
    psd_route gateway;                      /* is_through: there is a default route */
    psd_nic_names members;                  /* sorted */
} psd_nic_view;

/* Looks at the interface TEXT ("eth0", "eth0.5@eth0"), by its exact name: first all of TEXT, then what
 * stands before the '@'. An interface that does not exist is no failure. On -1 the view is of no use. */
int psd_nic_look(psd_netlink *netlink, const char *text, int64_t deadline_ms, psd_nic_view *view,
                 psd_error *error) PSD_MUST_CHECK;

/* The links whose master has the index MASTER, sorted by name. */
int psd_nic_look_members(psd_netlink *netlink, unsigned master, int64_t deadline_ms, psd_nic_names *names,
                         psd_error *error) PSD_MUST_CHECK;

void psd_nic_view_free(psd_nic_view *view);

#endif
