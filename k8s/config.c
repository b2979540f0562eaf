#include "k8s/config.h"

#include <string.h>

#include "common/rpc/endpoint.h"

#define MEMBER(name) offsetof(psd_bridge_config, name)

static const psd_option rows[] = {
    {.name = "runtime-dir",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(runtime_dir),
     .value_name = "DIR",
     .help = "Folder of the daemon's socket and of the bridge's own. Default: $POLARSTACK_RUNTIME_DIR, else "
             "/run/polarstack, else $XDG_RUNTIME_DIR/polarstack."},
    {.name = "daemon-url",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(daemon_url),
     .value_name = "URL",
     .help = "Address of the daemon. Default: its socket in the runtime folder."},
    {.name = "node-name",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(node_name),
     .value_name = "NAME",
     .environment = "CURRENT_NODE_NAME",
     .help = "Name of this host's Node in Kubernetes. Default: the host's name in lower case."},
    {.name = "kubeconfig",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(kubeconfig),
     .value_name = "FILE",
     .help = "Credentials for the API server. Default: the pod's service account, else $KUBECONFIG, else "
             "~/.kube/config."},
    {.name = "context",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(context),
     .value_name = "NAME",
     .help = "Context of the kubeconfig. Default: its current-context."},
    {.name = "master",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(master),
     .value_name = "URL",
     .help = "Address of the API server, in place of the one that the credentials name."},
    {.name = "service-account-dir",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(service_account_dir),
     .value_name = "DIR",
     .default_text = PSD_SERVICE_ACCOUNT_DIR,
     .help = "Folder of the pod's service account: token and ca.crt."},
    {.name = "namespace",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(namespace),
     .value_name = "NAME",
     .default_text = "kube-system",
     .help = "Namespace of all ConfigMaps."},
    {.name = "mpd-controller-cm-name",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(mpd_controller_name),
     .value_name = "NAME",
     .default_text = "polardb4mpd-controller",
     .help = "ConfigMap whose annotations hold the port ranges."},
    {.name = "controller-config-cm-name",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(controller_config_name),
     .value_name = "NAME",
     .default_text = "controller-config",
     .help = "ConfigMap with sshUser, enablePrintPort and isCheckOObIP."},
    {.name = "ccm-config-cm-name",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(ccm_config_name),
     .value_name = "NAME",
     .default_text = "ccm-config",
     .help = "ConfigMap with NET_CARD_NAME."},
    {.name = "core-version-cm-labels",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(core_version_labels),
     .value_name = "SELECTOR",
     .default_text = "configtype=minor_version_info,dbClusterMode=WriteReadMore",
     .help = "Labels of the ConfigMaps that define a database kernel version each."},
    {.name = "polarstack-daemon-pod-labels",
     .type = PSD_OPTION_STRING,
     .offset = MEMBER(pod_labels),
     .value_name = "SELECTOR",
     .default_text = "app=polarstack-daemon",
     .help = "Labels of the pods, in the same namespace, in which the other nodes' daemons run."},
    {.name = "peer-port",
     .type = PSD_OPTION_UINT,
     .offset = MEMBER(peer_port),
     .value_name = "PORT",
     .default_text = "8901",
     .min = 1,
     .max = 65534,
     .help = "Port on which the other nodes' daemons listen."},
    {.name = "mirror",
     .type = PSD_OPTION_CHOICE,
     .offset = MEMBER(mirror_mode),
     .value_name = "MODE",
     .default_text = "on",
     .choices = psd_mirror_mode_names,
     .help = "on: keep the objects as they should be. compare: write nothing; log and count where an object "
             "that somebody else writes differs. off: do neither."},
    {.name = "compare-after",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(compare_after_ms),
     .value_name = "DURATION",
     .default_text = "90s",
     .min = 1,
     .max = 86400000,
     .help = "With --mirror=compare, how long a difference must last to count: the other writer is slower."},
    {.name = "refresh-period",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(refresh_period_ms),
     .value_name = "DURATION",
     .default_text = "5m",
     .min = 1000,
     .max = 86400000,
     .help = "Write what did not change again after this time, as a sign of life."},
    {.name = "port-transient-after",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(transient_after_ms),
     .value_name = "DURATION",
     .default_text = "90s",
     .min = 1,
     .max = 86400000,
     .help =
         "Publish a port that only connections use when it has stayed so for this time. TIME_WAIT lasts a "
         "minute."},
    {.name = "stale-after",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(stale_after_ms),
     .value_name = "DURATION",
     .default_text = "10s",
     .min = 1,
     .max = 86400000,
     .help = "Mark values as stale when their source has been out of reach for this time."},
    {.name = "kube-timeout",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(kube_timeout_ms),
     .value_name = "DURATION",
     .default_text = "10s",
     .min = 100,
     .max = 600000,
     .help = "How long a request to the API server may take."},
    {.name = "watch-silence",
     .type = PSD_OPTION_DURATION,
     .offset = MEMBER(watch_silence_ms),
     .value_name = "DURATION",
     .default_text = "150s",
     .min = 1000,
     .max = 3600000,
     .help = "Connect anew when a watch has been silent for this time; the API server sends a bookmark each "
             "minute."},
    PSD_PROGRAM_OPTIONS("POLARSTACK_BRIDGE_CONFIG"),
};

psd_options psd_bridge_options(void)
{
    return (psd_options){rows, PSD_ARRAY_SIZE(rows)};
}

/* What Kubernetes takes as the name of an object. Others would be asked for in vain,
 * for ever, or be part of a path. */
static bool is_object_name(const char *name)
{
    static const char ends[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t length = strlen(name);
    return length > 0 && length < 254 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == length &&
           strchr(ends, name[0]) && strchr(ends, name[length - 1]);
}

static int check_names(const psd_bridge_config *config, psd_error *error)
{
    const struct {
        const char *option;
        const char *name;
    } names[] = {{"node-name", config->node_name},
                 {"namespace", config->namespace},
                 {"mpd-controller-cm-name", config->mpd_controller_name},
                 {"controller-config-cm-name", config->controller_config_name},
                 {"ccm-config-cm-name", config->ccm_config_name}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        bool is_default = i == 0 && (!names[i].name || !names[i].name[0]); /* the host's name */
        if (!is_default && !is_object_name(names[i].name))
            return psd_error_set(error, PSD_INVALID_ARGUMENT,
                                 "option '--%s': '%.80s' is no name of an object in Kubernetes: write a-z, "
                                 "0-9, - and .",
                                 names[i].option, names[i].name);
    }
    return 0;
}

int psd_bridge_config_check(const void *settings, psd_error *error)
{
    const psd_bridge_config *config = settings;
    psd_endpoint endpoint;
    if (config->daemon_url && psd_endpoint_parse(config->daemon_url, &endpoint, error) < 0)
        return psd_error_prefix(error, "option '--daemon-url'");
    if (!config->core_version_labels[0])
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "option '--core-version-cm-labels' is empty, which all ConfigMaps fit");
    if (!config->pod_labels[0])
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "option '--polarstack-daemon-pod-labels' is empty, which all pods fit");
    return check_names(config, error);
}
