/*
 * polarstack-bridge: the only speaker to Kubernetes, both ways.
 *
 * Life: read the settings and credentials, take the socket, connect to the daemon
 * and to the API server (neither has to be there yet), bring inputs to the one and
 * the mirror to the other until a signal comes.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/footprint.h"
#include "common/log.h"
#include "k8s/config.h"

enum {
    START_S = 15,
};

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

/* Nothing is to be saved, and nobody hears the answer of a check any more. */
static void leave_check(void)
{
    psd_log(PSD_LOG_INFO, "stopped amid a check", "reason=\"a node has not answered it\"");
    _exit(0);
}

static int run(psd_bridge *bridge, const sigset_t *signals, psd_error *error)
{
    int result = psd_bridge_start(bridge, error);
    if (result == 0) {
        psd_log(PSD_LOG_INFO, "started", "version=%s node=%s pid=%d", PSD_VERSION, bridge->node,
                (int)getpid());
        psd_log(PSD_LOG_INFO, "stopping", "signal=%s", sigabbrev_np(wait_for_signal(signals)));
        if (!psd_bridge_end_calls(bridge))
            leave_check();
    }
    psd_bridge_stop(bridge);
    return result;
}

static psd_bridge the_bridge;

static int serve(const sigset_t *signals, psd_error *error)
{
    mallopt(M_ARENA_MAX, 2); /* many threads with little to do */
    if (psd_bridge_open(&the_bridge, error) < 0)
        return PSD_EXIT_USAGE_ERROR;
    return run(&the_bridge, signals, error) < 0 ? PSD_EXIT_START_ERROR : 0;
}

int main(int argc, char **argv)
{
    const psd_program program = {
        .name = "polarstack-bridge",
        .purpose = "Brings what the cluster says of this node to the polarstack-daemon, and keeps what\n"
                   "the daemon knows in ConfigMaps and Node conditions.\n",
        .exit_codes =
            "Exit codes: 0 stopped by SIGTERM or SIGINT, 1 could not start, 2 wrong options, config\n"
            "file or credentials.\n",
        .options = psd_bridge_options(),
        .settings = &the_bridge.config,
        .size = sizeof(the_bridge.config),
        .check = psd_bridge_config_check,
        .serve = serve,
    };
    return psd_program_main(&program, argc, argv);
}
