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

#include "common/log.h"
#include "k8s/config.h"
#include "k8s/footprint.h"

enum {
    EXIT_USAGE_ERROR = 2, /* options, config file or credentials */
    EXIT_START_ERROR = 1, /* folders, socket, threads */
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
    int result = psd_bridge_start(bridge, error);
    if (result == 0) {
        psd_log(PSD_LOG_INFO, "started", "version=%s node=%s pid=%d", PSD_VERSION, bridge->node,
                (int)getpid());
        psd_log(PSD_LOG_INFO, "stopping", "signal=%s", sigabbrev_np(wait_for_signal(signals)));
    }
    psd_bridge_stop(bridge);
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
    if (psd_bridge_open(&bridge, &error) < 0)
        return fail(&error, EXIT_USAGE_ERROR);
    return serve(&bridge, &signals, &error) < 0 ? fail(&error, EXIT_START_ERROR) : 0;
}
