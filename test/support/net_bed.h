/*
 * net_bed.h - the net scanner in a network namespace of its own, driven by the
 * test: it scans only in psd_test_net_run() and its like, as the frame would.
 */
#ifndef PSD_TEST_SUPPORT_NET_BED_H
#define PSD_TEST_SUPPORT_NET_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "polarstack/v1/node_net.pb-c.h"
#include "server/scan/net/net_scanner.h"

enum { PSD_TEST_NET_DELAY_MS = 300, PSD_TEST_NET_PATIENCE_MS = 10000 };

typedef struct psd_test_net {
    psd_net_state state;
    void *scanner;
    Polarstack__V1__NodeNetStatus *seen; /* a copy of the last look; NULL before the first one */
    unsigned looks;                      /* published */
    unsigned shown_changes;              /* of the state that shows, the first one included */
    unsigned scans;
    unsigned failures;
    char failure[512]; /* the last one */
    char limitation[256];
    int64_t due_ms; /* monotonic, of the next scan without an event; INT64_MAX: never */
} psd_test_net;

/* Moves this process into a new namespace with a veth pair eth0 and peer0, both
 * up, and the address 10.1.0.2/16 on eth0. Ends the program on failure. */
void psd_test_net_enter(void);

/* Runs `ip` with these words (printf-like, cut at blanks); ends the program when it fails. */
void psd_test_ip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs `ip -batch` with COUNT lines that LINE writes, such as "addr add …". */
void psd_test_ip_batch(unsigned count, void (*line)(unsigned number, char text[128]));

/* Sets an interface up or down by ioctl, without another process. */
void psd_test_net_set_up(const char *name, bool up);

/* A scanner that looks at NIC (--client-nic; NULL: not given). RECEIVE_BUFFER 0: the default. */
psd_test_net *psd_test_net_start(const char *nic, int receive_buffer);
void psd_test_net_stop(psd_test_net *it);

/* Scans when an event or the time says so, for up to TIMEOUT_MS; returns after the first scan. */
void psd_test_net_run(psd_test_net *it, int64_t timeout_ms);

/* Scans as the events come, until TIMEOUT_MS are over. */
void psd_test_net_run_for(psd_test_net *it, int64_t timeout_ms);

/* A scan at once, as after a wake-up. */
void psd_test_net_scan(psd_test_net *it);

/* Runs until CONDITION, which reads IT->seen, is true. */
#define psd_test_net_becomes(it, condition)                                         \
    do {                                                                            \
        int64_t until_ = psd_clock_mono_ms() + PSD_TEST_NET_PATIENCE_MS;            \
        while (!((it)->seen && (condition))) {                                      \
            if (psd_clock_mono_ms() > until_)                                       \
                psd_test_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
            psd_test_net_run((it), 100);                                            \
        }                                                                           \
    } while (0)

#define psd_test_net_check(condition)                                           \
    do {                                                                        \
        if (!(condition))                                                       \
            psd_test_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition); \
    } while (0)

#endif
