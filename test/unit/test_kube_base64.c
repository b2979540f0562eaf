/* base64: what is taken, and every way to be refused. */
#include "k8s/api/base64.h"

#include "common/cleanup.h"
#include "test/support/check.h"

static void whole_texts_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *bytes;
        size_t length;
    } taken[] = {{"", "", 0},
                 {"YQ==", "a", 1},
                 {"YWI=", "ab", 2},
                 {"YWJj", "abc", 3},
                 {"YWJjZA==", "abcd", 4},
                 {"AP+/", "\0\xff\xbf", 3},
                 {"++//", "\xfb\xef\xff", 3},
                 {" YW\nJj\r\n\tZA = =\n", "abcd", 4}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        PSD_AUTO_FREE char *bytes = NULL;
        size_t length = 99;
        assert_int_equal(psd_base64_decode(taken[i].text, &bytes, &length), 0);
        assert_int_equal(length, taken[i].length);
        assert_memory_equal(bytes, taken[i].bytes, length);
        assert_int_equal(bytes[length], '\0');
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "Y",    "YQ",    "YQ=",      "YWJ",      "Y===",     "====", "=",    "YQ=a",
        "=YQ=", "YQ==Y", "YQ==YQ==", "YQ======", "YWJj====", "YW-_", "YQ.=", "\xc3\xa4YQ"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        char *bytes = NULL;
        size_t length = 99;
        assert_int_equal(psd_base64_decode(refused[i], &bytes, &length), -1);
        assert_null(bytes);
        assert_int_equal(length, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_texts_are_decoded),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
