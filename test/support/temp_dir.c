#include "test/support/temp_dir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *psd_test_temp_dir(void)
{
    char path[] = "/tmp/psd-test-XXXXXX";
    if (!mkdtemp(path)) {
        perror("mkdtemp");
        exit(99);
    }
    return strdup(path);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void psd_test_remove_dir(char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}
