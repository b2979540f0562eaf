#include "common/parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Reads digits at *CURSOR into *VALUE. Returns -1 when there are none or too
 * many. */
static int read_digits(const char **cursor, uint64_t *value)
{
    const char *at = *cursor;
    uint64_t sum = 0;
    if (!isdigit((unsigned char)*at))
        return -1;
    for (; isdigit((unsigned char)*at); at++) {
        if (__builtin_mul_overflow(sum, 10U, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(*at - '0'), &sum))
            return -1;
    }
    *cursor = at;
    *value = sum;
    return 0;
}

int psd_parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *value, psd_error *error)
{
    const char *at = text;
    uint64_t number = 0;
    if (read_digits(&at, &number) < 0 || *at != '\0' || number < min || number > max)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%s' is not a whole number from %" PRIu64 " to %" PRIu64, text, min, max);
    *value = number;
    return 0;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

int psd_parse_duration(const char *text, int64_t *ms, psd_error *error)
{
    const char *at = text;
    uint64_t number = 0;
    if (read_digits(&at, &number) == 0) {
        if (number == 0 && *at == '\0') {
            *ms = 0;
            return 0;
        }
        for (size_t i = 0; i < PSD_ARRAY_SIZE(units); i++) {
            int64_t product = 0;
            if (strcmp(at, units[i].name) == 0 && number <= INT64_MAX &&
                !__builtin_mul_overflow((int64_t)number, units[i].ms, &product)) {
                *ms = product;
                return 0;
            }
        }
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT,
                         "'%s' is not a duration: write a number and ms, s, m, h or d, for example 500ms",
                         text);
}

int psd_parse_bool(const char *text, bool *value, psd_error *error)
{
    static const char *const yes[] = {"1", "t", "y", "true", "yes", "on"};
    static const char *const no[] = {"0", "f", "n", "false", "no", "off"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(yes); i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *value = strcasecmp(text, yes[i]) == 0;
            return 0;
        }
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is neither true nor false", text);
}

const char *psd_format_duration(int64_t ms, char text[PSD_DURATION_TEXT_SIZE])
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(units); i++) {
        if (ms != 0 && ms % units[i].ms == 0) {
            snprintf(text, PSD_DURATION_TEXT_SIZE, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
            return text;
        }
    }
    snprintf(text, PSD_DURATION_TEXT_SIZE, "0");
    return text;
}
