/* The option table: every source of values, and every rejection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/macros.h"
#include "common/options.h"

typedef struct settings {
    char *name;
    char *ports;
    bool verbose;
    uint64_t count;
    int64_t period_ms;
    int output;
    char *config;
    uint64_t secret;
} settings;

static const char *const outputs[] = {"table", "json", "yaml", NULL};

static const psd_option rows[] = {
    {.name = "name",
     .type = PSD_OPTION_STRING,
     .offset = offsetof(settings, name),
     .value_name = "NAME",
     .default_text = "nobody",
     .environment = "PSD_TEST_NAME",
     .help = "Who it is."},
    {.name = "ports",
     .type = PSD_OPTION_PORTS,
     .offset = offsetof(settings, ports),
     .value_name = "RANGES",
     .help = "Which ports."},
    {.name = "verbose",
     .letter = 'v',
     .type = PSD_OPTION_BOOL,
     .offset = offsetof(settings, verbose),
     .help = "Says more."},
    {.name = "count",
     .letter = 'c',
     .type = PSD_OPTION_UINT,
     .offset = offsetof(settings, count),
     .value_name = "N",
     .default_text = "3",
     .environment = "PSD_TEST_COUNT",
     .min = 1,
     .max = 10,
     .help = "How many."},
    {.name = "period",
     .type = PSD_OPTION_DURATION,
     .offset = offsetof(settings, period_ms),
     .value_name = "DURATION",
     .default_text = "500ms",
     .min = 50,
     .max = 3600000,
     .help = "How often the thing is looked at, in a text so long that it must be wrapped."},
    {.name = "output",
     .letter = 'o',
     .type = PSD_OPTION_CHOICE,
     .offset = offsetof(settings, output),
     .value_name = "FORMAT",
     .default_text = "table",
     .choices = outputs,
     .help = "How it is printed."},
    {.name = "config",
     .type = PSD_OPTION_STRING,
     .flags = PSD_OPTION_COMMAND_LINE_ONLY,
     .offset = offsetof(settings, config),
     .value_name = "FILE",
     .help = "Config file."},
    {.name = "secret",
     .type = PSD_OPTION_UINT,
     .flags = PSD_OPTION_HIDDEN,
     .offset = offsetof(settings, secret),
     .value_name = "N",
     .help = "For tests."},
};
static const psd_options table = {rows, PSD_ARRAY_SIZE(rows)};

typedef struct fixture {
    settings settings;
    psd_error error;
    const char *operands[16];
    size_t operand_count;
    char path[32];
} fixture;

static int set_up(void **state)
{
    unsetenv("PSD_TEST_NAME");
    unsetenv("PSD_TEST_COUNT");
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    snprintf(f->path, sizeof(f->path), "/tmp/test_options.XXXXXX");
    int fd = mkstemp(f->path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(psd_options_init(table, &f->settings, &f->error), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    unlink(f->path);
    psd_options_free(table, &f->settings);
    free(f);
    return 0;
}

/* Parses a command line of up to 8 words, ended by NULL. */
static int parse(fixture *f, const char *const words[])
{
    char *argv[10] = {NULL};
    int argc = 1;
    argv[0] = strdup("program");
    for (; words[argc - 1]; argc++)
        argv[argc] = strdup(words[argc - 1]);
    int result = psd_options_parse(table, &f->settings, argc, argv, 1, f->operands, &f->operand_count,
                                   &f->error);
    for (size_t i = 0; i < f->operand_count; i++)
        f->operands[i] = strcmp(f->operands[i], "port") == 0 ? "port" : "other";
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return result;
}

#define PARSE(f, ...) parse(f, (const char *const[]){__VA_ARGS__, NULL})

