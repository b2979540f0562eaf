#include "common/backoff.h"

#include <stdlib.h>

int64_t psd_backoff_ms(unsigned attempt, int64_t first_ms, int64_t most_ms)
{
    int64_t pause = first_ms;
    while (attempt-- > 0 && pause < most_ms)
        pause *= 2;
    if (pause > most_ms)
        pause = most_ms;
    return pause / 2 + arc4random_uniform((uint32_t)pause + 1);
}
