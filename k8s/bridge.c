#include "k8s/bridge.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/log.h"
#include "common/rpc/background.h"
#include "common/runtime_dir.h"
#include "k8s/cluster/core_versions.h"
#include "k8s/services/services.h"
#include "polarstack/v1/node_config.rpc.h"

enum {
    STOP_GRACE_MS = 5000,
    CHECK_GRACE_MS = 1000,
    SOCKET_MODE = 0660,
    DAEMON_TIMEOUT_MS = 10000,
};

int psd_bridge_open(psd_bridge *bridge, psd_error *error)
{
    const psd_bridge_config *config = &bridge->config;
    psd_kube_credentials_options wanted = {.kubeconfig = config->kubeconfig,
                                           .context = config->context,
                                           .master = config->master,
                                           .service_account_dir = config->service_account_dir};
    psd_kube_options options = {.timeout_ms = (uint32_t)config->kube_timeout_ms,
                                .silence_ms = (uint32_t)config->watch_silence_ms};
    psd_kube_credentials credentials;
    int result = psd_kube_credentials_load(&wanted, &credentials, error);
    if (result == 0)
        result = psd_kube_open(&credentials, &options, &bridge->kube, error);
    psd_kube_credentials_free(&credentials);
    if (result == 0)
        psd_log(PSD_LOG_INFO, "credentials found", "server=%s origin=\"%s\"", psd_kube_server(bridge->kube),
                psd_kube_origin(bridge->kube));
    return result;
}

/* The daemon may come later, and go, and come back. */
static int open_daemon(psd_bridge *bridge, const char *runtime_dir, psd_error *error)
{
    char url[PATH_MAX + 32];
    snprintf(url, sizeof(url), "ipc://%s/%s", runtime_dir, PSD_DAEMON_SOCKET);
    psd_client_options options = {.url = bridge->config.daemon_url ? bridge->config.daemon_url : url,
                                  .timeout_ms = DAEMON_TIMEOUT_MS,
                                  .wait_for_ready = true};
    return psd_client_open(&options, &bridge->daemon, error);
}

static void config_changed(void *arg)
{
    psd_bridge *bridge = arg;
    psd_inputs_config_changed(bridge->inputs);
    psd_mirror_config_changed(bridge->mirror);
}

static int start_inputs(psd_bridge *bridge, psd_error *error)
{
    const psd_bridge_config *config = &bridge->config;
    psd_inputs_options options = {
        .namespace = config->namespace,
        .names = {[PSD_SOURCE_MPD_CONTROLLER] = config->mpd_controller_name,
                  [PSD_SOURCE_CONTROLLER] = config->controller_config_name,
                  [PSD_SOURCE_CCM] = config->ccm_config_name},
        .core_version_labels = config->core_version_labels,
        .stale_after_ms = config->stale_after_ms,
    };
    return psd_inputs_start(bridge->kube, bridge->daemon, &bridge->node_config, &options, &bridge->inputs,
                            error);
}

static int start_mirror(psd_bridge *bridge, psd_error *error)
{
    psd_mirror_options options = {.namespace = bridge->config.namespace,
                                  .node = bridge->node,
                                  .mode = (psd_mirror_mode)bridge->config.mirror_mode,
                                  .compare_after_ms = bridge->config.compare_after_ms,
                                  .refresh_ms = bridge->config.refresh_period_ms,
                                  .transient_ms = bridge->config.transient_after_ms,
                                  .stale_after_ms = bridge->config.stale_after_ms};
    return psd_mirror_start(bridge->kube, bridge->daemon, &bridge->node_config, &options, &bridge->mirror,
                            error);
}

static int make_cluster(psd_bridge *bridge, psd_error *error)
{
    psd_cluster_options options = {.namespace = bridge->config.namespace,
                                   .pod_labels = bridge->config.pod_labels,
                                   .port = (unsigned)bridge->config.peer_port,
                                   .node = bridge->node,
                                   .daemon_url = psd_client_url(bridge->daemon)};
    if (psd_cluster_new(bridge->kube, &options, &bridge->cluster, error) < 0)
        return -1;
    bridge->core_checks = psd_operations_new(PSD_CORE_CHECKS_REMEMBERED);
    return bridge->core_checks ? 0 : psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
}

/* Both sides watch before anything is brought from one to the other. */
static int start_sides(psd_bridge *bridge, psd_error *error)
{
    if (start_inputs(bridge, error) < 0 || start_mirror(bridge, error) < 0)
        return -1;
    if (psd_follow_start(&bridge->node_config, bridge->daemon,
                         &psd_node_config_methods[PSD_NODE_CONFIG_METHOD_WATCH_NODE_CONFIG], error) < 0)
        return -1;
    return psd_inputs_run(bridge->inputs, error) < 0 ? -1 : psd_mirror_run(bridge->mirror, error);
}

int psd_bridge_start(psd_bridge *bridge, psd_error *error)
{
    char runtime_dir[PATH_MAX];
    char url[PATH_MAX + 32];
    psd_server_options options = {.max_in_flight = 8};
    psd_follow_init(&bridge->node_config, config_changed, bridge);
    if (psd_runtime_dir_create(bridge->config.runtime_dir, runtime_dir, error) < 0 ||
        psd_node_name(bridge->config.node_name, bridge->node, error) < 0)
        return -1;
    snprintf(url, sizeof(url), "ipc://%s/%s", runtime_dir, PSD_BRIDGE_SOCKET);
    if (psd_server_new(&options, &bridge->server, error) < 0 || psd_bridge_services_add(bridge, error) < 0 ||
        psd_server_listen(bridge->server, url, SOCKET_MODE, error) < 0)
        return -1;
    psd_log(PSD_LOG_INFO, "listening", "url=%s", url);
    /* From here on this is the only bridge with this socket. */
    if (open_daemon(bridge, runtime_dir, error) < 0)
        return -1;
    if (make_cluster(bridge, error) < 0 || start_sides(bridge, error) < 0)
        return -1;
    return psd_server_start(bridge->server, error);
}

bool psd_bridge_end_calls(psd_bridge *bridge)
{
    if (bridge->server)
        psd_server_stop(bridge->server, STOP_GRACE_MS);
    return psd_background_wait_for(CHECK_GRACE_MS);
}

/* Handlers look at the mirror, the mirror at the daemon: in reverse. */
void psd_bridge_stop(psd_bridge *bridge)
{
    if (!psd_bridge_end_calls(bridge))
        psd_background_wait();
    psd_server_free(bridge->server);
    psd_follow_stop(&bridge->node_config);
    psd_mirror_stop(bridge->mirror);
    psd_inputs_stop(bridge->inputs);
    psd_follow_free(&bridge->node_config);
    psd_cluster_free(bridge->cluster);
    psd_operations_free(bridge->core_checks);
    psd_client_close(bridge->daemon);
    psd_kube_close(bridge->kube);
}
