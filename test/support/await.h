/* await.h - waits for what another thread reports, in a test with cmocka. */
#ifndef PSD_TEST_SUPPORT_AWAIT_H
#define PSD_TEST_SUPPORT_AWAIT_H

#include "common/clock.h"
#include "common/thread.h"
#include "test/support/check.h"

enum { PSD_TEST_PATIENCE_MS = 20000 };

/* CONDITION comes true; looked at with MUTEX held, each time when CHANGED was signalled. */
#define psd_test_await(mutex, changed, condition)                     \
    do {                                                              \
        PSD_LOCKED(mutex);                                            \
        int64_t end_ms_ = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS; \
        while (!(condition)) {                                        \
            if (!psd_cond_wait_until((changed), (mutex), end_ms_))    \
                fail_msg("did not come true: %s", #condition);        \
        }                                                             \
    } while (0)

#endif
