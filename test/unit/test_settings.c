/* Settings: defaults, environment, config file, command line, each stronger. */
#include "common/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/check.h"
#include "test/support/temp_dir.h"

typedef struct settings {
    char *file;
    char *name;
    char *other;
    bool flag;
} settings;

static const psd_option rows[] = {
    {.name = "config",
     .type = PSD_OPTION_STRING,
     .flags = PSD_OPTION_COMMAND_LINE_ONLY,
     .offset = offsetof(settings, file),
     .value_name = "FILE",
     .environment = "PSD_TEST_CONFIG",
     .help = "Where."},
    {.name = "name",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(settings, name),
     .value_name = "NAME",
     .default_text = "nobody",
     .environment = "PSD_TEST_SETTINGS_NAME",
     .help = "Who."},
    {.name = "other",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(settings, other),
     .value_name = "NAME",
     .default_text = "none",
     .help = "Who else."},
    {.name = "flag", .type = PSD_OPTION_BOOL, .offset = offsetof(settings, flag), .help = "Whether."},
};
static const psd_options options = {rows, PSD_ARRAY_SIZE(rows)};

static char *folder;
static char *file;
static settings loaded;

static int begin(void **state)
{
    (void)state;
    folder = psd_test_temp_dir();
    unsetenv("PSD_TEST_CONFIG");
    unsetenv("PSD_TEST_SETTINGS_NAME");
    memset(&loaded, 0x7f, sizeof(loaded)); /* what was there before means nothing */
    return asprintf(&file, "%s/config", folder) > 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    psd_options_free(options, &loaded);
    free(file);
    psd_test_remove_dir(folder);
    return 0;
}

static void write_config(const char *text)
{
    PSD_AUTO_FILE FILE *stream = fopen(file, "we");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
}

/* With at most three arguments; NULL for none. */
static int load(const char *first, const char *second, const char *third, psd_error *error)
{
    const char *argv[] = {"program", first, second, third, NULL};
    int argc = 1;
    while (argv[argc])
        argc++;
    return psd_settings_load(options, &loaded, sizeof(loaded), &loaded.file, argc, (char **)(uintptr_t)argv,
                             error);
}

static void each_source_is_stronger_than_the_one_before(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(load(NULL, NULL, NULL, &error), &error);
    assert_string_equal(loaded.name, "nobody");
    assert_false(loaded.flag);
    psd_options_free(options, &loaded);
    setenv("PSD_TEST_SETTINGS_NAME", "environment", 1);
    assert_works(load(NULL, NULL, NULL, &error), &error);
    assert_string_equal(loaded.name, "environment");
    psd_options_free(options, &loaded);
    write_config("name = file\nother = file\nflag = true\n");
    assert_works(load("--config", file, NULL, &error), &error);
    assert_string_equal(loaded.name, "file");
    psd_options_free(options, &loaded);
    setenv("PSD_TEST_CONFIG", file, 1);
    assert_works(load("--name=argument", "--flag=false", NULL, &error), &error);
    assert_string_equal(loaded.name, "argument");
    assert_string_equal(loaded.other, "file");
    assert_false(loaded.flag);
}

static void faults_are_named(void **state)
{
    (void)state;
    psd_error error;
    assert_fails(load("--flag", "word", NULL, &error), &error, PSD_INVALID_ARGUMENT,
                 "unexpected argument 'word': only options are taken, see --help");
    psd_options_free(options, &loaded);
    assert_fails(load("--nmae=x", NULL, NULL, &error), &error, PSD_INVALID_ARGUMENT, "nmae");
    psd_options_free(options, &loaded);
    assert_fails(load("--config", file, NULL, &error), &error, PSD_NOT_FOUND, file);
    psd_options_free(options, &loaded);
    write_config("config = other\n");
    assert_fails(load("--config", file, NULL, &error), &error, PSD_INVALID_ARGUMENT, "config");
    psd_options_free(options, &loaded);
    write_config("naem = x\n");
    assert_fails(load("--config", file, NULL, &error), &error, PSD_INVALID_ARGUMENT, "naem");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_source_is_stronger_than_the_one_before, begin, end),
        cmocka_unit_test_setup_teardown(faults_are_named, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
