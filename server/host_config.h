/*
 * host_config.h - host access and the BMC's scanner as options and NodeConfig say.
 *
 *   psd_bmc_control_init(&control, true);
 *   if (psd_host_open_configured(&config, &host, error) < 0)
 *       return -1;
 *   psd_bmc_settings settings = psd_bmc_settings_configured(&config, host, &control);
 *   psd_scanner_start(&psd_bmc_scanner, &settings, …);
 *
 * and with each new NodeConfig, from the first on:
 *
 *   if (psd_bmc_follow_config(&control, host, node_config))
 *       psd_scanner_wake(scanner);
 *
 * At the end first psd_scanner_stop(), then psd_host_close().
 */
#ifndef PSD_SERVER_HOST_CONFIG_H
#define PSD_SERVER_HOST_CONFIG_H

#include "polarstack/v1/node_config.pb-c.h"
#include "server/daemon.h"
#include "server/host/host.h"
#include "server/scan/net/bmc.h"

int psd_host_open_configured(const psd_config *config, psd_host **host, psd_error *error) PSD_MUST_CHECK;

/* Borrows what it is given. */
psd_bmc_settings psd_bmc_settings_configured(const psd_config *config, psd_host *host,
                                             const psd_bmc_control *control);

/* Whether to ask the BMC (yes, as long as the cluster does not say), and the ssh user. True when
 * one of them is new: the scanner is to look again. Thread-safe. */
bool psd_bmc_follow_config(psd_bmc_control *control, psd_host *host,
                           const Polarstack__V1__NodeConfig *config);

/* Refuses options of these parts that cannot be right. */
int psd_host_config_check(const psd_config *config, psd_error *error) PSD_MUST_CHECK;

#endif
