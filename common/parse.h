/*
 * parse.h - strict parsing of small texts. The whole text must match: no
 * blanks, no signs where none make sense, no trailing characters, no overflow.
 * Errors name the text and what was expected.
 */
#ifndef PSD_COMMON_PARSE_H
#define PSD_COMMON_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* Decimal number from MIN to MAX. */
int psd_parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *value,
                   psd_error *error) PSD_MUST_CHECK;

/* Duration as number and unit ("250ms", "5s", "10m", "6h", "7d"), in
 * milliseconds. A bare "0" is accepted; any other number needs its unit. */
int psd_parse_duration(const char *text, int64_t *ms, psd_error *error) PSD_MUST_CHECK;

/* 1/T/Y/TRUE/YES/ON and 0/F/N/FALSE/NO/OFF in any case. */
int psd_parse_bool(const char *text, bool *value, psd_error *error) PSD_MUST_CHECK;

enum { PSD_DURATION_TEXT_SIZE = 24 };

/* MS in the largest unit that divides it: "250ms", "5s", "2h". */
const char *psd_format_duration(int64_t ms, char text[PSD_DURATION_TEXT_SIZE]);

#endif
