/* The table of commands and what is made from it: help, suggestions, manual, completion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/command.h"
#include "client/pdctl/complete.h"
#include "client/pdctl/help.h"
#include "client/pdctl/manual.h"
#include "common/macros.h"

enum { MAX_WORDS = 16 };

typedef struct line {
    char text[256];
    const char *words[MAX_WORDS];
    size_t count;
} line;

/* Cuts TEXT at blanks. */
static line cut(const char *text)
{
    line it = {.count = 0};
    assert_true(strlen(text) < sizeof(it.text));
    strncpy(it.text, text, sizeof(it.text) - 1);
    return it;
}

static void find_words(line *it)
{
    char *rest = it->text;
    for (char *word = strsep(&rest, " "); word && it->count < MAX_WORDS; word = strsep(&rest, " "))
        it->words[it->count++] = word;
}

/* ---- the table ---- */

static void test_every_row_is_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        size_t length = strlen(command->summary);
        assert_true(length > 0 && length < 120);
        assert_true(isupper((unsigned char)command->summary[0]));
        assert_true(command->summary[length - 1] != '.'); /* help adds it */
        assert_non_null(command->run);
        if (!command->hidden)
            assert_non_null(command->examples);
        assert_true(!command->resource || command->role >= PSD_ROLE_READER);
        for (size_t k = i + 1; k < psd_cli_command_count; k++)
            assert_string_not_equal(command->words, psd_cli_commands[k].words);
    }
}

/* Operands are found before the command is known, so an option that takes a
 * value takes one everywhere. */
static void test_an_option_has_one_type(void **state)
{
    (void)state;
    psd_options all = psd_cli_all_options();
    for (size_t i = 0; i < all.count; i++) {
        for (size_t k = 0; k < all.count; k++) {
            bool same_name = strcmp(all.rows[i].name, all.rows[k].name) == 0;
            bool same_letter = all.rows[i].letter && all.rows[i].letter == all.rows[k].letter;
            assert_int_equal(same_name && all.rows[i].letter, same_letter);
            if (same_name)
                assert_int_equal(all.rows[i].type, all.rows[k].type);
        }
    }
    psd_cli_options_free(&all);
}

static void test_defaults_are_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        psd_options options = psd_cli_options(&psd_cli_commands[i]);
        psd_cli_settings settings = {0};
        psd_error error = PSD_ERROR_INIT;
        assert_int_equal(psd_options_init(options, &settings, &error), 0);
        assert_int_equal(settings.timeout_ms, 10000);
        psd_options_free(options, &settings);
        psd_cli_options_free(&options);
    }
}

static void test_examples_name_their_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        for (size_t k = 0; command->examples && command->examples[k]; k++) {
            const char *start = strstr(command->examples[k], "pdctl ");
            assert_non_null(start);
            line it = cut(start);
            it.text[strcspn(it.text, "|)")] = '\0';
            find_words(&it);
            size_t used = 0;
            assert_ptr_equal(psd_cli_find(it.words + 1, it.count - 1, &used), command);
        }
    }
}

/* ---- suggestions ---- */

static void assert_refused(const char *text, const char *expected)
{
    line it = cut(text);
    if (text[0])
        find_words(&it);
    size_t used = 0;
    psd_error error = PSD_ERROR_INIT;
    assert_null(psd_cli_find(it.words, it.count, &used));
    assert_int_equal(psd_cli_refuse_words(it.words, it.count, used, &error), -1);
    assert_string_equal(error.text, expected);
    assert_int_equal(error.code, PSD_INVALID_ARGUMENT);
}

static void test_refused_words(void **state)
{
    (void)state;
    assert_refused("gte ports", "unknown command 'gte': did you mean 'get'?");
    assert_refused("healht", "unknown command 'healht': did you mean 'health'?");
    assert_refused("get prots", "unknown command 'prots' after 'get': did you mean 'ports'?");
    assert_refused("get version", "unknown command 'version' after 'get': did you mean 'versions'?");
    assert_refused("check version", "unknown command 'version' after 'check': did you mean 'versions'?");
    assert_refused("get port", "unknown command 'port' after 'get': did you mean 'ports'?");
    assert_refused("why zebra", "unknown command 'zebra' after 'why': see 'pdctl why --help'");
    assert_refused("zebra", "unknown command 'zebra': see 'pdctl --help'");
    assert_refused("complet",
                   "unknown command 'complet': did you mean 'completion'?"); /* not the hidden one */
    assert_refused("get", "'get' of what? Name one of: ports, config, net, versions, nodes");
    assert_refused("", "no command given: name one of: get, watch, why, scan, check, diff, doctor, describe, "
                       "health, version, completion, "
                       "help: see 'pdctl --help'");
}

/* ---- help ---- */

