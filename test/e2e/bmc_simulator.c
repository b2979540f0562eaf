/*
 * bmc_simulator: a simulated BMC for the tests that are scripts. Prints "arguments …",
 * those for ipmitool, when it answers. Ends with its input, a command a line, each
 * answered with "ok COMMAND":
 *
 *   set ADDRESS    the address that it tells from now on
 *   kill           it answers no more
 *   restart
 */
#include "test/support/bmc_simulator.h"

#include <stdio.h>
#include <string.h>

static int obey(psd_test_bmc *bmc, char *line)
{
    if (strncmp(line, "set ", 4) == 0)
        psd_test_bmc_set(bmc, line + 4, true);
    else if (strcmp(line, "kill") == 0)
        psd_test_bmc_kill(bmc);
    else if (strcmp(line, "restart") == 0)
        psd_test_bmc_restart(bmc);
    else
        return -1;
    return 0;
}

int main(void)
{
    psd_test_bmc bmc;
    char line[128];
    psd_test_bmc_start(&bmc);
    printf("arguments %s\n", bmc.arguments);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        printf("%s %s\n", obey(&bmc, line) == 0 ? "ok" : "error", line);
        fflush(stdout);
    }
    psd_test_bmc_stop(&bmc);
    return 0;
}
