/*
 * net_message.h - what the net scanner knows, as the resource NodeNetStatus.
 */
#ifndef PSD_SERVER_SCAN_NET_NET_MESSAGE_H
#define PSD_SERVER_SCAN_NET_NET_MESSAGE_H

#include "polarstack/v1/node_net.pb-c.h"
#include "server/scan/net/hold.h"
#include "server/scan/net/net_state.h"
#include "server/scan/net/nic_look.h"

/* More are not listed; a limitation says so. They keep the resource well within one message. */
enum { PSD_NET_ADDRESSES_MAX = 1000, PSD_NET_MEMBERS_MAX = 256 };

/* All of it borrowed. */
typedef struct psd_net_facts {
    const psd_nic_choice *choice;
    const psd_nic_view *view;
    Polarstack__V1__LinkState raw_state;
    const char *state_reason; /* of the state that shows */
    const psd_state_hold *state;
    int64_t state_since_ms; /* Unix */
    const psd_address_hold *address;
    Polarstack__V1__Bmc *bmc;
} psd_net_facts;

typedef struct psd_net_address_texts {
    char address[INET6_ADDRSTRLEN];
    char scope[8];
} psd_net_address_texts;

/* The message and the memory behind it, used again and again. Starts zeroed. */
typedef struct psd_net_message {
    Polarstack__V1__NodeNetStatus status;
    Polarstack__V1__ClientNic nic;
    char name[PSD_INTERFACE_NAME_SIZE];
    char gateway[INET6_ADDRSTRLEN];
    char client_address[INET6_ADDRSTRLEN];
    const psd_address **sorted; /* arrays of PSD_NET_ADDRESSES_MAX, and one more in `sorted` */
    size_t sorted_capacity;
    Polarstack__V1__InterfaceAddress *addresses;
    Polarstack__V1__InterfaceAddress **address_pointers;
    psd_net_address_texts *texts;
    char *members[PSD_NET_MEMBERS_MAX];
    const char *limitations[2];
    char limitation_texts[2][128];
    size_t limitation_count;
} psd_net_message;

/* Fills status and limitations; they point into FACTS and into the message. */
int psd_net_message_fill(psd_net_message *message, const psd_net_facts *facts,
                         psd_error *error) PSD_MUST_CHECK;

void psd_net_message_free(psd_net_message *message);

#endif
