/* bridge.h - what the parts of the bridge share: settings, both sides. */
#ifndef PSD_K8S_BRIDGE_H
#define PSD_K8S_BRIDGE_H

#include "common/node_name.h"
#include "common/rpc/client.h"
#include "common/rpc/reflection.h"
#include "common/rpc/server.h"
#include "k8s/api/kube.h"
#include "k8s/follow.h"
#include "k8s/inputs/inputs.h"
#include "k8s/mirror/mirror.h"

/* Settings as options and config file give them (k8s/config.c). */
typedef struct psd_bridge_config {
    char *config_file;
    char *runtime_dir;
    char *daemon_url;
    char *node_name;
    char *kubeconfig;
    char *context;
    char *master;
    char *service_account_dir;
    char *namespace;
    char *mpd_controller_name;
    char *controller_config_name;
    char *ccm_config_name;
    char *core_version_labels;
    int64_t refresh_period_ms;
    int64_t transient_after_ms;
    int64_t stale_after_ms;
    int64_t kube_timeout_ms;
    int64_t watch_silence_ms;
    int log_level;
    bool print_config;
    bool help;
    bool version;
} psd_bridge_config;

typedef struct psd_bridge {
    psd_bridge_config config;
    char node[PSD_NODE_NAME_SIZE];
    psd_kube *kube;
    psd_client *daemon;
    psd_followed node_config; /* the daemon's */
    psd_inputs *inputs;
    psd_mirror *mirror;
    psd_server *server;
    psd_reflection reflection;
} psd_bridge;

#endif
