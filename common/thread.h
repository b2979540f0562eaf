/* thread.h - small helpers around pthreads. */
#ifndef PSD_COMMON_THREAD_H
#define PSD_COMMON_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* A condition that waits on the monotonic clock. */
void psd_cond_init(pthread_cond_t *condition);

/* Waits until signalled or until MONO_MS (psd_clock_mono_ms). False when the
 * time has come. */
bool psd_cond_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t mono_ms);

static inline void psd_cleanup_unlock(pthread_mutex_t **mutex)
{
    pthread_mutex_unlock(*mutex);
}

/* Holds MUTEX until the end of the block. */
/* NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in them */
#define PSD_LOCKED(mutex)                                \
    __attribute__((cleanup(psd_cleanup_unlock), unused)) \
    pthread_mutex_t *psd_locked_ = (pthread_mutex_lock(mutex), (mutex))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
