#include "common/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [PSD_OK] = "OK",
    [PSD_CANCELLED] = "CANCELLED",
    [PSD_UNKNOWN] = "UNKNOWN",
    [PSD_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [PSD_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [PSD_NOT_FOUND] = "NOT_FOUND",
    [PSD_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [PSD_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [PSD_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [PSD_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [PSD_ABORTED] = "ABORTED",
    [PSD_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [PSD_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [PSD_INTERNAL] = "INTERNAL",
    [PSD_UNAVAILABLE] = "UNAVAILABLE",
    [PSD_DATA_LOSS] = "DATA_LOSS",
    [PSD_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *psd_code_name(psd_code code)
{
    return code_names[psd_code_from_number((unsigned)code)];
}

psd_code psd_code_from_number(unsigned number)
{
    return number < PSD_ARRAY_SIZE(code_names) ? (psd_code)number : PSD_UNKNOWN;
}

static psd_code code_from_errno(int sys_errno)
{
    switch (sys_errno) {
    case EACCES:
    case EPERM:
    case EROFS:
        return PSD_PERMISSION_DENIED;
    case ENOENT:
    case ENODEV:
    case ESRCH:
        return PSD_NOT_FOUND;
    case EEXIST:
        return PSD_ALREADY_EXISTS;
    case EINVAL:
    case ENAMETOOLONG:
        return PSD_INVALID_ARGUMENT;
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
        return PSD_RESOURCE_EXHAUSTED;
    case ETIMEDOUT:
        return PSD_DEADLINE_EXCEEDED;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EAGAIN:
        return PSD_UNAVAILABLE;
    case ENOSYS:
    case EOPNOTSUPP:
        return PSD_UNIMPLEMENTED;
    default:
        return PSD_INTERNAL;
    }
}

int psd_error_set(psd_error *error, psd_code code, const char *format, ...)
{
    if (!error)
        return -1;
    error->code = code;
    error->sys_errno = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    return -1;
}

int psd_error_set_errno(psd_error *error, int sys_errno, const char *format, ...)
{
    if (!error)
        return -1;
    error->code = code_from_errno(sys_errno);
    error->sys_errno = sys_errno;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    size_t used = strlen(error->text);
    const char *description = strerrordesc_np(sys_errno);
    if (description)
        snprintf(error->text + used, sizeof(error->text) - used, ": %s", description);
    else
        snprintf(error->text + used, sizeof(error->text) - used, ": error %d", sys_errno);
    return -1;
}

int psd_error_prefix(psd_error *error, const char *format, ...)
{
    if (!error)
        return -1;
    char whole[PSD_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(whole, sizeof(whole), format, args);
    va_end(args);
    size_t used = strlen(whole);
    snprintf(whole + used, sizeof(whole) - used, ": %s", error->text);
    memcpy(error->text, whole, sizeof(whole));
    return -1;
}

int psd_error_append(psd_error *error, const char *format, ...)
{
    if (!error)
        return -1;
    size_t used = strlen(error->text);
    va_list args;
    va_start(args, format);
    vsnprintf(error->text + used, sizeof(error->text) - used, format, args);
    va_end(args);
    return -1;
}

int psd_error_copy(psd_error *to, const psd_error *from)
{
    if (to && from)
        *to = *from;
    return -1;
}
