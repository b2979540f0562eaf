#include "test/support/daemon_process.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rpc/client.h"
#include "test/support/temp_dir.h"

enum { MAX_ARGUMENTS = 32 };

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(99);
}

static void find_program(char path[PATH_MAX])
{
    const char *bin_dir = getenv("BIN_DIR");
    if (bin_dir) {
        snprintf(path, PATH_MAX, "%s/polarstack-daemon", bin_dir);
        return;
    }
    char self[PATH_MAX - 32];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (length < 0)
        give_up("/proc/self/exe");
    self[length] = '\0';
    *strrchr(self, '/') = '\0';
    snprintf(path, PATH_MAX, "%s/polarstack-daemon", self);
}

static _Noreturn void run_program(const char *dir, const char *const *arguments)
{
    char program[PATH_MAX];
    char log[PATH_MAX];
    find_program(program);
    snprintf(log, sizeof(log), "%s/log", dir);
    const char *argv[MAX_ARGUMENTS] = {program, "--runtime-dir", dir};
    for (size_t i = 0; arguments[i] && i + 4 < MAX_ARGUMENTS; i++)
        argv[i + 3] = arguments[i];
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        give_up(log);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no daemon outlives its test */
    execv(program, (char *const *)(uintptr_t)argv);
    give_up(program);
}

void psd_test_daemon_restart(psd_test_daemon *daemon, const char *const *arguments)
{
    daemon->pid = fork();
    if (daemon->pid < 0)
        give_up("fork");
    if (daemon->pid == 0)
        run_program(daemon->dir, arguments);
    psd_client_options options = {.url = daemon->url};
    for (int tries = 0; tries < 1000; tries++) {
        psd_client *client = NULL;
        if (psd_client_open(&options, &client, NULL) == 0) {
            psd_client_close(client);
            return;
        }
        usleep(10000);
    }
    fprintf(stderr, "the daemon did not start: see %s/log\n", daemon->dir);
    exit(99);
}

void psd_test_daemon_start(psd_test_daemon *daemon, const char *const *arguments)
{
    daemon->dir = psd_test_temp_dir();
    snprintf(daemon->url, sizeof(daemon->url), "ipc://%s/daemon.sock", daemon->dir);
    psd_test_daemon_restart(daemon, arguments);
}

void psd_test_daemon_kill(psd_test_daemon *daemon, int signal)
{
    kill(daemon->pid, signal);
    waitpid(daemon->pid, NULL, 0);
}

void psd_test_daemon_stop(psd_test_daemon *daemon)
{
    psd_test_daemon_kill(daemon, SIGTERM);
    psd_test_remove_dir(daemon->dir);
}
