/* config.h - the bridge's settings: one table, three sources. */
#ifndef PSD_K8S_CONFIG_H
#define PSD_K8S_CONFIG_H

#include "common/options.h"
#include "k8s/bridge.h"

psd_options psd_bridge_options(void);

/* Names the option of a psd_bridge_config that cannot be right, for psd_program. */
int psd_bridge_config_check(const void *settings, psd_error *error) PSD_MUST_CHECK;

#endif
