/* Quoting for a POSIX shell: by example, and by what a real one makes of it. */
#include "server/host/shell_quote.h"

#include <stdlib.h>

#include "server/host/host.h"
#include "test/support/check.h"

enum { WORDS_MAX = 6, WORD_SIZE = 40, ROUNDS = 300 };

static void assert_quoted(const char *argument, const char *wanted)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_shell_quote(&line, argument);
    assert_string_equal(psd_text_string(&line), wanted);
}

static void by_example(void **state)
{
    (void)state;
    assert_quoted("", "''");
    assert_quoted("plain", "'plain'");
    assert_quoted("a b", "'a b'");
    assert_quoted("'", "''\\'''");
    assert_quoted("''", "''\\'''\\'''");
    assert_quoted("it's", "'it'\\''s'");
    assert_quoted("$(rm -r x); `y` \"z\" \\ * ~ # !1 \n&|<>", "'$(rm -r x); `y` \"z\" \\ * ~ # !1 \n&|<>'");
    assert_quoted("-x", "'-x'");
}

static void all_of_a_vector(void **state)
{
    (void)state;
    const char *const arguments[] = {"a", "", "b c", NULL};
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_shell_quote_all(&line, arguments);
    assert_string_equal(psd_text_string(&line), "'a' '' 'b c'");
}

/* The shell prints its words, each ended by a zero byte: they are the arguments. */
static void assert_same_words(psd_host *host, const char *const *arguments)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    PSD_AUTO_TEXT wanted = PSD_TEXT_INIT;
    PSD_AUTO_RESULT result = PSD_COMMAND_RESULT_INIT;
    psd_text_add(&line, "printf '%s\\0' ");
    psd_shell_quote_all(&line, arguments);
    for (size_t i = 0; arguments[i]; i++)
        psd_text_append(&wanted, arguments[i], strlen(arguments[i]) + 1);
    const char *const shell[] = {"/bin/sh", "-c", line.data, NULL};
    psd_command command = {.arguments = shell, .timeout_ms = 10000};
    assert_works(psd_host_run(host, &command, &result, &error), &error);
    assert_int_equal(result.exit_code, 0);
    assert_int_equal(result.out.text.length, wanted.length);
    assert_memory_equal(result.out.text.data, wanted.data, wanted.length);
}

static void a_shell_reads_them_back(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host_settings settings = {.access = PSD_HOST_LOCAL};
    psd_host *host = NULL;
    char all[256];
    char words[WORDS_MAX][WORD_SIZE];
    assert_works(psd_host_open(&settings, &host, &error), &error);
    for (int i = 0; i < 255; i++)
        all[i] = (char)(i + 1);
    all[255] = '\0';
    const char *const whole[] = {all, "", all + 100, NULL};
    assert_same_words(host, whole);
    for (int round = 0; round < ROUNDS; round++) {
        const char *arguments[WORDS_MAX + 1] = {NULL};
        size_t count = 1 + arc4random_uniform(WORDS_MAX);
        for (size_t i = 0; i < count; i++) {
            size_t length = arc4random_uniform(WORD_SIZE);
            for (size_t at = 0; at < length; at++) /* half of the bytes are special ones */
                words[i][at] = arc4random_uniform(2) ? "'\\\"$`!\n *"[arc4random_uniform(9)]
                                                     : (char)(1 + arc4random_uniform(255));
            words[i][length] = '\0';
            arguments[i] = words[i];
        }
        assert_same_words(host, arguments);
    }
    psd_host_close(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_example),
        cmocka_unit_test(all_of_a_vector),
        cmocka_unit_test(a_shell_reads_them_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
