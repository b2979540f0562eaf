/*
 * background.h - work that takes longer than a handler may: a thread of its
 * own, a bounded number at a time.
 */
#ifndef PSD_COMMON_RPC_BACKGROUND_H
#define PSD_COMMON_RPC_BACKGROUND_H

#include "common/error.h"
#include "common/rpc/server.h"

/* Runs WORK(ARG) on a new thread; RESOURCE_EXHAUSTED when too many run. */
int psd_background_run(void (*work)(void *arg), void *arg, psd_error *error) PSD_MUST_CHECK;

/* Lets ANSWER, on a new thread, reply to CALL; fails the call when too many run. */
void psd_background_answer(psd_call *call, void (*answer)(psd_call *call, void *arg), void *arg);

/* Waits until nothing runs. */
void psd_background_wait(void);

/* The same for at most MOST_MS. False: something still runs. */
bool psd_background_wait_for(int64_t most_ms) PSD_MUST_CHECK;

#endif
