/* bridge_service.h - the RPCs that the bridge serves on its own socket. */
#ifndef PSD_K8S_SERVICES_BRIDGE_SERVICE_H
#define PSD_K8S_SERVICES_BRIDGE_SERVICE_H

#include "k8s/bridge.h"

/* Adds all services of the bridge to its server. */
int psd_bridge_services_add(psd_bridge *bridge, psd_error *error) PSD_MUST_CHECK;

#endif
