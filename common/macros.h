/* macros.h - compiler attributes used across the project. */
#ifndef PSD_COMMON_MACROS_H
#define PSD_COMMON_MACROS_H

/* The result must be looked at. */
#define PSD_MUST_CHECK __attribute__((warn_unused_result))
/* printf-like: FMT and ARGS are parameter numbers, counted from 1. */
#define PSD_PRINTF(FMT, ARGS) __attribute__((format(printf, FMT, ARGS)))
/* The parameter is part of a callback's contract but not needed here. */
#define PSD_UNUSED __attribute__((unused))
/* Falls into the next case on purpose. */
#define PSD_FALLTHROUGH __attribute__((fallthrough))

#define PSD_ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