static void assert_help(const char *words, const char *expected)
{
    line it = cut(words);
    if (words[0])
        find_words(&it);
    psd_text text = PSD_TEXT_INIT;
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_cli_add_help(it.words, it.count, &text, &error), 0);
    assert_string_equal(psd_text_string(&text), expected);
    psd_text_free(&text);
}

#define GLOBAL_OPTIONS                                                                 \
    "Global options:\n"                                                                \
    "      --runtime-dir DIR     Folder with the daemon's socket. Otherwise\n"         \
    "                            $POLARSTACK_RUNTIME_DIR, /run/polarstack or\n"        \
    "                            $XDG_RUNTIME_DIR/polarstack.\n"                       \
    "      --url URL             Address of the daemon, for example\n"                 \
    "                            ipc:///run/polarstack/daemon.sock.\n"                 \
    "      --timeout DURATION    How long to wait for an answer. (default: 10s)\n"     \
    "      --color WHEN          Colour; auto means on a terminal, unless $NO_COLOR\n" \
    "                            is set. One of auto, always or never. (default:\n"    \
    "                            auto)\n"                                              \
    "  -h, --help                Show the help of the command.\n"

static void test_help_of_a_command(void **state)
{
    (void)state;
    assert_help("why port",
                "Usage: pdctl why port PORT [OPTION]...\n\n"
                "Tell why a port is free or not, and who holds it.\n\n"
                "Looks at one port now: its sockets, the processes that hold them, and whether\n"
                "the kernel may hand the port out by itself. The exit code is 0 whether the port\n"
                "is free or not.\n\n"
                "Operands:\n"
                "  PORT                      A port, 1 to 65535.\n\n"
                "Options:\n"
                "  -o, --output FORMAT       How to print the answer. One of text, json or yaml.\n"
                "                            (default: text)\n\n" GLOBAL_OPTIONS "\n"
                "Examples:\n"
                "  pdctl why port 30010\n"
                "  pdctl why port 30010 -o json | jq .port.bindable\n\n"
                "Needs the role READER or a higher one.\n");
}

static void test_help_of_a_group(void **state)
{
    (void)state;
    assert_help(
        "get",
        "Usage: pdctl get COMMAND [OPTION]...\n\n"
        "Commands:\n"
        "  get ports       List the ports in use\n"
        "  get config      Show what the cluster told this node, and how old that is\n"
        "  get net         Show whether the client network works, and the address of the\n"
        "                  BMC\n"
        "  get versions    List the versions, and whether this host has their images\n"
        "  get nodes       List the nodes that have a daemon, and whether it answers\n\n" GLOBAL_OPTIONS "\n"
        "See 'pdctl COMMAND --help' for the options of a command.\n");
}

static void test_general_help(void **state)
{
    (void)state;
    assert_help("", "Usage: pdctl COMMAND [OPTION]...\n\n"
                    "Asks the polarstack-daemon of this host.\n\n"
                    "Commands:\n"
                    "  get ports       List the ports in use\n"
                    "  watch ports     Follow the ports in use, a line for each change\n"
                    "  get config      Show what the cluster told this node, and how old that is\n"
                    "  watch config    Follow what the cluster tells this node, a line for each\n"
                    "                  changed part\n"
                    "  get net         Show whether the client network works, and the address of the\n"
                    "                  BMC\n"
                    "  watch net       Follow the client network, a line for each changed part\n"
                    "  get versions    List the versions, and whether this host has their images\n"
                    "  watch versions  Follow the versions of this host, a line for each change\n"
                    "  get nodes       List the nodes that have a daemon, and whether it answers\n"
                    "  why port        Tell why a port is free or not, and who holds it\n"
                    "  why version     Tell which images of a version are here, and what to do about\n"
                    "                  it\n"
                    "  scan ports      Scan the ports now, then list those in use\n"
                    "  check versions  Ask the container runtimes now which versions are there\n"
                    "  diff            Show what the daemon knows beside what Kubernetes holds\n"
                    "  doctor          Check what goes wrong most often, and say the mend\n"
                    "  describe        List the services, methods, roles and topics of the daemon\n"
                    "  health          Tell how the daemon and its scanners are\n"
                    "  version         Show the versions of pdctl and, if it can be reached, of the\n"
                    "                  daemon\n"
                    "  completion      Print the completion script of a shell\n"
                    "  help            Show the help of pdctl or of a command\n\n" GLOBAL_OPTIONS "\n"
                    "Exit codes:\n"
                    "  0  The question was answered. A watch was ended by a signal, a limit or its\n"
                    "     reader.\n"
                    "  1  The answer is negative: DEGRADED, UNKNOWN, a difference, or a fault.\n"
                    "  2  The command line is wrong; nothing was asked.\n"
                    "  3  The daemon cannot be reached.\n"
                    "  4  The daemon refused the call or failed in it.\n"
                    "  5  No answer came within --timeout.\n"
                    "  6  Something failed on this side: the output could not be written.\n\n"
                    "See 'pdctl COMMAND --help' for the options of a command.\n");
}

