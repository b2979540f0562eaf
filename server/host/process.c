#include "server/host/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"

enum { COMMAND_SIZE = 257, NAME_SIZE = 64 };

typedef struct descriptor_walk {
    const uint32_t *inodes;
    size_t count;
    int64_t deadline_ms;
    bool (*found)(void *arg, const psd_holder *holder);
    void *arg;
    size_t hidden;
    bool ended; /* by `found` */
} descriptor_walk;

int psd_proc_read(const char *path, char *text, size_t size, size_t *length, psd_error *error)
{
    PSD_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return psd_error_set_errno(error, errno, "cannot open %s", path);
    size_t used = 0;
    while (used < size - 1) {
        ssize_t got = read(fd, text + used, size - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return psd_error_set_errno(error, errno, "cannot read %s", path);
        if (got == 0)
            break;
        used += (size_t)got;
    }
    text[used] = '\0';
    if (length)
        *length = used;
    return 0;
}

static int compare_inodes(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

/* Whether the descriptor NAME in FOLDER is a wanted socket. */
static bool read_wanted(const descriptor_walk *walk, int folder, const char *name, uint32_t *inode)
{
    char link[64];
    ssize_t length = readlinkat(folder, name, link, sizeof(link) - 1);
    if (length < 0)
        return false;
    link[length] = '\0';
    uint64_t number = 0;
    if (!psd_proc_socket_inode(link, &number))
        return false;
    *inode = (uint32_t)number; /* sock_diag tells no more bits */
    return bsearch(inode, walk->inodes, walk->count, sizeof(*inode), compare_inodes) != NULL;
}

static int walk_descriptors(descriptor_walk *walk, pid_t pid, psd_error *error)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    PSD_AUTO_DIR DIR *folder = opendir(path);
    if (!folder) {
        walk->hidden += errno == EACCES || errno == EPERM;
        return 0;
    }
    for (const struct dirent *entry = readdir(folder); entry && !walk->ended; entry = readdir(folder)) {
        psd_holder holder = {.pid = pid};
        uint64_t number = 0;
        if (psd_parse_uint(entry->d_name, 0, INT32_MAX, &number, NULL) < 0 ||
            !read_wanted(walk, dirfd(folder), entry->d_name, &holder.inode))
            continue;
        walk->ended = !walk->found(walk->arg, &holder);
    }
    if (psd_clock_mono_ms() >= walk->deadline_ms)
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED, "there was no time to look at all processes");
    return 0;
}

int psd_processes_walk(uint32_t *inodes, size_t count, int64_t deadline_ms,
                       bool (*found)(void *arg, const psd_holder *holder), void *arg, size_t *hidden,
                       psd_error *error)
{
    descriptor_walk walk = {
        .inodes = inodes, .count = count, .deadline_ms = deadline_ms, .found = found, .arg = arg};
    PSD_AUTO_DIR DIR *folder = opendir("/proc");
    if (!folder)
        return psd_error_set_errno(error, errno, "cannot read /proc");
    qsort(inodes, count, sizeof(*inodes), compare_inodes);
    int result = 0;
    for (const struct dirent *entry = readdir(folder); entry && !walk.ended && result == 0;
         entry = readdir(folder)) {
        uint64_t pid = 0;
        if (psd_parse_uint(entry->d_name, 1, INT32_MAX, &pid, NULL) == 0)
            result = walk_descriptors(&walk, (pid_t)pid, error);
    }
    *hidden = walk.hidden;
    return result;
}

/* Reads /proc/PID/FILE. False when it cannot be read. */
static bool read_of(pid_t pid, const char *file, char *text, size_t size, size_t *length)
{
    char path[48];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    return psd_proc_read(path, text, size, length, NULL) == 0;
}

static int64_t started_at_ms(pid_t pid)
{
    char text[4096];
    uint64_t ticks = 0;
    uint64_t boot_time = 0;
    if (!read_of(pid, "stat", text, sizeof(text), NULL) || !psd_proc_start_ticks(text, &ticks))
        return 0;
    /* The line "btime" follows one line a processor and a long one of
     * interrupts. */
    enum { stat_size = 1 << 20 };
    PSD_AUTO_FREE char *stat = malloc(stat_size);
    if (!stat || psd_proc_read("/proc/stat", stat, stat_size, NULL, NULL) < 0 ||
        !psd_proc_boot_time(stat, &boot_time))
        return 0;
    return (int64_t)(boot_time * 1000 + ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

Polarstack__V1__PortProcess *psd_process_describe(pid_t pid)
{
    Polarstack__V1__PortProcess *process = malloc(sizeof(*process));
    if (!process)
        return NULL;
    polarstack__v1__port_process__init(process);
    process->pid = pid;
    process->started_at_ms = started_at_ms(pid);
    char text[4096];
    size_t length = 0;
    char name[NAME_SIZE] = "";
    char command[COMMAND_SIZE] = "";
    char uid[PSD_POD_UID_SIZE] = "";
    if (read_of(pid, "comm", text, sizeof(text), &length))
        psd_proc_printable(text, length, name, sizeof(name));
    if (read_of(pid, "cmdline", text, sizeof(text), &length))
        psd_proc_printable(text, length, command, sizeof(command));
    if (!read_of(pid, "cgroup", text, sizeof(text), NULL) || !psd_proc_pod_uid(text, uid))
        uid[0] = '\0';
    process->name = strdup(name);
    process->command = strdup(command);
    process->pod_uid = strdup(uid);
    if (process->name && process->command && process->pod_uid)
        return process;
    protobuf_c_message_free_unpacked(&process->base, NULL);
    return NULL;
}
