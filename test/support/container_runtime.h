/*
 * container_runtime.h - a real containerd or dockerd of the test's own, in a folder of
 * its own: nothing of the machine's is touched. Failing to start ends the program.
 */
#ifndef PSD_TEST_SUPPORT_CONTAINER_RUNTIME_H
#define PSD_TEST_SUPPORT_CONTAINER_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef enum psd_test_runtime_kind {
    PSD_TEST_CONTAINERD,
    PSD_TEST_CONTAINERD_WITHOUT_CRI,
    PSD_TEST_DOCKERD, /* with a containerd of its own */
} psd_test_runtime_kind;

typedef struct psd_test_runtime {
    psd_test_runtime_kind kind;
    pid_t pid;
    char *dir;
    char socket[128];
    char endpoint[136]; /* "unix://" and the socket */
} psd_test_runtime;

/* Starts it and waits until it takes requests; CRI may need a moment longer. */
void psd_test_runtime_start(psd_test_runtime *runtime, psd_test_runtime_kind kind);

/* Ends it by SIGTERM and waits for that; restart starts it again with the same images. */
void psd_test_runtime_kill(psd_test_runtime *runtime);
void psd_test_runtime_restart(psd_test_runtime *runtime);

/* Hangs it, by SIGSTOP: it is so on return. Whatever ends it lets it go on first. */
void psd_test_runtime_pause(const psd_test_runtime *runtime);
void psd_test_runtime_continue(const psd_test_runtime *runtime);

/* Ends it and removes its folder. */
void psd_test_runtime_stop(psd_test_runtime *runtime);

/* Adds an image for each of NAMES, as psd_test_image_archive_write() has them: whole names,
 * such as "docker.io/library/a:1". They show in the list a moment later. */
void psd_test_runtime_add(const psd_test_runtime *runtime, const char *const *names, size_t count);

/* Gives the image NAME another name: also one with a digest, where it is containerd. */
void psd_test_runtime_tag(const psd_test_runtime *runtime, const char *name, const char *other);

void psd_test_runtime_remove(const psd_test_runtime *runtime, const char *name);

#endif
