#include "server/services/services.h"

#include "server/services/handlers.h"

static const struct row {
    const psd_service *service;
    const void *handlers;
} table[] = {
    {&psd_core_version_service, &psd_daemon_core_version_handlers},
    {&psd_diagnosis_service, &psd_daemon_diagnosis_handlers},
    {&psd_health_service, &psd_daemon_health_handlers},
    {&psd_node_config_service, &psd_daemon_node_config_handlers},
    {&psd_node_net_service, &psd_daemon_node_net_handlers},
    {&psd_port_usage_service, &psd_daemon_port_usage_handlers},
};

int psd_services_add(psd_daemon *daemon, psd_error *error)
{
    daemon->reflection = (psd_reflection){daemon->server, "polarstack-daemon " PSD_VERSION};
    if (psd_reflection_add(&daemon->reflection, error) < 0)
        return -1;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        if (psd_server_add(daemon->server, table[i].service, table[i].handlers, daemon, error) < 0)
            return -1;
    }
    return 0;
}
