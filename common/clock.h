/* clock.h - the two clocks of the project, in units that carry their name. */
#ifndef PSD_COMMON_CLOCK_H
#define PSD_COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Unix time in milliseconds: for people and other machines. May jump. */
int64_t psd_clock_unix_ms(void);

/* Time since boot, never set back: for deadlines and durations. */
int64_t psd_clock_mono_ms(void);
int64_t psd_clock_mono_us(void);

/* MONO_MS as an absolute CLOCK_MONOTONIC time for psd_cond_wait_until. */
struct timespec psd_clock_timespec(int64_t mono_ms);

enum { PSD_CLOCK_TEXT_SIZE = 32 };

/* UNIX_MS as "2026-01-31T23:59:59.123Z" (UTC). Zero or less gives "never". */
const char *psd_clock_format(int64_t unix_ms, char text[PSD_CLOCK_TEXT_SIZE]);

#endif
