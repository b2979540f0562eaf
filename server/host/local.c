#include "server/host/local.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/thread.h"

enum {
    HANGING_MAX = 8,
    PROGRAM_SIZE = 256,
    READ_SIZE = 4096,
    READS_MAX = 64,   /* in a row, so that the clock is looked at */
    LOOK_MS = 20,     /* between looks at a process without pidfd (before Linux 5.3) */
    DRAIN_MS = 100,   /* for what a process outside the group may hold */
    KILLED_MS = 1000, /* from SIGKILL to the end */
    STANDARD_FDS = 3,
};

/* Killed, and not gone. */
typedef struct hanging {
    pid_t pid; /* 0: the place is free */
    char program[PROGRAM_SIZE];
} hanging;

struct psd_local {
    pthread_mutex_t mutex; /* guards all below */
    hanging hanging[HANGING_MAX];
};

typedef struct process {
    pid_t pid;
    int pidfd; /* -1: the kernel has none */
    int out;   /* -1 at its end */
    int err;
} process;

typedef struct child_ends {
    int out;
    int err;
} child_ends;

static void close_child(process *child)
{
    psd_cleanup_fd(&child->pidfd);
    psd_cleanup_fd(&child->out);
    psd_cleanup_fd(&child->err);
}

static void close_ends(child_ends *ends)
{
    psd_cleanup_fd(&ends->out);
    psd_cleanup_fd(&ends->err);
}

int psd_local_new(psd_local **local, psd_error *error)
{
    psd_local *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    pthread_mutex_init(&made->mutex, NULL);
    *local = made;
    return 0;
}

void psd_local_free(psd_local *local)
{
    if (!local)
        return;
    pthread_mutex_destroy(&local->mutex);
    free(local);
}

/* ---- those left behind ---- */

static bool is_reaped(pid_t pid)
{
    pid_t got = waitpid(pid, NULL, WNOHANG);
    return got == pid || (got < 0 && errno == ECHILD);
}

static int refuse_second(psd_local *local, const char *program, psd_error *error)
{
    PSD_LOCKED(&local->mutex);
    size_t count = 0;
    for (size_t i = 0; i < HANGING_MAX; i++) {
        hanging *place = &local->hanging[i];
        if (place->pid && is_reaped(place->pid))
            place->pid = 0;
        if (!place->pid)
            continue;
        count++;
        if (strncmp(place->program, program, PROGRAM_SIZE - 1) == 0)
            return psd_error_set(
                error, PSD_UNAVAILABLE,
                "an earlier '%s' (process %d) was killed and does not end: the kernel holds it", program,
                (int)place->pid);
    }
    if (count == HANGING_MAX)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "%zu commands were killed and do not end", count);
    return 0;
}

static void leave_behind(psd_local *local, pid_t pid, const char *program)
{
    PSD_LOCKED(&local->mutex);
    for (size_t i = 0; i < HANGING_MAX; i++) {
        hanging *place = &local->hanging[i];
        if (place->pid)
            continue;
        place->pid = pid;
        snprintf(place->program, sizeof(place->program), "%s", program);
        return;
    }
}

/* ---- start ---- */

/* A standard descriptor that the daemon lacks must not be taken by a pipe: the
 * child's would overwrite it. */
static int move_up(int *fd)
{
    if (*fd >= STANDARD_FDS)
        return 0;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STANDARD_FDS);
    if (moved < 0)
        return -1;
    close(*fd);
    *fd = moved;
    return 0;
}

static int make_pipe(int *ours, int *theirs, psd_error *error)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return psd_error_set_errno(error, errno, "cannot make a pipe");
    *ours = fds[0];
    *theirs = fds[1];
    if (move_up(ours) < 0 || move_up(theirs) < 0 || fcntl(*ours, F_SETFL, O_NONBLOCK) < 0)
        return psd_error_set_errno(error, errno, "cannot make a pipe");
    return 0;
}

