/*
 * image_archive.h - archives of small images, as "docker save" writes them: for
 * "ctr images import" and "docker load".
 */
#ifndef PSD_TEST_SUPPORT_IMAGE_ARCHIVE_H
#define PSD_TEST_SUPPORT_IMAGE_ARCHIVE_H

#include <stddef.h>

/* Writes FILE with one image for each of COUNT names. "a:1,b:2" is one image of two
 * names. Images differ by their configuration, which tells their names; their one
 * layer is empty. Ends the program on failure. */
void psd_test_image_archive_write(const char *file, const char *const *names, size_t count);

#endif
