/*
 * daemon_process.h - the real polarstack-daemon, started by a test or bench in
 * a folder of its own. Failing to start ends the program.
 */
#ifndef PSD_TEST_SUPPORT_DAEMON_PROCESS_H
#define PSD_TEST_SUPPORT_DAEMON_PROCESS_H

#include <sys/types.h>

typedef struct psd_test_daemon {
    pid_t pid;
    char *dir;     /* runtime folder */
    char url[128]; /* "ipc://DIR/daemon.sock" */
} psd_test_daemon;

/* Starts the daemon that lies beside this program ($BIN_DIR, else the folder of
 * the program) with ARGUMENTS (ended by NULL) behind --runtime-dir, and waits
 * until it listens. Its log goes to DIR/log. */
void psd_test_daemon_start(psd_test_daemon *daemon, const char *const *arguments);

/* Starts it again after psd_test_daemon_kill(), in the same folder. */
void psd_test_daemon_restart(psd_test_daemon *daemon, const char *const *arguments);

/* Sends SIGNAL and waits for the end. */
void psd_test_daemon_kill(psd_test_daemon *daemon, int signal);

/* Stops it and removes its folder. */
void psd_test_daemon_stop(psd_test_daemon *daemon);

#endif
