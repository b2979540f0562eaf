/* net_watch.h - follows the client NIC of a daemon, for tests and benches that wait for a change. */
#ifndef PSD_TEST_SUPPORT_NET_WATCH_H
#define PSD_TEST_SUPPORT_NET_WATCH_H

#include <pthread.h>
#include <stdbool.h>

#include "common/rpc/watch.h"
#include "polarstack/v1/node_net.rpc.h"

typedef struct psd_test_net_watch {
    psd_watch *watch;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    Polarstack__V1__LinkState state; /* UNSPECIFIED until the first event */
} psd_test_net_watch;

/* Ends the program on failure. */
psd_test_net_watch *psd_test_net_watch_start(psd_client *client);

/* Waits until the state that shows is STATE. False after TIMEOUT_MS. */
bool psd_test_net_watch_wait(psd_test_net_watch *watch, Polarstack__V1__LinkState state, int64_t timeout_ms);

void psd_test_net_watch_stop(psd_test_net_watch *watch);

#endif
