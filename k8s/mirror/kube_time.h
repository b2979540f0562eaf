/* kube_time.h - times as Kubernetes and v1 write them: whole seconds, UTC,
 * "2026-01-31T23:59:59Z". */
#ifndef PSD_K8S_MIRROR_KUBE_TIME_H
#define PSD_K8S_MIRROR_KUBE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

const char *psd_kube_time_format(int64_t unix_ms, char text[PSD_CLOCK_TEXT_SIZE]);

/* Whether TEXT is such a time. */
bool psd_kube_time_is(const char *text);

/* Ms until what was written at TEXT is PERIOD_MS old; 0: it is, or TEXT is no
 * time, or one to come (a clock was set back). */
int64_t psd_kube_time_left(const char *text, int64_t period_ms, int64_t now_unix_ms);

#endif