static int read_file(fixture *f, const char *content, size_t length)
{
    FILE *file = fopen(f->path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    fclose(file);
    return psd_options_read_file(table, &f->settings, f->path, &f->error);
}

static int read_text(fixture *f, const char *content)
{
    return read_file(f, content, strlen(content));
}

static void assert_rejected(fixture *f, int result, const char *text)
{
    assert_int_equal(result, -1);
    assert_string_equal(f->error.text, text);
    assert_int_equal(f->error.code, PSD_INVALID_ARGUMENT);
}

/* The error begins with "PATH:LINE: ". */
static void assert_rejected_at(fixture *f, int result, unsigned line, const char *text)
{
    char whole[PSD_ERROR_TEXT_SIZE];
    snprintf(whole, sizeof(whole), "%s:%u: %s", f->path, line, text);
    assert_rejected(f, result, whole);
}

static void test_defaults(void **state)
{
    fixture *f = *state;
    assert_string_equal(f->settings.name, "nobody");
    assert_null(f->settings.ports);
    assert_false(f->settings.verbose);
    assert_int_equal(f->settings.count, 3);
    assert_int_equal(f->settings.period_ms, 500);
    assert_int_equal(f->settings.output, 0);
}

static void test_every_form_of_an_option(void **state)
{
    fixture *f = *state;
    assert_int_equal(PARSE(f, "--name", "a", "--count=4", "-o", "json", "-v", "port"), 0);
    assert_string_equal(f->settings.name, "a");
    assert_int_equal(f->settings.count, 4);
    assert_int_equal(f->settings.output, 1);
    assert_true(f->settings.verbose);
    assert_int_equal(f->operand_count, 1);
    assert_string_equal(f->operands[0], "port");

    assert_int_equal(PARSE(f, "-oyaml", "-c=5", "--verbose=no", "--ports", "5400,30000-32999"), 0);
    assert_int_equal(f->settings.output, 2);
    assert_int_equal(f->settings.count, 5);
    assert_false(f->settings.verbose);
    assert_string_equal(f->settings.ports, "5400,30000-32999");
    assert_int_equal(f->operand_count, 0);

    assert_int_equal(PARSE(f, "--name=", "--name", "-v", "--period", "1h"), 0);
    assert_string_equal(f->settings.name, "-v"); /* the last one holds; a value may begin with '-' */
    assert_int_equal(f->settings.period_ms, 3600000);
}

static void test_operands(void **state)
{
    fixture *f = *state;
    assert_int_equal(PARSE(f, "port", "-", "--", "--name", "port"), 0);
    assert_int_equal(f->operand_count, 4);
    assert_string_equal(f->operands[3], "port");
    assert_string_equal(f->settings.name, "nobody");
}

static void test_operands_alone_ignore_faults(void **state)
{
    fixture *f = *state;
    char *argv[] = {(char[]){"program"}, (char[]){"--nonsense"}, (char[]){"get"},   (char[]){"--count"},
                    (char[]){"no"},      (char[]){"ports"},      (char[]){"--name"}};
    psd_options_operands(table, PSD_ARRAY_SIZE(argv), argv, 1, f->operands, &f->operand_count);
    assert_int_equal(f->operand_count, 2);
    assert_string_equal(f->operands[0], "get");
    assert_string_equal(f->operands[1], "ports");
    assert_int_equal(f->settings.count, 3);
}

static void test_rejected_command_lines(void **state)
{
    fixture *f = *state;
    assert_rejected(f, PARSE(f, "--cuont", "4"), "unknown option '--cuont': did you mean '--count'?");
    assert_rejected(f, PARSE(f, "--cuont=4"), "unknown option '--cuont=4': did you mean '--count'?");
    assert_rejected(f, PARSE(f, "--zebra"), "unknown option '--zebra': see --help");
    assert_rejected(f, PARSE(f, "--secre"), "unknown option '--secre': see --help");
    assert_rejected(f, PARSE(f, "-x"), "unknown option '-x': see --help");
    assert_rejected(f, PARSE(f, "-vx"), "unknown option '-vx': see --help");
    assert_rejected(f, PARSE(f, "--name"), "option '--name' needs a value: --name NAME");
    assert_rejected(f, PARSE(f, "-c"), "option '--count' needs a value: --count N");
    assert_rejected(f, PARSE(f, "--count", "x"), "option '--count': 'x' is not a whole number from 1 to 10");
    assert_rejected(f, PARSE(f, "--count=0"), "option '--count': '0' is not a whole number from 1 to 10");
    assert_rejected(f, PARSE(f, "--count=11"), "option '--count': '11' is not a whole number from 1 to 10");
    assert_rejected(f, PARSE(f, "--count="), "option '--count': '' is not a whole number from 1 to 10");
    assert_rejected(f, PARSE(f, "--verbose=perhaps"),
                    "option '--verbose': 'perhaps' is neither true nor false");
    assert_rejected(
        f, PARSE(f, "--period=5"),
        "option '--period': '5' is not a duration: write a number and ms, s, m, h or d, for example "
        "500ms");
    assert_rejected(f, PARSE(f, "--period=10ms"),
                    "option '--period': '10ms' is too short: the least is 50ms");
    assert_rejected(f, PARSE(f, "--period=2h"), "option '--period': '2h' is too long: the most is 1h");
    assert_rejected(f, PARSE(f, "-o", "xml"), "option '--output': 'xml' is not one of table, json or yaml");
    assert_rejected(f, PARSE(f, "--ports=70000"),
                    "option '--ports': port range '70000': '70000' is not a whole number from 1 to 65535");
    assert_rejected(f, PARSE(f, "--name", "a\nb"),
                    "option '--name': the value holds a control character (0x0a)");
    assert_string_equal(f->settings.name, "nobody");
}

static void test_rejected_environment(void **state)
{
    fixture *f = *state;
    setenv("PSD_TEST_COUNT", "many", 1);
    settings fresh = {0};
    assert_rejected(f, psd_options_init(table, &fresh, &f->error),
                    "environment variable PSD_TEST_COUNT: 'many' is not a whole number from 1 to 10");
    psd_options_free(table, &fresh);
    setenv("PSD_TEST_COUNT", "", 1);
    fresh = (settings){0};
    assert_int_equal(psd_options_init(table, &fresh, &f->error), 0);
    assert_int_equal(fresh.count, 3); /* empty counts as not set */
    psd_options_free(table, &fresh);
}

static void test_config_file(void **state)
{
    fixture *f = *state;
    assert_int_equal(read_text(f, "# a comment\n\n  name = a = b c \r\ncount=7\n\tverbose = on\nports = 1-3"),
                     0);
    assert_string_equal(f->settings.name, "a = b c");
    assert_int_equal(f->settings.count, 7);
    assert_true(f->settings.verbose);
    assert_string_equal(f->settings.ports, "1-3");
    assert_int_equal(read_text(f, ""), 0);
}

static void test_rejected_config_files(void **state)
{
    fixture *f = *state;
    assert_rejected_at(
        f, read_text(f, "name = x\ncuont = 4\n"), 2,
        "unknown key 'cuont': did you mean 'count'? valid keys: name ports verbose count period "
        "output");
    assert_rejected_at(f, read_text(f, "zebra = 4\n"), 1,
                       "unknown key 'zebra': valid keys: name ports verbose count period output");
    assert_rejected_at(f, read_text(f, "count = 4\n# again\ncount = 4\n"), 3,
                       "'count' stands in line 1 already: keep one of the two");
    assert_rejected_at(f, read_text(f, "name = x\nverbose\n"), 2,
                       "'verbose' is not a line of the form 'key = value'");
    assert_rejected_at(f, read_text(f, "= 4\n"), 1, "'= 4' is not a line of the form 'key = value'");
    assert_rejected_at(f, read_text(f, "name = x\ncount = 4 # four\n"), 2,
                       "count: '4 # four' is not a whole number from 1 to 10");
    assert_rejected_at(f, read_text(f, "config = /x\n"), 1,
                       "'config' is for the command line only: remove the line and start with --config");
    assert_rejected_at(f, read_file(f, "name = x\0y\n", 11), 1, "the line holds a zero byte");
    assert_string_equal(f->settings.name, "nobody"); /* nothing of a faulty file is taken */
    assert_int_equal(f->settings.count, 3);
}

static void test_unreadable_config_files(void **state)
{
    fixture *f = *state;
    assert_int_equal(psd_options_read_file(table, &f->settings, "/nonexistent/file", &f->error), -1);
    assert_string_equal(f->error.text,
                        "cannot open the config file '/nonexistent/file': No such file or directory");
    assert_int_equal(psd_options_read_file(table, &f->settings, "/tmp", &f->error), -1);
    assert_string_equal(f->error.text, "cannot read the config file '/tmp': Is a directory");
}

static void test_precedence(void **state)
{
    fixture *f = *state;
    settings s = {0};
    setenv("PSD_TEST_NAME", "environment", 1);
    assert_int_equal(psd_options_init(table, &s, &f->error), 0);
    assert_string_equal(s.name, "environment");
    psd_options_free(table, &f->settings);
    f->settings = s;
    assert_int_equal(read_text(f, "name = file\ncount = 5\n"), 0);
    assert_string_equal(f->settings.name, "file");
    assert_int_equal(PARSE(f, "--name", "line"), 0);
    assert_string_equal(f->settings.name, "line");
    assert_int_equal(f->settings.count, 5);
}

static void test_dump_reads_back(void **state)
{
    fixture *f = *state;
    assert_int_equal(PARSE(f, "--name=a = b", "-o", "yaml", "--period", "90s", "-v", "--secret=9"), 0);
    psd_text dump = PSD_TEXT_INIT;
    psd_options_dump(table, &f->settings, &dump);
    assert_string_equal(psd_text_string(&dump), "name = a = b\n# ports =\nverbose = true\ncount = 3\n"
                                                "period = 90s\noutput = yaml\nsecret = 9\n");
    psd_options_free(table, &f->settings);
    f->settings = (settings){0};
    assert_int_equal(psd_options_init(table, &f->settings, &f->error), 0);
    assert_int_equal(read_text(f, psd_text_string(&dump)), 0);
    psd_text again = PSD_TEXT_INIT;
    psd_options_dump(table, &f->settings, &again);
    assert_string_equal(psd_text_string(&again), psd_text_string(&dump));
    psd_text_free(&dump);
    psd_text_free(&again);
}

static void test_help(void **state)
{
    (void)state;
    psd_text help = PSD_TEXT_INIT;
    psd_options_help(table, &help);
    assert_string_equal(psd_text_string(&help),
                        "      --name NAME           Who it is. (default: nobody) (environment:\n"
                        "                            PSD_TEST_NAME)\n"
                        "      --ports RANGES        Which ports.\n"
                        "  -v, --verbose             Says more.\n"
                        "  -c, --count N             How many. (default: 3) (environment: PSD_TEST_COUNT)\n"
                        "      --period DURATION     How often the thing is looked at, in a text so long\n"
                        "                            that it must be wrapped. (default: 500ms)\n"
                        "  -o, --output FORMAT       How it is printed. One of table, json or yaml.\n"
                        "                            (default: table)\n"
                        "      --config FILE         Config file.\n");
    psd_text_free(&help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_form_of_an_option, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_operands_alone_ignore_faults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rejected_command_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rejected_environment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_config_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rejected_config_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unreadable_config_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_precedence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dump_reads_back, set_up, tear_down),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
