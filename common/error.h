/*
 * error.h - the one error object.
 *
 * A fallible function takes a `psd_error *` as its last parameter and returns
 * 0 or -1 (or a pointer, NULL on failure). On failure it has set the error; on
 * success it leaves it alone. Callers add context with psd_error_prefix() on
 * the way up; whoever handles the error logs or prints it, once.
 *
 * The object has no owned memory: declare it as PSD_ERROR_INIT and forget it.
 * The error pointer may be NULL when the caller does not care why.
 */
#ifndef PSD_COMMON_ERROR_H
#define PSD_COMMON_ERROR_H

#include <stdbool.h>

#include "common/macros.h"

#pragma GCC visibility push(default) /* part of libpolarstack */

#ifdef __cplusplus
extern "C" {
#endif

/* Status codes: the names and numbers of gRPC. */
typedef enum psd_code {
    PSD_OK = 0,
    PSD_CANCELLED = 1,
    PSD_UNKNOWN = 2,
    PSD_INVALID_ARGUMENT = 3,
    PSD_DEADLINE_EXCEEDED = 4,
    PSD_NOT_FOUND = 5,
    PSD_ALREADY_EXISTS = 6,
    PSD_PERMISSION_DENIED = 7,
    PSD_RESOURCE_EXHAUSTED = 8,
    PSD_FAILED_PRECONDITION = 9,
    PSD_ABORTED = 10,
    PSD_OUT_OF_RANGE = 11,
    PSD_UNIMPLEMENTED = 12,
    PSD_INTERNAL = 13,
    PSD_UNAVAILABLE = 14,
    PSD_DATA_LOSS = 15,
    PSD_UNAUTHENTICATED = 16,
} psd_code;

enum { PSD_ERROR_TEXT_SIZE = 512 };

typedef struct psd_error {
    psd_code code;
    int sys_errno;                  /* errno at the origin; 0 when no system call failed */
    char text[PSD_ERROR_TEXT_SIZE]; /* one line, no newline; cut when too long */
} psd_error;

#define PSD_ERROR_INIT \
    {                  \
        PSD_OK, 0,     \
        {              \
            0          \
        }              \
    }

/* "OK", "INVALID_ARGUMENT" …; "CODE_<n>" is never returned: a number outside
 * 0..16 gives "UNKNOWN". */
const char *psd_code_name(psd_code code);

/* A number from the wire as a code; numbers outside 0..16 become PSD_UNKNOWN. */
psd_code psd_code_from_number(unsigned number);

/* Sets the error. Returns -1, so that a caller can return its value. */
int psd_error_set(psd_error *error, psd_code code, const char *format, ...) PSD_PRINTF(3, 4);

/* As psd_error_set, with the code that fits SYS_ERRNO and ": <strerror>" after
 * the text. */
int psd_error_set_errno(psd_error *error, int sys_errno, const char *format, ...) PSD_PRINTF(3, 4);

/* Puts "<text>: " before the error's text. Returns -1. */
int psd_error_prefix(psd_error *error, const char *format, ...) PSD_PRINTF(2, 3);

/* Puts text behind the error's: what to do about it. Returns -1. */
int psd_error_append(psd_error *error, const char *format, ...) PSD_PRINTF(2, 3);

/* Copies FROM to TO; either may be NULL. Returns -1. */
int psd_error_copy(psd_error *to, const psd_error *from);

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop
#endif
