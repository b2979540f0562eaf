/*
 * port_watch.h - a watch of the daemon's ports that can be waited for.
 */
#ifndef PSD_TEST_SUPPORT_PORT_WATCH_H
#define PSD_TEST_SUPPORT_PORT_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "polarstack/v1/port_usage.rpc.h"

typedef struct psd_test_port_watch {
    psd_watch *watch;
    unsigned slow_us; /* how long each callback takes */

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool synced;
    uint64_t revision;
    uint64_t callbacks;
    uint64_t resyncs;
    uint64_t losses;
    bool in_use[65536];
} psd_test_port_watch;

/* Starts a watch; ends the program on failure. Free with …_stop(). */
psd_test_port_watch *psd_test_port_watch_start(psd_client *client, unsigned slow_us);

/* Waits until the port is in use (or not); false after TIMEOUT_MS. */
bool psd_test_port_watch_wait(psd_test_port_watch *watch, unsigned port, bool in_use, int64_t timeout_ms);

/* Waits until the watch holds at least REVISION; false after TIMEOUT_MS. */
bool psd_test_port_watch_wait_revision(psd_test_port_watch *watch, uint64_t revision, int64_t timeout_ms);

void psd_test_port_watch_stop(psd_test_port_watch *watch);

#endif
