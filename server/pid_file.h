/*
 * pid_file.h - which process this daemon is, for scripts that stop it: the pid
 * and its start time in clock ticks since boot (field 22 of /proc/PID/stat), so
 * that a reused pid is never taken for the daemon.
 */
#ifndef PSD_SERVER_PID_FILE_H
#define PSD_SERVER_PID_FILE_H

#include "common/error.h"

/* Writes "PID START\n" to DIR/daemon.pid through a temporary file. */
int psd_pid_file_write(const char *dir, psd_error *error) PSD_MUST_CHECK;

void psd_pid_file_remove(const char *dir);

#endif
