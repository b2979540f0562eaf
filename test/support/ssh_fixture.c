#include "test/support/ssh_fixture.h"

#include <signal.h>
#include <stdlib.h>

#include "test/support/check.h"

psd_test_ssh_server psd_test_ssh;
psd_host *psd_test_ssh_host;

int psd_test_ssh_set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as the daemon does */
    unsetenv("SSH_AUTH_SOCK");
    psd_test_ssh_server_start(&psd_test_ssh);
    psd_host_settings settings = psd_test_ssh_settings(&psd_test_ssh);
    psd_test_ssh_host = psd_test_open_host(&settings);
    return 0;
}

int psd_test_ssh_tear_down(void **state)
{
    (void)state;
    psd_host_close(psd_test_ssh_host);
    psd_test_ssh_server_stop(&psd_test_ssh);
    return 0;
}

void psd_test_ssh_shell(const char *script, psd_command_result *result)
{
    psd_error error = PSD_ERROR_INIT;
    psd_command_result_free(result);
    assert_works(psd_test_run_shell(psd_test_ssh_host, script, PSD_TEST_SSH_TIMEOUT_MS, result, &error),
                 &error);
}

int psd_test_ssh_connection(void)
{
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_test_ssh_shell(PSD_TEST_CONNECTION, &result);
    return atoi(result.out.text.data);
}
