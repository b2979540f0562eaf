/* config.h - the bridge's settings: one table, three sources. */
#ifndef PSD_K8S_CONFIG_H
#define PSD_K8S_CONFIG_H

#include "common/options.h"
#include "k8s/bridge.h"

psd_options psd_bridge_options(void);

#endif
