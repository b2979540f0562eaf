/* backoff.h - how long to wait before the next try: doubling, with jitter. */
#ifndef PSD_COMMON_BACKOFF_H
#define PSD_COMMON_BACKOFF_H

#include <stdint.h>

/* Pause after ATTEMPT (from 0) failed tries: FIRST_MS doubled each time up to
 * MOST_MS, then a random time from half to one and a half of that, so that
 * many clients do not come back at once. */
int64_t psd_backoff_ms(unsigned attempt, int64_t first_ms, int64_t most_ms);

#endif
