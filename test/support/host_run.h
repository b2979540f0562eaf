/* host_run.h - what the tests of host access share. */
#ifndef PSD_TEST_SUPPORT_HOST_RUN_H
#define PSD_TEST_SUPPORT_HOST_RUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/host/host.h"
#include "test/support/ssh_server.h"

/* Prints the process of an ssh connection: the command's parent is timeout(1). */
#define PSD_TEST_CONNECTION "cut -d' ' -f4 /proc/$PPID/stat"

/* Access to SERVER with the right keys. */
psd_host_settings psd_test_ssh_settings(const psd_test_ssh_server *server);

/* Ends the program on failure. */
psd_host *psd_test_open_host(const psd_host_settings *settings);

/* Runs sh -c SCRIPT. */
int psd_test_run_shell(psd_host *host, const char *script, int64_t timeout_ms, psd_command_result *result,
                       psd_error *error) PSD_MUST_CHECK;

/* Open descriptors of this process. */
size_t psd_test_count_descriptors(void);

/* Waits for FILE in DIR to hold a process's number; ends the program when it never does. */
pid_t psd_test_read_pid(const char *dir, const char *file);

#endif
