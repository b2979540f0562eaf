/*
 * image-archive - writes an archive of small images for "ctr images import" and
 * "docker load".
 *
 *   image-archive FILE NAME...    "a:1,b:2" is one image of two names
 */
#include "test/support/image_archive.h"

#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: image-archive FILE NAME...\n", stderr);
        return 2;
    }
    psd_test_image_archive_write(argv[1], (const char *const *)(uintptr_t)(argv + 2), (size_t)argc - 2);
    return 0;
}
