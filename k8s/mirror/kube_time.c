#include "k8s/mirror/kube_time.h"

#include <string.h>
#include <time.h>

enum { ROUNDING_MS = 1000 };

const char *psd_kube_time_format(int64_t unix_ms, char text[PSD_CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, PSD_CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}

static bool parse(const char *text, struct tm *utc)
{
    const char *zone = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", utc) : NULL;
    return zone && strcmp(zone, "Z") == 0;
}

bool psd_kube_time_is(const char *text)
{
    struct tm utc = {0};
    return parse(text, &utc);
}

int64_t psd_kube_time_left(const char *text, int64_t period_ms, int64_t now_unix_ms)
{
    struct tm utc = {0};
    if (!parse(text, &utc))
        return 0;
    int64_t age_ms = now_unix_ms - (int64_t)timegm(&utc) * 1000;
    return age_ms < -ROUNDING_MS || age_ms >= period_ms ? 0 : period_ms - age_ms;
}
