/* bmc_watch.h - the BMC's scanner in the daemon: what it tells goes to the net
 * scanner's state, what the cluster says comes from NodeConfig. */
#ifndef PSD_SERVER_BMC_WATCH_H
#define PSD_SERVER_BMC_WATCH_H

#include "common/error.h"
#include "polarstack/v1/node_config.pb-c.h"
#include "server/host/host.h"
#include "server/scan/net/bmc.h"
#include "server/scan/net/net_state.h"

typedef struct psd_bmc_watch {
    psd_host *host;
    psd_bmc_control control;
    psd_scanner *scanner; /* NULL: not started */
    psd_net_state *net;   /* borrowed */
} psd_bmc_watch;

struct psd_config;

/* Gets ready to be told the configuration; asks nothing yet. CONFIG and NET stay
 * until psd_bmc_watch_stop(), which may follow even when this failed. */
int psd_bmc_watch_init(psd_bmc_watch *watch, const struct psd_config *config, psd_net_state *net,
                       psd_error *error) PSD_MUST_CHECK;

/* Takes what CONFIG says of the BMC. From any thread, one at a time with start. */
void psd_bmc_watch_follow(psd_bmc_watch *watch, const Polarstack__V1__NodeConfig *config);

int psd_bmc_watch_start(psd_bmc_watch *watch, const struct psd_config *config,
                        psd_error *error) PSD_MUST_CHECK;

/* Ends a question that runs. */
void psd_bmc_watch_stop(psd_bmc_watch *watch);

#endif
