/*
 * planted.c - one known bug at a time, to prove that the sanitizer builds fail
 * on it. Each bug is built with the flags of everything else and run as a test
 * by the same job; bugs.txt says what must be found.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/macros.h"

/* Keeps the compiler from seeing, or removing, what is wrong. */
static void *volatile kept;

static void use_after_free(void)
{
    kept = malloc(16);
    char *bytes = kept;
    memset(bytes, 1, 16);
    free(kept);
    printf("%d\n", bytes[3]);
}

static void leak(void)
{
    kept = malloc(16);
    kept = NULL;
}

static void undefined(void)
{
    volatile int largest = INT_MAX;
    printf("%d\n", largest + 1);
}

/* A program whose daemon goes wrong while the program itself sees nothing. */
static void in_background(void (*make)(void))
{
    pid_t child = fork();
    if (child == 0) {
        make();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void background_use_after_free(void)
{
    in_background(use_after_free);
}

static void background_undefined(void)
{
    in_background(undefined);
}

static int shared;

static void *count(void *arg PSD_UNUSED)
{
    for (int i = 0; i < 1000; i++)
        shared++;
    return NULL;
}

static void data_race(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, count, NULL) != 0)
        abort();
    count(NULL);
    pthread_join(other, NULL);
}

static const struct bug {
    const char *name;
    void (*make)(void);
} bugs[] = {
    {"use_after_free", use_after_free},
    {"leak", leak},
    {"undefined", undefined},
    {"background_undefined", background_undefined},
    {"background_use_after_free", background_use_after_free},
    {"data_race", data_race},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < PSD_ARRAY_SIZE(bugs); i++) {
        if (strcmp(argv[1], bugs[i].name) == 0) {
            bugs[i].make();
            return 0;
        }
    }
    fprintf(stderr, "usage: planted BUG\n");
    return 2;
}
