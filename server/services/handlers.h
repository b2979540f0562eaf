/* handlers.h - the handlers of each service; their ARG is the psd_daemon. */
#ifndef PSD_SERVER_SERVICES_HANDLERS_H
#define PSD_SERVER_SERVICES_HANDLERS_H

#include "polarstack/v1/core_version.server.h"
#include "polarstack/v1/diagnosis.server.h"
#include "polarstack/v1/health.server.h"
#include "polarstack/v1/node_config.server.h"
#include "polarstack/v1/node_net.server.h"
#include "polarstack/v1/port_usage.server.h"

extern const psd_core_version_handlers psd_daemon_core_version_handlers;
extern const psd_diagnosis_handlers psd_daemon_diagnosis_handlers;
extern const psd_health_handlers psd_daemon_health_handlers;
extern const psd_node_config_handlers psd_daemon_node_config_handlers;
extern const psd_node_net_handlers psd_daemon_node_net_handlers;
extern const psd_port_usage_handlers psd_daemon_port_usage_handlers;

#endif
