/*
 * polarstack-daemon: knows which ports of this host are taken, and tells.
 *
 * Life: read the settings, take the socket (which proves to be the only daemon
 * there), start scanners and server, wait for a signal, stop in reverse order.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/footprint.h"
#include "common/log.h"
#include "common/node_name.h"
#include "common/rpc/background.h"
#include "common/rpc/wire.h"
#include "common/runtime_dir.h"
#include "server/config.h"
#include "server/pid_file.h"
#include "server/scanners.h"
#include "server/services/services.h"
#include "server/topics.h"

enum {
    STOP_GRACE_MS = 5000,
    START_BEATS = 15000 / PSD_HEARTBEAT_PERIOD_MS, /* the start is over when so many heartbeats were sent */
    SOCKET_MODE = 0660,
};

static int find_folders(const psd_config *config, char runtime_dir[PATH_MAX], char state_dir[PATH_MAX],
                        psd_error *error)
{
    if (psd_runtime_dir_create(config->runtime_dir, runtime_dir, error) < 0)
        return -1;
    int length = config->state_dir ? snprintf(state_dir, PATH_MAX, "%s", config->state_dir)
                                   : snprintf(state_dir, PATH_MAX, "%s/state", runtime_dir);
    if (length >= PATH_MAX)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the path of the state folder is too long");
    if (psd_make_writable_dir(state_dir, "state folder", error) < 0)
        return psd_error_append(error, ": choose another one with --state-dir");
    return 0;
}

/* What others tell, and what is remembered for them. */
static void forget(psd_daemon *daemon)
{
    psd_net_state_free(&daemon->net);
    psd_version_checks_free(&daemon->checks);
    psd_version_definitions_free(&daemon->versions);
}

/* Name, epoch, ranges, client NIC and versions. */
static int identify(psd_daemon *daemon, psd_error *error)
{
    daemon->started_at_ms = psd_clock_unix_ms();
    if (psd_node_name(daemon->config.node_name, daemon->node, error) < 0)
        return -1;
    arc4random_buf(&daemon->epoch, sizeof(daemon->epoch));
    daemon->listen_role = PSD_ROLE_READER + (psd_role)daemon->config.listen_role;
    psd_port_set always = {{0}};
    if (psd_port_set_parse(&always, daemon->config.port_ranges, error) < 0)
        return -1;
    psd_port_ranges_init(&daemon->port_ranges, &always);
    psd_version_definitions_init(&daemon->versions);
    if (psd_version_checks_init(&daemon->checks, error) == 0 &&
        psd_net_state_init(&daemon->net, daemon->config.client_nic, error) == 0 &&
        psd_bmc_watch_init(&daemon->bmc, &daemon->config, &daemon->net, error) == 0)
        return 0;
    forget(daemon);
    return -1;
}

static int listen_everywhere(psd_daemon *daemon, const char *runtime_dir, psd_error *error)
{
    char url[PATH_MAX + 32];
    snprintf(url, sizeof(url), "ipc://%s%s/%s", runtime_dir[0] == '/' ? "" : "./", runtime_dir,
             PSD_DAEMON_SOCKET);
    if (psd_server_listen(daemon->server, url, SOCKET_MODE, error) < 0)
        return -1;
    psd_log(PSD_LOG_INFO, "listening", "url=%s", url);
    if (!daemon->config.listen)
        return 0;
    if (psd_server_listen(daemon->server, daemon->config.listen, SOCKET_MODE, error) < 0)
        return -1;
    psd_log(PSD_LOG_INFO, "listening", "url=%s", daemon->config.listen);
    return 0;
}

/* Databases get ports of these ranges: none of them may look free only because
 * nobody looked. */
static void follow_config(void *arg, const Polarstack__V1__NodeConfig *config)
{
    psd_daemon *daemon = arg;
    psd_port_set more = {{0}};
    for (size_t i = 0; i < config->n_port_ranges; i++)
        psd_port_set_add(&more, config->port_ranges[i]->first, config->port_ranges[i]->last);
    if (psd_port_ranges_set_more(&daemon->port_ranges, &more))
        psd_scanners_look_now(daemon, "port");
    psd_net_state_set_config(&daemon->net, config);
    psd_version_definitions_set_config(&daemon->versions, config);
    psd_bmc_watch_follow(&daemon->bmc, config);
}

