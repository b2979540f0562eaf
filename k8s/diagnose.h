/* diagnose.h - what newcomers get wrong between the bridge and the cluster. */
#ifndef PSD_K8S_DIAGNOSE_H
#define PSD_K8S_DIAGNOSE_H

#include "k8s/bridge.h"
#include "polarstack/v1/diagnosis.pb-c.h"

/* Makes all checks; blocks for as long as the API server takes. The answer is the
 * caller's to free. */
Polarstack__V1__Diagnosis *psd_bridge_diagnose(psd_bridge *bridge);

#endif
