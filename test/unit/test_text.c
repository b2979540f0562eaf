/* Growing text, and words that were meant. */
#include "common/text.h"

#include <stdlib.h>

#include "test/support/check.h"

static void test_text_grows(void **state)
{
    (void)state;
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    assert_string_equal(psd_text_string(&text), "");
    for (int i = 0; i < 1000; i++)
        psd_text_printf(&text, "%d,", i % 10);
    psd_text_add(&text, "end");
    psd_text_append(&text, "abc", 2);
    assert_int_equal(text.length, 2005);
    assert_string_equal(psd_text_string(&text) + 1996, "8,9,endab");
    psd_text_printf(&text, "%s", "");
    assert_int_equal(text.length, 2005);
    psd_text_free(&text);
    assert_null(text.data);
    assert_string_equal(psd_text_string(&text), "");
}

static const char *const words[] = {"get", "watch", "why", "describe", "health", "version", "completion"};

static const char *word_at(size_t index, const void *arg)
{
    (void)arg;
    return words[index];
}

static void test_suggestions(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *meant;
    } cases[] = {
        {"wacth", "watch"},     /* swapped */
        {"watc", "watch"},      /* beginning */
        {"desc", "describe"},   /* beginning */
        {"helth", "health"},    /* left out */
        {"heallth", "health"},  /* doubled */
        {"versoin", "version"}, /* swapped */
        {"versojn", "version"}, /* two letters */
        {"gte", "get"},         /* short: one fault */
        {"xyz", NULL},          /* short: all letters differ */
        {"gxx", NULL},          /* short: two faults are too many */
        {"delete", NULL},       /* no such thing */
        {"", NULL},             /* nothing was meant */
        {"w", NULL},            /* a single letter begins too much */
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        const char *found = psd_suggest(cases[i].word, PSD_ARRAY_SIZE(words), word_at, NULL);
        if (cases[i].meant)
            assert_string_equal(found ? found : "(none)", cases[i].meant);
        else if (found)
            fail_msg("'%s' gave '%s'", cases[i].word, found);
    }
    char longer[200];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(psd_suggest(longer, PSD_ARRAY_SIZE(words), word_at, NULL));
    assert_null(psd_suggest("get", 0, word_at, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_grows),
        cmocka_unit_test(test_suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
