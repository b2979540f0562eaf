/*
 * route.h - the IPv4 default route through an interface, as one rtnetlink
 * message describes it.
 */
#ifndef PSD_SERVER_SCAN_NET_ROUTE_H
#define PSD_SERVER_SCAN_NET_ROUTE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef struct psd_route {
    bool is_default;        /* of the main table, for IPv4 unicast; all below is zero otherwise */
    bool is_through;        /* the interface that was asked for */
    uint32_t metric;        /* the lower one is used */
    uint8_t gateway_family; /* AF_INET, AF_INET6; 0: without a gateway */
    uint8_t gateway[16];
} psd_route;

/* The payload of RTM_NEWROUTE or RTM_DELROUTE. INDEX is that of the interface;
 * with 0 only is_default means something. */
int psd_route_parse(const void *payload, size_t length, unsigned index, psd_route *route,
                    psd_error *error) PSD_MUST_CHECK;

/* The gateway's address, "" without one. */
const char *psd_route_gateway_text(const psd_route *route, char text[INET6_ADDRSTRLEN]);

#endif
