#include "client/pdctl/help.h"

#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

enum { COMMAND_COLUMN = 18 };

void psd_cli_add_usage(const psd_cli_command *command, psd_text *out)
{
    psd_text_printf(out, "pdctl %s", command->words);
    const psd_cli_operand *operand = command->operand;
    if (operand && !operand->is_raw)
        psd_text_printf(out, operand->least > 0 ? " %s" : " [%s]", operand->name);
    psd_text_add(out, " [OPTION]...");
}

static void add_paragraphs(const char *text, psd_text *out)
{
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        PSD_AUTO_TEXT paragraph = PSD_TEXT_INIT;
        psd_text_append(&paragraph, text, length);
        psd_text_add(out, "\n");
        psd_help_entry(out, "", psd_text_string(&paragraph), 0);
        text += length + (text[length] == '\n');
    }
}

static void add_role(psd_role role, psd_text *out)
{
    if (role == PSD_ROLE_NONE)
        psd_text_add(out, "\nAsks no daemon.\n");
    else
        psd_text_printf(out, "\nNeeds the role %s or a higher one.\n", psd_role_name(role));
}

static void add_command_help(const psd_cli_command *command, psd_text *out)
{
    psd_text_add(out, "Usage: ");
    psd_cli_add_usage(command, out);
    psd_text_printf(out, "\n\n%s.\n", command->summary);
    add_paragraphs(command->text, out);
    if (command->operand && !command->operand->is_raw) {
        psd_text_add(out, "\nOperands:\n");
        psd_help_entry(out, command->operand->name, command->operand->help, 28);
    }
    if (command->options.count > 0) {
        psd_text_add(out, "\nOptions:\n");
        psd_options_help(command->options, out);
    }
    psd_text_add(out, "\nGlobal options:\n");
    psd_options_help(psd_cli_global_options, out);
    if (command->examples)
        psd_text_add(out, "\nExamples:\n");
    for (size_t i = 0; command->examples && command->examples[i]; i++)
        psd_text_printf(out, "  %s\n", command->examples[i]);
    add_role(command->role, out);
}

static void add_command_list(const char *const *words, size_t count, psd_text *out)
{
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        if (!command->hidden && psd_cli_is_below(command, words, count))
            psd_help_entry(out, command->words, command->summary, COMMAND_COLUMN);
    }
}

static void add_group_help(const char *const *words, size_t count, psd_text *out)
{
    psd_text_add(out, "Usage: pdctl");
    for (size_t i = 0; i < count; i++)
        psd_text_printf(out, " %s", words[i]);
    psd_text_add(out, " COMMAND [OPTION]...\n");
    if (count == 0)
        psd_text_add(out, "\nAsks the polarstack-daemon of this host.\n");
    psd_text_add(out, "\nCommands:\n");
    add_command_list(words, count, out);
    psd_text_add(out, "\nGlobal options:\n");
    psd_options_help(psd_cli_global_options, out);
    if (count == 0) {
        psd_text_add(out, "\nExit codes:\n");
        for (size_t i = 0; i < psd_cli_exit_count; i++)
            psd_help_entry(out, (const char[]){(char)('0' + i), '\0'}, psd_cli_exit_meanings[i], 5);
    }
    psd_text_add(out, "\nSee 'pdctl COMMAND --help' for the options of a command.\n");
}

int psd_cli_add_help(const char *const *words, size_t count, psd_text *out, psd_error *error)
{
    size_t used = 0;
    const psd_cli_command *command = psd_cli_find(words, count, &used);
    if (!command && used < count)
        return psd_cli_refuse_words(words, count, used, error);
    if (command)
        add_command_help(command, out);
    else
        add_group_help(words, count, out);
    return 0;
}

int psd_cli_help(psd_cli_call *call, psd_error *error)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    if (psd_cli_add_help(call->operands, call->operand_count, &text, error) < 0)
        return -1;
    fputs(psd_text_string(&text), stdout);
    return PSD_CLI_OK;
}
