/*
 * polarstack-bridge: the only speaker to Kubernetes, both ways.
 *
 * Life: read the settings and credentials, take the socket, connect to the daemon
 * and to the API server (neither has to be there yet), bring inputs to the one and
 * the mirror to the other until a signal comes.
 */
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/rpc/background.h"
#include "common/runtime_dir.h"
#include "k8s/config.h"
#include "k8s/footprint.h"
#include "k8s/services/bridge_service.h"
#include "polarstack/v1/node_config.rpc.h"

enum {
    EXIT_USAGE_ERROR = 2, /* options, config file or credentials */
    EXIT_START_ERROR = 1, /* folders, socket, threads */
    STOP_GRACE_MS = 5000,
    SOCKET_MODE = 0660,
    DAEMON_TIMEOUT_MS = 10000,
    START_S = 15,
};

static void print_help(void)
{
    PSD_AUTO_TEXT options = PSD_TEXT_INIT;
    psd_options_help(psd_bridge_options(), &options);
    printf("Usage: polarstack-bridge [OPTIONS]\n\n"
           "Brings what the cluster says of this node to the polarstack-daemon, and keeps what\n"
           "the daemon knows in ConfigMaps and Node conditions.\n\n"
           "Options:\n%s\n"
           "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start, 2 wrong options, config\n"
           "file or credentials.\n",
           psd_text_string(&options));
}

static int open_kube(psd_bridge *bridge, psd_error *error)
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
                                  .refresh_ms = bridge->config.refresh_period_ms,
                                  .transient_ms = bridge->config.transient_after_ms,
                                  .stale_after_ms = bridge->config.stale_after_ms};
    return psd_mirror_start(bridge->kube, bridge->daemon, &bridge->node_config, &options, &bridge->mirror,
                            error);
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

static int start(psd_bridge *bridge, const char *runtime_dir, psd_error *error)
{
    char url[PATH_MAX + 32];
    snprintf(url, sizeof(url), "ipc://%s/%s", runtime_dir, PSD_BRIDGE_SOCKET);
    psd_server_options options = {.max_in_flight = 8};
    if (psd_server_new(&options, &bridge->server, error) < 0 || psd_bridge_services_add(bridge, error) < 0 ||
        psd_server_listen(bridge->server, url, SOCKET_MODE, error) < 0)
        return -1;
    psd_log(PSD_LOG_INFO, "listening", "url=%s", url);
    /* From here on this is the only bridge with this socket. */
    if (open_daemon(bridge, runtime_dir, error) < 0 || start_sides(bridge, error) < 0)
        return -1;
    return psd_server_start(bridge->server, error);
}

/* Handlers look at the mirror, the mirror at the daemon: in reverse. */
static void stop(psd_bridge *bridge)
{
    if (bridge->server)
        psd_server_stop(bridge->server, STOP_GRACE_MS);
    psd_background_wait();
    psd_server_free(bridge->server);
    psd_follow_stop(&bridge->node_config);
    psd_mirror_stop(bridge->mirror);
    psd_inputs_stop(bridge->inputs);
    psd_follow_free(&bridge->node_config);
    psd_client_close(bridge->daemon);
    psd_kube_close(bridge->kube);
}

/* When the start is over, what only it needed is given back. */
static int wait_for_signal(const sigset_t *signals)
{
    const struct timespec start_time = {.tv_sec = START_S};
    int signal = sigtimedwait(signals, NULL, &start_time);
    if (signal < 0)
        psd_footprint_trim();
    while (signal < 0)
        signal = sigwaitinfo(signals, NULL);
    return signal;
}

static int serve(psd_bridge *bridge, const sigset_t *signals, psd_error *error)
{
    char runtime_dir[PATH_MAX];
    psd_follow_init(&bridge->node_config, config_changed, bridge);
    if (psd_runtime_dir_create(bridge->config.runtime_dir, runtime_dir, error) < 0 ||

        psd_node_name(bridge->config.node_name, bridge->node, error) < 0)
        return -1;
    int result = start(bridge, runtime_dir, error);
    if (result == 0) {
        psd_log(PSD_LOG_INFO, "started", "version=%s node=%s pid=%d", PSD_VERSION, bridge->node,
                (int)getpid());
        psd_log(PSD_LOG_INFO, "stopping", "signal=%s", sigabbrev_np(wait_for_signal(signals)));
    }
    stop(bridge);
    return result;
}

static void clean_config(psd_bridge_config **config)
{
    psd_bridge_config_free(*config);
}

static int fail(const psd_error *error, int code)
{
    fprintf(stderr, "polarstack-bridge: %s\n", error->text);
    return code;
}

/* Prints what was asked for; false: nothing was. */
static bool print_and_leave(const psd_bridge_config *config)
{
    if (config->help) {
        print_help();
    } else if (config->version) {
        printf("polarstack-bridge %s\n", PSD_VERSION);
    } else if (config->print_config) {
        PSD_AUTO_TEXT dump = PSD_TEXT_INIT;
        psd_options_dump(psd_bridge_options(), config, &dump);
        fputs(psd_text_string(&dump), stdout);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static psd_bridge bridge;
    psd_error error = PSD_ERROR_INIT;
    psd_bridge_config *config = &bridge.config;
    __attribute__((cleanup(clean_config))) psd_bridge_config *cleaned PSD_UNUSED = config;
    mallopt(M_ARENA_MAX, 2); /* many threads with little to do */
    if (psd_bridge_config_load(config, argc, argv, &error) < 0)
        return fail(&error, EXIT_USAGE_ERROR);
    if (print_and_leave(config))
        return 0;
    psd_log_set_level((psd_log_level)config->log_level);
    /* Blocked before any thread exists, so that only sigwait sees them. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (open_kube(&bridge, &error) < 0)
        return fail(&error, EXIT_USAGE_ERROR);
    return serve(&bridge, &signals, &error) < 0 ? fail(&error, EXIT_START_ERROR) : 0;
}
