#include "server/pid_file.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "server/host/proc_text.h"
#include "server/host/process.h"

/* Zero when /proc does not tell: such a pid file matches no process. */
static uint64_t start_ticks(void)
{
    char stat[4096];
    uint64_t ticks = 0;
    if (psd_proc_read("/proc/self/stat", stat, sizeof(stat), NULL, NULL) < 0 ||
        !psd_proc_start_ticks(stat, &ticks))
        return 0;
    return ticks;
}

int psd_pid_file_write(const char *dir, psd_error *error)
{
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/daemon.pid", dir) >= (int)sizeof(path) ||
        snprintf(temporary, sizeof(temporary), "%s/daemon.pid.new", dir) >= (int)sizeof(temporary))
        return psd_error_set_errno(error, ENAMETOOLONG, "state folder '%.80s...'", dir);
    {
        PSD_AUTO_FILE FILE *file = fopen(temporary, "we");
        if (!file || fprintf(file, "%d %" PRIu64 "\n", (int)getpid(), start_ticks()) < 0 || fflush(file) != 0)
            return psd_error_set_errno(error, errno, "cannot write '%s'", temporary);
    }
    if (rename(temporary, path) < 0)
        return psd_error_set_errno(error, errno, "cannot write '%s'", path);
    return 0;
}

void psd_pid_file_remove(const char *dir)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/daemon.pid", dir) < (int)sizeof(path))
        unlink(path);
}
