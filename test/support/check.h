/* check.h - cmocka with the headers it wants, and checks of psd_error. */
#ifndef PSD_TEST_SUPPORT_CHECK_H
#define PSD_TEST_SUPPORT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/error.h"

/* RESULT is 0; otherwise the error's text is printed. */
#define assert_works(result, error)                            \
    do {                                                       \
        if ((result) != 0)                                     \
            fail_msg("%s failed: %s", #result, (error)->text); \
    } while (0)

/* RESULT is -1, with CODE and a one-line text that has PART in it. */
#define assert_fails(result, error, wanted_code, part)                                                       \
    do {                                                                                                     \
        *(error) = (psd_error)PSD_ERROR_INIT;                                                                \
        assert_int_equal((result), -1);                                                                      \
        if ((error)->code != (wanted_code) || !strstr((error)->text, (part)) || strchr((error)->text, '\n')) \
            fail_msg("%s: got %s '%s', wanted %s '%s'", #result, psd_code_name((error)->code),               \
                     (error)->text, psd_code_name(wanted_code), (part));                                     \
    } while (0)

#endif
