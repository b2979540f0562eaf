/* program_output.h - what a program of this project prints, in a test with cmocka. */
#ifndef PSD_TEST_SUPPORT_PROGRAM_OUTPUT_H
#define PSD_TEST_SUPPORT_PROGRAM_OUTPUT_H

typedef struct psd_test_output {
    int code;         /* exit code; -1 when a signal ended it */
    char text[16384]; /* of both streams */
} psd_test_output;

/* Runs the PROGRAM of $BIN_DIR with WORDS (ended by NULL, at most 22). */
psd_test_output psd_test_output_of(const char *program, const char *const *words);

/* It ended with CODE, and the PARTS (ended by NULL) stand in it in this order. */
void psd_test_assert_prints(const psd_test_output *output, int code, const char *const *parts);

#endif
