#include "common/failure_log.h"

#include <string.h>

#include "common/clock.h"

enum { PERIOD_MS = 60000 };

bool psd_failure_is_new(psd_failure_log *log, const psd_error *error)
{
    int64_t now_ms = psd_clock_mono_ms();
    bool same_words = strcmp(log->last.text, error->text) == 0;
    if (log->last.code == error->code && (same_words || now_ms - log->logged_ms < PERIOD_MS))
        return false;
    log->last = *error;
    log->logged_ms = now_ms;
    return true;
}

bool psd_failure_is_over(psd_failure_log *log)
{
    bool was = log->last.code != PSD_OK;
    log->last = (psd_error)PSD_ERROR_INIT;
    return was;
}
