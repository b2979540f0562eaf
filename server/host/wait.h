/*
 * wait.h - how long a piece of work may take, and who may end it earlier.
 *
 * A psd_stop is raised once, from any thread, and stays raised: every wait that
 * knows of it ends, and so does each later one.
 */
#ifndef PSD_SERVER_HOST_WAIT_H
#define PSD_SERVER_HOST_WAIT_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef struct psd_stop {
    int fd; /* an eventfd; readable once raised */
} psd_stop;

int psd_stop_init(psd_stop *stop, psd_error *error) PSD_MUST_CHECK;
void psd_stop_raise(const psd_stop *stop);
void psd_stop_destroy(psd_stop *stop);

typedef struct psd_wait {
    int64_t deadline_ms;  /* monotonic */
    const psd_stop *stop; /* NULL: nobody ends it earlier */
} psd_wait;

enum { PSD_WAIT_FDS_MAX = 7, PSD_WAIT_ALWAYS = -1 };

/* Polls COUNT descriptors, at most PSD_WAIT_FDS_MAX, until one is ready or
 * MOST_MS are over (PSD_WAIT_ALWAYS: no such limit). Those with a negative
 * number are passed over. -1: CANCELLED or DEADLINE_EXCEEDED. */
int psd_wait_poll(const psd_wait *wait, struct pollfd *fds, size_t count, int64_t most_ms,
                  psd_error *error) PSD_MUST_CHECK;

#endif
