#include "common/runtime_dir.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const system_dir = "/run/polarstack";

/* The folder that was asked for by flag or environment; NULL if none was. */
static const char *asked_for(const char *explicit_dir)
{
    if (explicit_dir && explicit_dir[0])
        return explicit_dir;
    const char *environment = getenv("POLARSTACK_RUNTIME_DIR");
    return environment && environment[0] ? environment : NULL;
}

/* False when there is no XDG runtime folder. */
static bool user_dir(char path[PATH_MAX])
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (!base || !base[0])
        return false;
    snprintf(path, PATH_MAX, "%s/polarstack", base);
    return true;
}

static int make_dirs(const char *dir)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (path[0] == '\0') {
        errno = ENOENT;
        return -1;
    }
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return -1;
        *slash = '/';
    }
    return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

int psd_make_writable_dir(const char *dir, const char *what, psd_error *error)
{
    if (make_dirs(dir) < 0)
        return psd_error_set_errno(error, errno, "cannot make the %s '%s'", what, dir);
    char probe[PATH_MAX];
    if (snprintf(probe, sizeof(probe), "%s/.write-probe-%d", dir, (int)getpid()) >= (int)sizeof(probe))
        return psd_error_set_errno(error, ENAMETOOLONG, "%s '%.80s...'", what, dir);
    FILE *file = fopen(probe, "wxe");
    if (!file)
        return psd_error_set_errno(error, errno, "cannot write to the %s '%s'", what, dir);
    fclose(file);
    unlink(probe);
    return 0;
}

int psd_runtime_dir_create(const char *explicit_dir, char path[PATH_MAX], psd_error *error)
{
    const char *asked = asked_for(explicit_dir);
    snprintf(path, PATH_MAX, "%s", asked ? asked : system_dir);
    if (psd_make_writable_dir(path, "runtime folder", error) == 0)
        return 0;
    if (!asked && user_dir(path) && psd_make_writable_dir(path, "runtime folder", error) == 0)
        return 0;
    return psd_error_append(error, ": choose another one with --runtime-dir");
}

static bool has_socket(const char *dir)
{
    char path[PATH_MAX];
    struct stat status;
    return snprintf(path, sizeof(path), "%s/%s", dir, PSD_DAEMON_SOCKET) < (int)sizeof(path) &&
           stat(path, &status) == 0;
}

void psd_runtime_dir_find(const char *explicit_dir, char path[PATH_MAX])
{
    const char *asked = asked_for(explicit_dir);
    if (!asked && !has_socket(system_dir) && user_dir(path) && has_socket(path))
        return;
    snprintf(path, PATH_MAX, "%s", asked ? asked : system_dir);
}
