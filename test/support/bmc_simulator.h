/*
 * bmc_simulator.h - a simulated BMC: ipmi_sim on a loopback port, asked with ipmitool's
 * lanplus interface. Failing to start ends the program.
 */
#ifndef PSD_TEST_SUPPORT_BMC_SIMULATOR_H
#define PSD_TEST_SUPPORT_BMC_SIMULATOR_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct psd_test_bmc {
    char *dir;
    pid_t pid;
    unsigned port;
    char arguments[256]; /* for ipmitool; the password stands in a file */
} psd_test_bmc;

void psd_test_bmc_start(psd_test_bmc *bmc);

/* What it tells from now on. */
void psd_test_bmc_set(const psd_test_bmc *bmc, const char *address, bool power);

/* Ends it with its helpers; restart starts it again on the same port. */
void psd_test_bmc_kill(psd_test_bmc *bmc);
void psd_test_bmc_restart(psd_test_bmc *bmc);

/* Ends it and removes its folder. */
void psd_test_bmc_stop(psd_test_bmc *bmc);

#endif
