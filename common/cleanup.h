/*
 * cleanup.h - owned variables clean up after themselves.
 *
 * Declare every owned variable with one of the PSD_AUTO_… attributes and
 * initialize it there (NULL, -1). Ownership leaves a function only through
 * psd_take() or psd_take_fd(), which empty their source.
 */
#ifndef PSD_COMMON_CLEANUP_H
#define PSD_COMMON_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void psd_cleanup_free(void *variable)
{
    free(*(void **)variable);
}

static inline void psd_cleanup_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd); /* never retried: Linux has released the number even on EINTR */
}

static inline void psd_cleanup_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

static inline void psd_cleanup_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

#define PSD_AUTO_FREE __attribute__((cleanup(psd_cleanup_free)))
#define PSD_AUTO_CLOSE __attribute__((cleanup(psd_cleanup_fd)))
#define PSD_AUTO_FILE __attribute__((cleanup(psd_cleanup_file)))
#define PSD_AUTO_DIR __attribute__((cleanup(psd_cleanup_dir)))
/* For a type with a free function that takes a pointer to the variable. */
#define PSD_AUTO(function) __attribute__((cleanup(function)))

/* Gives the pointer away and leaves NULL behind. */
#define psd_take(pointer)                   \
    __extension__({                         \
        __auto_type psd_taken_ = (pointer); \
        (pointer) = NULL;                   \
        psd_taken_;                         \
    })

/* Gives the descriptor away and leaves -1 behind. */
static inline int psd_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#endif