static void fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t signals;
    posix_spawnattr_init(attributes);
    posix_spawnattr_setflags(attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(attributes, 0);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(attributes, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(attributes, &signals);
}

/* Starts the program at PATH; an errno. */
static int spawn(pid_t *pid, const char *path, const psd_command *command, const child_ends *ends)
{
    static const char *const environment[] = {"PATH=" PSD_COMMAND_PATH, "LC_ALL=C", NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    fill_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    int result = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(&actions, ends->out, STDOUT_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_adddup2(&actions, ends->err, STDERR_FILENO);
    if (result == 0)
        result = posix_spawn_file_actions_addclosefrom_np(&actions, STANDARD_FDS);
    if (result == 0)
        result = posix_spawn(pid, path, &actions, &attributes, (char *const *)command->arguments,
                             (char *const *)environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

/* Looks for the program in PSD_COMMAND_PATH, as a shell does: one that may not be
 * run is told of only when there is no other. */
static int spawn_by_name(pid_t *pid, const psd_command *command, const child_ends *ends)
{
    int outcome = ENOENT;
    char path[sizeof(PSD_COMMAND_PATH) + PROGRAM_SIZE];
    const char *program = command->arguments[0];
    if (strlen(program) >= PROGRAM_SIZE)
        return ENAMETOOLONG;
    for (const char *folder = PSD_COMMAND_PATH; *folder;) {
        size_t length = strcspn(folder, ":");
        snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, program);
        int result = spawn(pid, path, command, ends);
        if (result != ENOENT && result != EACCES)
            return result;
        if (result == EACCES)
            outcome = result;
        folder += length + (folder[length] == ':');
    }
    return outcome;
}

static int start(process *child, const psd_command *command, psd_error *error)
{
    __attribute__((cleanup(close_ends))) child_ends ends = {-1, -1};
    const char *program = command->arguments[0];
    if (make_pipe(&child->out, &ends.out, error) < 0 || make_pipe(&child->err, &ends.err, error) < 0)
        return -1;
    bool has_path = strchr(program, '/');
    int result = has_path ? spawn(&child->pid, program, command, &ends)
                          : spawn_by_name(&child->pid, command, &ends);
    if (result == ENOENT && !has_path)
        return psd_error_set(error, PSD_NOT_FOUND, "cannot start '%s': it is not in %s", program,
                             PSD_COMMAND_PATH);
    if (result != 0)
        return psd_error_set_errno(error, result, "cannot start '%s'", program);
    child->pidfd = pidfd_open(child->pid, 0);
    return 0;
}

/* ---- its life ---- */

/* Reads what is there; closes *FD at its end. */
static void take_output(int *fd, psd_output *output, const psd_command *command)
{
    char bytes[READ_SIZE];
    for (int i = 0; i < READS_MAX && *fd >= 0; i++) {
        ssize_t got = read(*fd, bytes, sizeof(bytes));
        if (got > 0) {
            psd_output_add(output, command, bytes, (size_t)got);
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            close(*fd);
            *fd = -1;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

/* Looks without reaping: until that, no other process or group gets its number. */
static bool has_ended(const process *child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static int follow(process *child, const psd_command *command, const psd_wait *wait,
                  psd_command_result *result, psd_error *error)
{
    while (!has_ended(child)) {
        struct pollfd fds[] = {{.fd = child->out, .events = POLLIN},
                               {.fd = child->err, .events = POLLIN},
                               {.fd = child->pidfd, .events = POLLIN}};
        int64_t most_ms = child->pidfd < 0 ? LOOK_MS : PSD_WAIT_ALWAYS;
        if (psd_wait_poll(wait, fds, PSD_ARRAY_SIZE(fds), most_ms, error) < 0)
            return -1;
        take_output(&child->out, &result->out, command);
        take_output(&child->err, &result->err, command);
    }
    return 0;
}

/* The group is dead: what it wrote is there, and the end follows, unless
 * somebody outside of the group holds it. */
static void drain(process *child, const psd_command *command, psd_command_result *result)
{
    psd_wait wait = {.deadline_ms = psd_clock_mono_ms() + DRAIN_MS};
    while (child->out >= 0 || child->err >= 0) {
        take_output(&child->out, &result->out, command);
        take_output(&child->err, &result->err, command);
        struct pollfd fds[] = {{.fd = child->out, .events = POLLIN}, {.fd = child->err, .events = POLLIN}};
        if (psd_wait_poll(&wait, fds, PSD_ARRAY_SIZE(fds), PSD_WAIT_ALWAYS, NULL) < 0)
            return;
    }
}

static void kill_group(const process *child)
{
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL); /* it may have joined another group */
}

/* False when the kernel does not let go of it. */
static bool await_end(const process *child)
{
    psd_wait wait = {.deadline_ms = psd_clock_mono_ms() + KILLED_MS};
    while (!has_ended(child)) {
        struct pollfd fd = {.fd = child->pidfd, .events = POLLIN};
        if (psd_wait_poll(&wait, &fd, 1, LOOK_MS, NULL) < 0)
            return has_ended(child);
    }
    return true;
}

static int reap(const process *child, psd_command_result *result, psd_error *error)
{
    int status = 0;
    pid_t got = 0;
    do
        got = waitpid(child->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return psd_error_set_errno(error, errno, "cannot tell how process %d ended", (int)child->pid);
    result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return 0;
}

int psd_local_run(psd_local *local, const psd_command *command, const psd_wait *wait,
                  psd_command_result *result, psd_error *error)
{
    __attribute__((cleanup(close_child))) process child = {0, -1, -1, -1};
    if (refuse_second(local, command->arguments[0], error) < 0 || start(&child, command, error) < 0)
        return -1;
    int outcome = follow(&child, command, wait, result, error);
    kill_group(&child);
    if (outcome == 0)
        drain(&child, command, result);
    if (!await_end(&child)) {
        leave_behind(local, child.pid, command->arguments[0]);
        return -1; /* follow() has set why */
    }
    psd_command_result ended = PSD_COMMAND_RESULT_INIT;
    if (reap(&child, outcome == 0 ? result : &ended, outcome == 0 ? error : NULL) < 0)
        return -1;
    return outcome;
}
