/* main.c - pdctl: reads the command line, runs one command, says what went wrong. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/command.h"
#include "client/pdctl/help.h"
#include "common/cleanup.h"

/* ---- errors ---- */

static psd_cli_exit exit_for(const psd_cli_call *call, psd_code code)
{
    switch (code) {
    case PSD_INVALID_ARGUMENT:
        return call->client ? PSD_CLI_FAILED : PSD_CLI_USAGE;
    case PSD_UNAVAILABLE:
        return PSD_CLI_UNREACHABLE;
    case PSD_DEADLINE_EXCEEDED:
        return PSD_CLI_TIMEOUT;
    default:
        return PSD_CLI_FAILED;
    }
}

/* What to do about it, where the text of the failed part cannot know. */
static const char *advice(const psd_cli_call *call, psd_code code)
{
    switch (exit_for(call, code)) {
    case PSD_CLI_UNREACHABLE:
        return call->settings->url
                   ? ": start it with polarstack-daemon, or name another address with --url"
                   : ": start it with polarstack-daemon, or name another folder with --runtime-dir";
    case PSD_CLI_TIMEOUT:
        return ": wait longer with --timeout, or look at 'pdctl health'";
    default:
        break;
    }
    if (code == PSD_UNIMPLEMENTED)
        return ": the daemon is older than this pdctl: see 'pdctl version'";
    return "";
}

static int report(const psd_cli_call *call, const psd_error *error)
{
    psd_cli_exit code = exit_for(call, error->code);
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, "pdctl: ");
    psd_cli_add_safe(&text, error->text);
    if (code == PSD_CLI_FAILED)
        psd_text_printf(&text, " (%s)", psd_code_name(error->code));
    psd_text_add(&text, advice(call, error->code));
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
    return code;
}

/* A reader that has seen enough is no failure. The errno of an earlier failed
 * write is gone; the pipe still tells. */
static int finish_output(const psd_cli_call *call, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    int sys_errno = errno;
    struct pollfd out = {.fd = STDOUT_FILENO};
    if (poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)))
        return code;
    psd_cli_put(&call->screen, stderr, PSD_CLI_RED, "pdctl: cannot write the output");
    fprintf(stderr, "%s%s\n", sys_errno != 0 ? ": " : "", sys_errno != 0 ? strerrordesc_np(sys_errno) : "");
    return PSD_CLI_LOCAL;
}

/* ---- the command line ---- */

static int check_operands(const psd_cli_call *call, psd_error *error)
{
    const psd_cli_operand *operand = call->command->operand;
    size_t least = operand ? operand->least : 0;
    size_t most = operand ? operand->most : 0;
    if (call->operand_count < least) {
        PSD_AUTO_TEXT usage = PSD_TEXT_INIT;
        psd_cli_add_usage(call->command, &usage);
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' needs a %s: %s", call->command->words,
                             operand->name, psd_text_string(&usage));
    }
    if (call->operand_count > most)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' takes no '%s': see 'pdctl %s --help'",
                             call->command->words, call->operands[most], call->command->words);
    for (size_t i = 0; operand && operand->choices && i < call->operand_count; i++) {
        const char *const *choice = operand->choices;
        while (*choice && strcmp(*choice, call->operands[i]) != 0)
            choice++;
        if (!*choice)
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' knows no %s '%s': use %s",
                                 call->command->words, operand->name, call->operands[i], operand->help);
    }
    return 0;
}

static int print_help(const char *const *words, size_t count, psd_error *error)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    if (psd_cli_add_help(words, count, &text, error) < 0)
        return -1;
    fputs(psd_text_string(&text), stdout);
    return PSD_CLI_OK;
}

/* With the settings read. WORDS are all operands, the first USED of them name
 * the command. */
static int run_command(psd_cli_call *call, const char **words, size_t count, size_t used, psd_error *error)
{
    call->screen = psd_cli_screen_of((psd_cli_color_when)call->settings->color);
    if (call->settings->help)
        return print_help(words, used, error);
    if (!call->command)
        return psd_cli_refuse_words(words, count, used, error);
    if (call->settings->url && call->settings->runtime_dir)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "--url and --runtime-dir exclude each other: give one");
    call->operands = words + used;
    call->operand_count = count - used;
    if (check_operands(call, error) < 0)
        return -1;
    return call->command->run(call, error);
}

/* An unknown command is a better answer than an unknown option: the options of
 * a command that is not known are not known either. */
static int run(psd_cli_call *call, psd_cli_settings *settings, int argc, char **argv, psd_error *error)
{
    PSD_AUTO_FREE const char **words = calloc((size_t)argc + 1, sizeof(*words));
    if (!words)
        abort();
    size_t count = 0;
    size_t used = 0;
    PSD_AUTO(psd_cli_options_free) psd_options all = psd_cli_all_options();
    psd_options_operands(all, argc, argv, 1, words, &count);
    call->command = psd_cli_find(words, count, &used);
    if (!call->command && used < count)
        return psd_cli_refuse_words(words, count, used, error);
    PSD_AUTO(psd_cli_options_free) psd_options options = psd_cli_options(call->command);
    if (psd_options_init(options, settings, error) < 0 ||
        psd_options_parse(options, settings, argc, argv, 1, words, &count, error) < 0)
        return -1;
    return run_command(call, words, count, used, error);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    psd_cli_settings settings = {0};
    psd_cli_call call = {.settings = &settings, .screen = psd_cli_screen_of(PSD_CLI_COLOR_AUTO)};
    psd_error error = PSD_ERROR_INIT;
    int code = run(&call, &settings, argc, argv, &error);
    if (code < 0)
        code = report(&call, &error);
    psd_client_close(call.client);
    code = finish_output(&call, code);
    PSD_AUTO(psd_cli_options_free) psd_options all = psd_cli_all_options();
    psd_options_free(all, &settings);
    return code;
}
