#include "server/host/host.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"
#include "common/thread.h"
#include "server/host/local.h"
#include "server/host/ssh_command.h"

static const char default_user[] = "root";

struct psd_host {
    psd_host_access access;
    psd_local *local;     /* NULL over ssh */
    psd_ssh_session *ssh; /* NULL locally; of who has the turn */
    int turn;             /* a semaphore that a wait can poll */
    bool has_fixed_user;

    pthread_mutex_t mutex; /* guards all below */
    char *user;            /* never NULL over ssh */
};

const char *const psd_host_access_names[] = {"local", "ssh", NULL};

static int open_ssh(psd_host *host, const psd_ssh_settings *settings, psd_error *error)
{
    host->has_fixed_user = settings->user != NULL;
    host->user = psd_text_copy(settings->user ? settings->user : default_user);
    host->turn = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    if (host->turn < 0)
        return psd_error_set_errno(error, errno, "cannot make an eventfd");
    return psd_ssh_session_new(settings, &host->ssh, error);
}

int psd_host_open(const psd_host_settings *settings, psd_host **host, psd_error *error)
{
    psd_host *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->access = settings->access;
    made->turn = -1;
    pthread_mutex_init(&made->mutex, NULL);
    int result = settings->access == PSD_HOST_SSH ? open_ssh(made, &settings->ssh, error)
                                                  : psd_local_new(&made->local, error);
    if (result < 0) {
        psd_host_close(made);
        return -1;
    }
    *host = made;
    return 0;
}

void psd_host_close(psd_host *host)
{
    if (!host)
        return;
    psd_local_free(host->local);
    psd_ssh_session_free(host->ssh);
    psd_cleanup_fd(&host->turn);
    free(host->user);
    pthread_mutex_destroy(&host->mutex);
    free(host);
}

psd_host_access psd_host_get_access(const psd_host *host)
{
    return host->access;
}

bool psd_host_set_user(psd_host *host, const char *user)
{
    if (host->access != PSD_HOST_SSH || host->has_fixed_user)
        return false;
    if (!user || !*user)
        user = default_user;
    PSD_LOCKED(&host->mutex);
    if (strcmp(host->user, user) == 0)
        return false;
    free(host->user);
    host->user = psd_text_copy(user);
    return true;
}

static char *user_now(psd_host *host)
{
    PSD_LOCKED(&host->mutex);
    return psd_text_copy(host->user);
}

static int take_turn(psd_host *host, const psd_wait *wait, psd_error *error)
{
    eventfd_t one = 0;
    while (eventfd_read(host->turn, &one) < 0) {
        struct pollfd free_turn = {.fd = host->turn, .events = POLLIN};
        if (psd_wait_poll(wait, &free_turn, 1, PSD_WAIT_ALWAYS, error) < 0)
            return psd_error_prefix(error, "waiting for another command to end");
    }
    return 0;
}

static int run_over_ssh(psd_host *host, const psd_command *command, const psd_wait *wait,
                        psd_command_result *result, psd_error *error)
{
    if (take_turn(host, wait, error) < 0)
        return -1;
    PSD_AUTO_FREE char *user = user_now(host);
    int outcome = psd_ssh_run(host->ssh, user, command, wait, result, error);
    eventfd_write(host->turn, 1);
    return outcome;
}

int psd_host_run(psd_host *host, const psd_command *command, psd_command_result *result, psd_error *error)
{
    psd_error why = PSD_ERROR_INIT;
    psd_wait wait = {.deadline_ms = psd_clock_mono_ms() + command->timeout_ms, .stop = command->stop};
    int outcome = host->access == PSD_HOST_SSH ? run_over_ssh(host, command, &wait, result, &why)
                                               : psd_local_run(host->local, command, &wait, result, &why);
    if (outcome == 0)
        return 0;
    psd_command_result_free(result);
    char limit[PSD_DURATION_TEXT_SIZE];
    if (why.code == PSD_DEADLINE_EXCEEDED)
        psd_error_append(&why, ": it may take %s", psd_format_duration(command->timeout_ms, limit));
    psd_error_prefix(&why, "'%s'", command->arguments[0]);
    return psd_error_copy(error, &why);
}
