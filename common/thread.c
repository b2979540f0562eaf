#include "common/thread.h"

#include <errno.h>

#include "common/clock.h"

void psd_cond_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool psd_cond_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t mono_ms)
{
    struct timespec until = psd_clock_timespec(mono_ms);
    return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}
