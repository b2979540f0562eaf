/*
 * runtime_dir.h - the folder that holds the daemon's socket and state, found
 * the same way by the daemon and by its clients:
 *
 *   --runtime-dir, else $POLARSTACK_RUNTIME_DIR, else /run/polarstack, else
 *   $XDG_RUNTIME_DIR/polarstack
 */
#ifndef PSD_COMMON_RUNTIME_DIR_H
#define PSD_COMMON_RUNTIME_DIR_H

#include <limits.h>

#include "common/error.h"

#define PSD_DAEMON_SOCKET "daemon.sock"
#define PSD_BRIDGE_SOCKET "bridge.sock"

/* For the daemon: picks the first folder that exists or can be made (mode
 * 0755) and written to. EXPLICIT is the flag's value or NULL; an explicit or
 * environment folder is never replaced by another one. */
int psd_runtime_dir_create(const char *explicit_dir, char path[PATH_MAX], psd_error *error) PSD_MUST_CHECK;

/* For a client: the first folder that holds a daemon's socket; when none does,
 * the one that the daemon would try first. */
void psd_runtime_dir_find(const char *explicit_dir, char path[PATH_MAX]);

/* Makes DIR and its parents (mode 0755) if missing, and checks that files can be made in
 * it. WHAT names it in errors: "state folder". */
int psd_make_writable_dir(const char *dir, const char *what, psd_error *error) PSD_MUST_CHECK;

#endif