static void test_help_of_nothing(void **state)
{
    (void)state;
    psd_text text = PSD_TEXT_INIT;
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(psd_cli_add_help((const char *[]){"get", "prots"}, 2, &text, &error), -1);
    assert_string_equal(error.text, "unknown command 'prots' after 'get': did you mean 'ports'?");
    psd_text_free(&text);
}

/* Commands, options and exit codes are all in the manual. */
static void test_manual_is_complete(void **state)
{
    (void)state;
    psd_text page = PSD_TEXT_INIT;
    psd_cli_add_manual(&page);
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        psd_text heading = PSD_TEXT_INIT;
        psd_text_printf(&heading, "\n.Ss %s\n", psd_cli_commands[i].words);
        bool is_there = strstr(psd_text_string(&page), psd_text_string(&heading)) != NULL;
        assert_int_equal(is_there, !psd_cli_commands[i].hidden);
        psd_text_free(&heading);
    }
    assert_non_null(strstr(psd_text_string(&page), ".It Fl o , Fl Fl output Ar FORMAT\n"));
    assert_non_null(strstr(psd_text_string(&page), ".It Fl Fl no\\-headers\n"));
    assert_non_null(strstr(psd_text_string(&page), ".It 5\nNo answer came within \\-\\-timeout.\n"));
    psd_text_free(&page);
}

/* ---- completion ---- */

/* WORDS with '_' for an empty last word; only the texts are compared. */
static void assert_candidates(const char *words, const char *expected)
{
    line it = cut(words);
    find_words(&it);
    if (strcmp(it.words[it.count - 1], "_") == 0)
        it.words[it.count - 1] = "";
    psd_text all = PSD_TEXT_INIT;
    psd_text texts = PSD_TEXT_INIT;
    psd_cli_add_candidates(it.words, it.count, &all);
    for (const char *at = psd_text_string(&all); *at; at += strcspn(at, "\n") + 1) {
        psd_text_append(&texts, at, strcspn(at, "\t\n"));
        psd_text_add(&texts, " ");
    }
    assert_string_equal(psd_text_string(&texts), expected);
    psd_text_free(&all);
    psd_text_free(&texts);
}

static void test_completion_of_commands(void **state)
{
    (void)state;
    assert_candidates("_", "get watch why scan check diff doctor describe health version completion help ");
    assert_candidates("w", "watch why ");
    assert_candidates("get _", "ports config net versions nodes ");
    assert_candidates("why p", "port ");
    assert_candidates("why _", "port version ");
    assert_candidates("check _", "versions ");
    assert_candidates("why version _", "");
    assert_candidates("zebra _", "");
    assert_candidates("get ports _", "");
    assert_candidates("--timeout 5s --runtime-dir /x hea", "health ");
    assert_candidates("help _",
                      "get watch why scan check diff doctor describe health version completion help ");
    assert_candidates("help get _", "ports config net versions nodes ");
    assert_candidates("completion _", "bash zsh fish ");
    assert_candidates("completion bash _", "");
}

static void test_completion_of_options(void **state)
{
    (void)state;
    assert_candidates("--", "--runtime-dir --url --timeout --color --help ");
    assert_candidates("get ports --r", "--range --runtime-dir ");
    assert_candidates("watch ports --c", "--count --color ");
    assert_candidates("check versions --n", "--no-headers --no-wait --nodes ");
    assert_candidates("get versions --na", "--name ");
    assert_candidates("get --co", "--color ");
    assert_candidates("health --ra", "");
}

static void test_completion_of_values(void **state)
{
    (void)state;
    assert_candidates("get ports -o _", "table wide json yaml name ");
    assert_candidates("get ports -o y", "yaml ");
    assert_candidates("watch ports --output _", "table json ");
    assert_candidates("check versions -o _", "table wide json yaml ");
    assert_candidates("check versions --operation _", "");
    assert_candidates("watch ports --output=j", "--output=json ");
    assert_candidates("--color=a", "--color=auto --color=always ");
    assert_candidates("--help=t", "--help=true ");
    assert_candidates("get ports --range _", "");
    assert_candidates("--runtime-dir _", ":dirs ");
    assert_candidates("--runtime-dir=/t", ":dirs ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_whole),     cmocka_unit_test(test_an_option_has_one_type),
        cmocka_unit_test(test_defaults_are_valid),     cmocka_unit_test(test_examples_name_their_command),
        cmocka_unit_test(test_refused_words),          cmocka_unit_test(test_help_of_a_command),
        cmocka_unit_test(test_help_of_a_group),        cmocka_unit_test(test_general_help),
        cmocka_unit_test(test_help_of_nothing),        cmocka_unit_test(test_manual_is_complete),
        cmocka_unit_test(test_completion_of_commands), cmocka_unit_test(test_completion_of_options),
        cmocka_unit_test(test_completion_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
