#include "k8s/services/services.h"

static const struct row {
    const psd_service *service;
    const void *handlers;
} table[] = {
    {&psd_bridge_service, &psd_bridge_bridge_handlers},
    {&psd_cluster_service, &psd_bridge_cluster_handlers},
    {&psd_diagnosis_service, &psd_bridge_diagnosis_handlers},
};

int psd_bridge_services_add(psd_bridge *bridge, psd_error *error)
{
    bridge->reflection = (psd_reflection){bridge->server, "polarstack-bridge " PSD_VERSION};
    if (psd_reflection_add(&bridge->reflection, error) < 0)
        return -1;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        if (psd_server_add(bridge->server, table[i].service, table[i].handlers, bridge, error) < 0)
            return -1;
    }
    return 0;
}
