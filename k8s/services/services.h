/* services.h - the RPCs that the bridge serves on its own socket. */
#ifndef PSD_K8S_SERVICES_SERVICES_H
#define PSD_K8S_SERVICES_SERVICES_H

#include "k8s/bridge.h"
#include "polarstack/v1/bridge.server.h"
#include "polarstack/v1/cluster.server.h"
#include "polarstack/v1/diagnosis.server.h"

/* Adds all services of the bridge to its server. */
int psd_bridge_services_add(psd_bridge *bridge, psd_error *error) PSD_MUST_CHECK;

/* Rows of the table; their argument is the psd_bridge. */
extern const psd_bridge_handlers psd_bridge_bridge_handlers;
extern const psd_diagnosis_handlers psd_bridge_diagnosis_handlers;
extern const psd_cluster_handlers psd_bridge_cluster_handlers;

#endif
