/* The log: one event, one line, whatever it is about. */
#include "common/log.h"

#include <stdio.h>
#include <unistd.h>

#include "test/support/check.h"

/* Runs WRITER with stderr in a pipe; TEXT gets what it wrote. */
static void capture(void (*writer)(void), char *text, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    writer();
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t length = read(ends[0], text, size - 1);
    close(ends[0]);
    assert_true(length >= 0);
    text[length] = '\0';
}

static void write_plain(void)
{
    psd_log(PSD_LOG_INFO, "scanner started", "name=%s period_ms=%d", "port", 500);
}

static void write_hostile(void)
{
    psd_log(PSD_LOG_ERROR, "x", "reason=\"%s\"", "a\nERROR forged\x1b[2J\x7f");
}

static void write_dropped(void)
{
    psd_log(PSD_LOG_DEBUG, "x", NULL);
}

static void write_long(void)
{
    static char filler[5000];
    memset(filler, '\n', sizeof(filler) - 1);
    psd_log(PSD_LOG_WARNING, "long", "%s", filler);
}

static void test_lines(void **state)
{
    (void)state;
    char text[8192];
    capture(write_plain, text, sizeof(text));
    assert_string_equal(text + 25, "INFO scanner started name=port period_ms=500\n");
    assert_int_equal(text[23], 'Z');
    capture(write_hostile, text, sizeof(text));
    assert_string_equal(text + 25, "ERROR x reason=\"a\\x0aERROR forged\\x1b[2J\\x7f\"\n");
    capture(write_dropped, text, sizeof(text));
    assert_string_equal(text, "");
    capture(write_long, text, sizeof(text));
    assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
    assert_true(strlen(text) <= 2048);
}

static void test_levels(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_log_level level = PSD_LOG_INFO;
    assert_works(psd_log_parse_level("debug", &level, &error), &error);
    assert_int_equal(level, PSD_LOG_DEBUG);
    assert_fails(psd_log_parse_level("loud", &level, &error), &error, PSD_INVALID_ARGUMENT,
                 "use error, warning, info or debug");
    char text[256];
    psd_log_set_level(PSD_LOG_DEBUG);
    capture(write_dropped, text, sizeof(text));
    assert_string_equal(text + 25, "DEBUG x\n");
    psd_log_set_level(PSD_LOG_ERROR);
    capture(write_plain, text, sizeof(text));
    assert_string_equal(text, "");
    psd_log_set_level(PSD_LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
