/* run_program.h - runs a program of the machine's to its end, without input and output. */
#ifndef PSD_TEST_SUPPORT_RUN_PROGRAM_H
#define PSD_TEST_SUPPORT_RUN_PROGRAM_H

/* Its exit code; -1 when a signal ended it. ARGUMENTS end in NULL, the program is
 * looked for in PATH. Ends the program when there is no process to be had. */
int psd_test_run(const char *const *arguments);

#endif
