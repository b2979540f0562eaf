/*
 * log.h - one line an event: time, level, a stable message, key=value pairs.
 *
 *   psd_log(PSD_LOG_INFO, "scanner started", "name=%s period_ms=%d", name, ms);
 *   2026-01-31T23:59:59.123Z INFO scanner started name=port period_ms=500
 *
 * Messages are constants (they can be searched for); what varies goes into the
 * pairs. A value that may hold blanks is written as %s inside quotes by the
 * caller: reason="%s". Never log secrets. Thread-safe; lines never mix.
 */
#ifndef PSD_COMMON_LOG_H
#define PSD_COMMON_LOG_H

#include <stdbool.h>

#include "common/error.h"

typedef enum psd_log_level {
    PSD_LOG_ERROR = 0,
    PSD_LOG_WARNING = 1,
    PSD_LOG_INFO = 2,
    PSD_LOG_DEBUG = 3,
} psd_log_level;

/* "error", "warning", "info", "debug", NULL: by level, for option tables. */
extern const char *const psd_log_level_names[];

/* Lines above LEVEL are dropped. Default: PSD_LOG_INFO, to stderr. */
void psd_log_set_level(psd_log_level level);

/* "error", "warning", "info" or "debug". */
int psd_log_parse_level(const char *text, psd_log_level *level, psd_error *error) PSD_MUST_CHECK;

/* PAIRS_FORMAT may be NULL. Line breaks and control characters in the pairs
 * are written as \xNN, so that one event stays one line. */
void psd_log(psd_log_level level, const char *message, const char *pairs_format, ...) PSD_PRINTF(3, 4);

#endif
