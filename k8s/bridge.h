/*
 * bridge.h - one bridge, and what its parts share: settings, both sides.
 *
 * Life: zeroed, settings (k8s/config.h), open, start … stop. A process may hold
 * several, with a runtime folder each.
 */
#ifndef PSD_K8S_BRIDGE_H
#define PSD_K8S_BRIDGE_H

#include "common/node_name.h"
#include "common/program.h"
#include "common/rpc/client.h"
#include "common/rpc/operations.h"
#include "common/rpc/reflection.h"
#include "common/rpc/server.h"
#include "k8s/api/kube.h"
#include "k8s/cluster/cluster.h"
#include "k8s/follow.h"
#include "k8s/inputs/inputs.h"
#include "k8s/mirror/mirror.h"

/* Settings as options and config file give them (k8s/config.c). */
typedef struct psd_bridge_config {
    psd_program_settings program; /* first */
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
    char *pod_labels;
    uint64_t peer_port;
    int mirror_mode; /* psd_mirror_mode */
    int64_t compare_after_ms;
    int64_t refresh_period_ms;
    int64_t transient_after_ms;
    int64_t stale_after_ms;
    int64_t kube_timeout_ms;
    int64_t watch_silence_ms;
} psd_bridge_config;

typedef struct psd_bridge {
    psd_bridge_config config;
    char node[PSD_NODE_NAME_SIZE];
    psd_kube *kube;
    psd_client *daemon;
    psd_followed node_config; /* the daemon's */
    psd_inputs *inputs;
    psd_mirror *mirror;
    psd_cluster *cluster;
    psd_operations *core_checks; /* of all nodes */
    psd_server *server;
    psd_reflection reflection;
} psd_bridge;

/* Finds the credentials for the API server; connects to nothing yet. */
int psd_bridge_open(psd_bridge *bridge, psd_error *error) PSD_MUST_CHECK;

/* Takes the socket in the runtime folder and brings inputs to the daemon and the
 * mirror to the API server; neither has to be there yet. BRIDGE stays in place
 * until psd_bridge_stop(), which follows even a start that failed. */
int psd_bridge_start(psd_bridge *bridge, psd_error *error) PSD_MUST_CHECK;

/* Takes no more calls and ends those that run. False: a check of other nodes goes on,
 * which waits for a daemon that does not answer; psd_bridge_stop() would wait, too. */
bool psd_bridge_end_calls(psd_bridge *bridge) PSD_MUST_CHECK;

/* Ends everything but the settings. Waits for the process's background work
 * (common/rpc/background.h). */
void psd_bridge_stop(psd_bridge *bridge);

#endif
