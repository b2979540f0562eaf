#include "common/clock.h"

#include <stdio.h>

static int64_t now_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t psd_clock_unix_ms(void)
{
    return now_us(CLOCK_REALTIME) / 1000;
}

int64_t psd_clock_mono_ms(void)
{
    return now_us(CLOCK_MONOTONIC) / 1000;
}

int64_t psd_clock_mono_us(void)
{
    return now_us(CLOCK_MONOTONIC);
}

struct timespec psd_clock_timespec(int64_t mono_ms)
{
    return (struct timespec){.tv_sec = mono_ms / 1000, .tv_nsec = (mono_ms % 1000) * 1000000};
}

const char *psd_clock_format(int64_t unix_ms, char text[PSD_CLOCK_TEXT_SIZE])
{
    if (unix_ms <= 0) {
        snprintf(text, PSD_CLOCK_TEXT_SIZE, "never");
        return text;
    }
    time_t seconds = unix_ms / 1000;
    struct tm utc;
    if (!gmtime_r(&seconds, &utc)) {
        snprintf(text, PSD_CLOCK_TEXT_SIZE, "out of range");
        return text;
    }
    size_t used = strftime(text, PSD_CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + used, PSD_CLOCK_TEXT_SIZE - used, ".%03dZ", (int)(unix_ms % 1000));
    return text;
}