static int start(psd_daemon *daemon, const char *runtime_dir, const char *state_dir, psd_error *error)
{
    psd_server_options options = {.max_in_flight = (unsigned)daemon->config.max_in_flight,
                                  .authorize = psd_authorize_local,
                                  .authorize_arg = &daemon->listen_role,
                                  .operator_hint = "start this daemon with --listen-role operator"};
    if (psd_server_new(&options, &daemon->server, error) < 0 || psd_topics_init(daemon, error) < 0 ||
        psd_services_add(daemon, error) < 0 || listen_everywhere(daemon, runtime_dir, error) < 0)
        return -1;
    psd_scanners_init(daemon);
    /* From here on this is the only daemon with this socket. The configuration
     * that was kept says what to look at. */
    if (psd_pid_file_write(state_dir, error) < 0 ||
        psd_node_config_open(state_dir, daemon->topics[PSD_TOPIC_NODE_CONFIG], follow_config, daemon,
                             &daemon->node_config, error) < 0 ||
        psd_scanners_start(daemon, error) < 0 ||
        psd_bmc_watch_start(&daemon->bmc, &daemon->config, error) < 0)
        return -1;
    return psd_server_start(daemon->server, error);
}

/* Sends heartbeats until a signal comes. When the start is over, what only it needed
 * is given back. */
static int wait_for_signal(psd_daemon *daemon, const sigset_t *signals)
{
    const struct timespec period = {.tv_sec = PSD_HEARTBEAT_PERIOD_MS / 1000,
                                    .tv_nsec = PSD_HEARTBEAT_PERIOD_MS % 1000 * 1000000L};
    for (uint64_t beats = 1;; beats++) {
        int signal = sigtimedwait(signals, NULL, &period);
        if (signal > 0)
            return signal;
        psd_topics_heartbeat(daemon);
        if (beats == START_BEATS)
            psd_footprint_trim();
    }
}

/* Answers what was accepted, for which nobody waits long, then ends what works in the background and the
 * scanners, whose questions are answered too, then the rest. */
static void stop(psd_daemon *daemon)
{
    psd_scanners_interrupt(daemon);
    if (daemon->server)
        psd_server_stop(daemon->server, STOP_GRACE_MS);
    psd_background_wait(); /* an apply may ask a scanner */
    psd_bmc_watch_stop(&daemon->bmc);
    psd_scanners_stop(daemon);
    psd_server_free(daemon->server);
    psd_node_config_free(daemon->node_config);
    psd_topics_free(daemon);
    forget(daemon);
}

static int run(psd_daemon *daemon, const sigset_t *signals, psd_error *error)
{
    char runtime_dir[PATH_MAX];
    char state_dir[PATH_MAX];
    if (find_folders(&daemon->config, runtime_dir, state_dir, error) < 0 || identify(daemon, error) < 0)
        return -1;
    int result = start(daemon, runtime_dir, state_dir, error);
    if (result == 0) {
        psd_log(PSD_LOG_INFO, "started", "version=%s node=%s pid=%d", PSD_VERSION, daemon->node,
                (int)getpid());
        int signal = wait_for_signal(daemon, signals);
        psd_log(PSD_LOG_INFO, "stopping", "signal=%s", sigabbrev_np(signal));
        psd_pid_file_remove(state_dir);
    }
    stop(daemon);
    return result;
}

static psd_daemon the_daemon;

static int serve(const sigset_t *signals, psd_error *error)
{
    return run(&the_daemon, signals, error) < 0 ? PSD_EXIT_START_ERROR : 0;
}

int main(int argc, char **argv)
{
    const psd_program program = {
        .name = "polarstack-daemon",
        .purpose = "Serves what it knows of this host: which ports are taken, whether the client network "
                   "works. Read it with pdctl.\n",
        .exit_codes = "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start, 2 wrong options or "
                      "config file.\n",
        .options = psd_config_options(),
        .settings = &the_daemon.config,
        .size = sizeof(the_daemon.config),
        .check = psd_config_check,
        .serve = serve,
    };
    return psd_program_main(&program, argc, argv);
}
