/* temp_dir.h - a folder for the files of one test. */
#ifndef PSD_TEST_SUPPORT_TEMP_DIR_H
#define PSD_TEST_SUPPORT_TEMP_DIR_H

/* Makes a new folder with a short path (unix sockets allow little); ends the
 * program when that fails. The caller frees the path. */
char *psd_test_temp_dir(void);

/* Removes the folder with what is in it, frees the path. */
void psd_test_remove_dir(char *path);

#endif
