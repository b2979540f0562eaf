/* Which failures are worth a line. */
#include "common/failure_log.h"

#include "test/support/check.h"

static psd_failure_log the_log;

static bool is_new(psd_code code, const char *text)
{
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, code, "%s", text);
    return psd_failure_is_new(&the_log, &error);
}

static void one_line_for_each_cause(void **state)
{
    (void)state;
    the_log = (psd_failure_log){.logged_ms = 0};
    assert_false(psd_failure_is_over(&the_log)); /* nothing was wrong */
    assert_true(is_new(PSD_UNAVAILABLE, "refused"));
    assert_false(is_new(PSD_UNAVAILABLE, "refused"));
    assert_false(is_new(PSD_UNAVAILABLE, "refused after 3 ms")); /* the same, in other words */
    assert_true(is_new(PSD_UNAUTHENTICATED, "refused"));
    assert_true(psd_failure_is_over(&the_log));
    assert_false(psd_failure_is_over(&the_log));
    assert_true(is_new(PSD_UNAUTHENTICATED, "refused")); /* it worked in between */
}

static void other_words_after_a_minute(void **state)
{
    (void)state;
    the_log = (psd_failure_log){.logged_ms = 0};
    assert_true(is_new(PSD_UNAVAILABLE, "refused"));
    the_log.logged_ms -= 61000;
    assert_false(is_new(PSD_UNAVAILABLE, "refused"));
    assert_true(is_new(PSD_UNAVAILABLE, "reset"));
    assert_false(is_new(PSD_UNAVAILABLE, "refused"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_for_each_cause),
        cmocka_unit_test(other_words_after_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
