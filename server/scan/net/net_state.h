/*
 * net_state.h - what others tell the net scanner while it runs: which interface
 * to look at, and what is known of the BMC. Thread-safe; each call that changes
 * something wakes the scanner.
 */
#ifndef PSD_SERVER_SCAN_NET_NET_STATE_H
#define PSD_SERVER_SCAN_NET_NET_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/interface_name.h"
#include "polarstack/v1/node_config.pb-c.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "server/scan/scanner.h"

enum { PSD_NIC_SOURCE_SIZE = 513 };

/* Which interface, and who says so. Empty texts: nobody says it. */
typedef struct psd_nic_choice {
    char text[PSD_INTERFACE_TEXT_SIZE]; /* "eth0", "eth0.5@eth0" */
    char source[PSD_NIC_SOURCE_SIZE];
} psd_nic_choice;

typedef struct psd_net_state {
    pthread_mutex_t mutex; /* guards all below */
    psd_nic_choice option;
    psd_nic_choice config;
    Polarstack__V1__Bmc *bmc; /* owned */
    uint64_t bmc_changes;
    psd_scanner *scanner; /* to wake; NULL: it does not run */
} psd_net_state;

/* OPTION is the value of --client-nic, which wins; NULL: not given. */
int psd_net_state_init(psd_net_state *state, const char *option, psd_error *error) PSD_MUST_CHECK;
void psd_net_state_free(psd_net_state *state);

/* The scanner that is woken from now on. Give NULL before it is stopped. */
void psd_net_state_set_scanner(psd_net_state *state, psd_scanner *scanner);

/* Takes the client NIC of the configuration. */
void psd_net_state_set_config(psd_net_state *state, const Polarstack__V1__NodeConfig *config);

/* Keeps a copy of BMC, and publishes it soon. */
int psd_net_state_set_bmc(psd_net_state *state, const Polarstack__V1__Bmc *bmc,
                          psd_error *error) PSD_MUST_CHECK;

/* The interface in force. */
void psd_net_state_nic(psd_net_state *state, psd_nic_choice *choice);

/* Replaces *BMC (NULL at first), for polarstack__v1__bmc__free_unpacked(), by a copy of what is
 * known now, if that is newer than *SEEN (0 at first). True when it was. */
bool psd_net_state_bmc(psd_net_state *state, uint64_t *seen, Polarstack__V1__Bmc **bmc);

#endif
