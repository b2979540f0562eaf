/*
 * client_address.h - which address of the client NIC is the one that clients
 * use: pure, no socket and no clock.
 *
 * A candidate is an IPv4 address of global scope that is primary, of a network
 * (its prefix is shorter than 32), and labelled as the interface or not at all.
 * The one in use stays while it is a candidate. Otherwise these come first:
 * those not deprecated, then those in the default gateway's network, then the
 * one that the kernel lists first, which was added first.
 */
#ifndef PSD_SERVER_SCAN_NET_CLIENT_ADDRESS_H
#define PSD_SERVER_SCAN_NET_CLIENT_ADDRESS_H

#include "server/scan/net/address.h"
#include "server/scan/net/route.h"

enum { PSD_CLIENT_REASON_SIZE = 160 };

/* What is chosen from. */
typedef struct psd_client_question {
    const char *nic;
    const psd_addresses *addresses; /* in the kernel's order */
    const psd_route *gateway;       /* is_through: it counts */
    const psd_address *current;     /* in use; NULL: none */
} psd_client_question;

typedef struct psd_client_answer {
    const psd_address *address; /* one of those asked about; NULL: none */
    size_t candidates;
    char reason[PSD_CLIENT_REASON_SIZE]; /* why this one, or why none; one line */
} psd_client_answer;

void psd_client_address_choose(const psd_client_question *question, psd_client_answer *answer);

/* Why it is no candidate, a constant; NULL: it is one. */
const char *psd_client_address_fault(const char *nic, const psd_address *address);

/* The same address, whatever else is said of it. */
bool psd_client_address_same(const psd_address *a, const psd_address *b);

#endif
