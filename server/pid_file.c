#include "server/pid_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

static unsigned long long start_time(void)
{
    PSD_AUTO_FILE FILE *file = fopen("/proc/self/stat", "re");
    char line[1024];
    if (!file || !fgets(line, sizeof(line), file))
        return 0;
    /* The name in parentheses may hold blanks; the fields follow the last ')'. */
    const char *at = strrchr(line, ')');
    unsigned long long ticks = 0;
    if (at &&
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &ticks) != 1)
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
        if (!file || fprintf(file, "%d %llu\n", (int)getpid(), start_time()) < 0 || fflush(file) != 0)
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
