/* The error object: codes, texts, context. */
#include <errno.h>
#include <stdio.h>

#include "test/support/check.h"

static void test_codes_have_grpc_names_and_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    for (unsigned i = 0; i < PSD_ARRAY_SIZE(names); i++) {
        assert_string_equal(psd_code_name((psd_code)i), names[i]);
        assert_int_equal(psd_code_from_number(i), i);
    }
    assert_int_equal(psd_code_from_number(17), PSD_UNKNOWN);
    assert_int_equal(psd_code_from_number(UINT32_MAX), PSD_UNKNOWN);
    assert_string_equal(psd_code_name((psd_code)-1), "UNKNOWN");
}

static void test_context_is_added_on_the_way_up(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_error_set(&error, PSD_NOT_FOUND, "no file %d", 3), -1);
    assert_int_equal(psd_error_prefix(&error, "reading '%s'", "a"), -1);
    assert_int_equal(psd_error_append(&error, ": make it first"), -1);
    assert_string_equal(error.text, "reading 'a': no file 3: make it first");
    assert_int_equal(error.code, PSD_NOT_FOUND);
    psd_error copy = PSD_ERROR_INIT;
    assert_int_equal(psd_error_copy(&copy, &error), -1);
    assert_string_equal(copy.text, error.text);
    assert_int_equal(copy.code, PSD_NOT_FOUND);
}

static void test_errno_gives_code_and_text(void **state)
{
    (void)state;
    static const struct {
        int number;
        psd_code code;
        const char *text;
    } cases[] = {
        {EACCES, PSD_PERMISSION_DENIED, "open: Permission denied"},
        {ENOENT, PSD_NOT_FOUND, "open: No such file or directory"},
        {EEXIST, PSD_ALREADY_EXISTS, "open: File exists"},
        {ENAMETOOLONG, PSD_INVALID_ARGUMENT, "open: File name too long"},
        {ENOSPC, PSD_RESOURCE_EXHAUSTED, "open: No space left on device"},
        {ECONNREFUSED, PSD_UNAVAILABLE, "open: Connection refused"},
        {ETIMEDOUT, PSD_DEADLINE_EXCEEDED, "open: Connection timed out"},
        {ENOSYS, PSD_UNIMPLEMENTED, "open: Function not implemented"},
        {EIO, PSD_INTERNAL, "open: Input/output error"},
        {9999, PSD_INTERNAL, "open: error 9999"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_error error = PSD_ERROR_INIT;
        assert_int_equal(psd_error_set_errno(&error, cases[i].number, "open"), -1);
        assert_int_equal(error.code, cases[i].code);
        assert_int_equal(error.sys_errno, cases[i].number);
        assert_string_equal(error.text, cases[i].text);
    }
}

static void test_long_texts_are_cut(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_INTERNAL, "%0600d", 1);
    assert_int_equal(strlen(error.text), PSD_ERROR_TEXT_SIZE - 1);
    psd_error_append(&error, "more");
    assert_int_equal(strlen(error.text), PSD_ERROR_TEXT_SIZE - 1);
    psd_error_prefix(&error, "%0600d", 2);
    assert_int_equal(strlen(error.text), PSD_ERROR_TEXT_SIZE - 1);
    psd_error_set_errno(&error, EIO, "%0600d", 3);
    assert_int_equal(strlen(error.text), PSD_ERROR_TEXT_SIZE - 1);
}

static void test_nobody_may_care(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_error_set(NULL, PSD_INTERNAL, "x"), -1);
    assert_int_equal(psd_error_set_errno(NULL, EIO, "x"), -1);
    assert_int_equal(psd_error_prefix(NULL, "x"), -1);
    assert_int_equal(psd_error_append(NULL, "x"), -1);
    assert_int_equal(psd_error_copy(NULL, &error), -1);
    assert_int_equal(psd_error_copy(&error, NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_have_grpc_names_and_numbers),
        cmocka_unit_test(test_context_is_added_on_the_way_up),
        cmocka_unit_test(test_errno_gives_code_and_text),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_nobody_may_care),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
