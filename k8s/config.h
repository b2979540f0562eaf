/* config.h - the bridge's settings: one table, three sources. */
#ifndef PSD_K8S_CONFIG_H
#define PSD_K8S_CONFIG_H

#include "common/options.h"
#include "k8s/bridge.h"

psd_options psd_bridge_options(void);

/* Fills CONFIG from defaults, environment, config file and command line. */
int psd_bridge_config_load(psd_bridge_config *config, int argc, char **argv, psd_error *error) PSD_MUST_CHECK;

void psd_bridge_config_free(psd_bridge_config *config);

#endif
