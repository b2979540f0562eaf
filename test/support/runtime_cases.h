/*
 * runtime_cases.h - what must be true of psd_runtime whichever container runtime it asks;
 * in a test with cmocka. Each case finds containerd or dockerd running, with any images,
 * and leaves it running.
 */
#ifndef PSD_TEST_SUPPORT_RUNTIME_CASES_H
#define PSD_TEST_SUPPORT_RUNTIME_CASES_H

#include "server/scan/version/runtime.h"
#include "test/support/check.h"
#include "test/support/container_runtime.h"

enum { PSD_TEST_RUNTIME_DEADLINE_MS = 20000 };

/* For psd_runtime_list(): so much time from now on. */
int64_t psd_test_runtime_deadline(void);

/* A psd_runtime of ENDPOINT (NULL: the well-known ones). */
psd_runtime *psd_test_runtime_open(const char *endpoint);

/* Lists until NAME is there, or is not; the list must not fail in between. */
void psd_test_runtime_wait(psd_runtime *runtime, const char *name, bool present);

/* The same, but failures are passed over: the runtime is starting. */
void psd_test_runtime_wait_started(psd_runtime *runtime, const char *name, bool present);

/* NAME is, or is not, in a list that is made now. */
void psd_test_runtime_has(psd_runtime *runtime, const char *name, bool present);

/* A list fails with CODE, PART in the text, and the endpoint before it. */
void psd_test_runtime_fails(psd_runtime *runtime, const char *endpoint, psd_code code, const char *part);

/* The cases; NAME begins as the runtime's own name does: "containerd ". */
void psd_test_case_names(psd_test_runtime *real);
void psd_test_case_facts(psd_test_runtime *real, const char *name);
void psd_test_case_come_and_go(psd_test_runtime *real);
void psd_test_case_stopped(psd_test_runtime *real);
void psd_test_case_restarted(psd_test_runtime *real);
void psd_test_case_hung(psd_test_runtime *real);
void psd_test_case_stop_ends_a_list(psd_test_runtime *real);
void psd_test_case_replaced_by_garbage(psd_test_runtime *real);
void psd_test_case_many(psd_test_runtime *real, size_t count);

#endif
