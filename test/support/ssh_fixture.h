/* ssh_fixture.h - a real sshd and access to it, for a test program with cmocka. */
#ifndef PSD_TEST_SUPPORT_SSH_FIXTURE_H
#define PSD_TEST_SUPPORT_SSH_FIXTURE_H

#include "test/support/host_run.h"

enum { PSD_TEST_SSH_TIMEOUT_MS = 20000 };

extern psd_test_ssh_server psd_test_ssh;
extern psd_host *psd_test_ssh_host; /* the server's, with the right key */

/* For cmocka_run_group_tests(). */
int psd_test_ssh_set_up(void **state);
int psd_test_ssh_tear_down(void **state);

/* Runs SCRIPT there; RESULT was initialized. */
void psd_test_ssh_shell(const char *script, psd_command_result *result);

/* The process of the connection, on the server. */
int psd_test_ssh_connection(void);

#endif
