/* failure_log.h - one log line for each cause of a failure that comes again and
 * again. */
#ifndef PSD_COMMON_FAILURE_LOG_H
#define PSD_COMMON_FAILURE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* Starts zeroed. Not thread-safe. */
typedef struct psd_failure_log {
    psd_error last;    /* that was worth a line; code OK: none since it last worked */
    int64_t logged_ms; /* monotonic */
} psd_failure_log;

/* Whether ERROR is worth a line: its code is another one, or its words are and the
 * last line is a minute old (the same cause may have different words each time). */
bool psd_failure_is_new(psd_failure_log *log, const psd_error *error);

/* It works: true when the last line told of a failure. */
bool psd_failure_is_over(psd_failure_log *log);

#endif
