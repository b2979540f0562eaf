/*
 * hold.h - what is shown of a NIC that flaps: pure, the time is given.
 *
 * The state: anything but UP shows at once, UP only after it has been so for
 * the delay without a break; until then what showed before stays, or UNKNOWN
 * in place of ABSENT. The address: it goes only after it has been gone
 * for the delay; an address that comes shows at once. The first look at a NIC
 * shows at once as a whole. All times are monotonic milliseconds.
 */
#ifndef PSD_SERVER_SCAN_NET_HOLD_H
#define PSD_SERVER_SCAN_NET_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "polarstack/v1/node_net.pb-c.h"
#include "server/scan/net/client_address.h"

/* When nothing is to come by itself. */
#define PSD_HOLD_NEVER INT64_MAX

/* Starts zeroed. */
typedef struct psd_state_hold {
    bool begun;
    Polarstack__V1__LinkState shown;
    bool held;           /* UP was seen and waits */
    int64_t up_since_ms; /* while held */
} psd_state_hold;

/* RAW was seen. True when `shown` has changed. */
bool psd_state_hold_see(psd_state_hold *hold, Polarstack__V1__LinkState raw, int64_t now_ms,
                        int64_t delay_ms);

/* When to see the same again, though nothing changes. */
int64_t psd_state_hold_due(const psd_state_hold *hold, int64_t delay_ms);

/* Starts zeroed. */
typedef struct psd_address_hold {
    bool begun;
    bool known;                        /* there ever was one */
    bool present;                      /* it is there, or was until a moment ago */
    psd_address address;               /* the last one */
    char nic[PSD_INTERFACE_NAME_SIZE]; /* on which it was */
    bool going;                        /* not seen, and held */
    int64_t gone_since_ms;
    char reason[PSD_CLIENT_REASON_SIZE];
} psd_address_hold;

/* The addresses were seen; the current one of QUESTION is set here. */
void psd_address_hold_see(psd_address_hold *hold, psd_client_question question, int64_t now_ms,
                          int64_t delay_ms);

/* There is no NIC to look at, for REASON: the address is the last one known. */
void psd_address_hold_lose(psd_address_hold *hold, const char *reason, int64_t now_ms, int64_t delay_ms);

/* Another NIC: its first look shows at once. The last address stays known. */
void psd_address_hold_begin_anew(psd_address_hold *hold);

int64_t psd_address_hold_due(const psd_address_hold *hold, int64_t delay_ms);

#endif
