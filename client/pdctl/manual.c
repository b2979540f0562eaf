#include "client/pdctl/manual.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Text of a macro or text line: backslashes and a control character in front
 * are escaped. */
static void add_escaped(const char *text, psd_text *out)
{
    if (text[0] == '.' || text[0] == '\'')
        psd_text_add(out, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            psd_text_add(out, "\\e");
        else if (*text == '-')
            psd_text_add(out, "\\-"); /* options must stay what they are when copied */
        else
            psd_text_append(out, text, 1);
    }
}

/* Each sentence begins a line, as mdoc wants it. */
static void add_sentences(const char *text, psd_text *out)
{
    while (*text) {
        const char *end = strstr(text, ". ");
        size_t length = end ? (size_t)(end - text) + 1 : strlen(text);
        PSD_AUTO_TEXT sentence = PSD_TEXT_INIT;
        psd_text_append(&sentence, text, length);
        add_escaped(psd_text_string(&sentence), out);
        psd_text_add(out, "\n");
        text += length;
        text += strspn(text, " ");
    }
}

static void add_paragraphs(const char *text, psd_text *out)
{
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        PSD_AUTO_TEXT paragraph = PSD_TEXT_INIT;
        psd_text_append(&paragraph, text, length);
        psd_text_add(out, ".Pp\n");
        add_sentences(psd_text_string(&paragraph), out);
        text += length + (text[length] == '\n');
    }
}

static void add_options(psd_options options, psd_text *out)
{
    if (options.count == 0)
        return;
    psd_text_add(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = &options.rows[i];
        if (option->flags & PSD_OPTION_HIDDEN)
            continue;
        psd_text_add(out, ".It ");
        if (option->letter)
            psd_text_printf(out, "Fl %c , ", option->letter);
        psd_text_add(out, "Fl Fl ");
        add_escaped(option->name, out);
        if (option->value_name)
            psd_text_printf(out, " Ar %s", option->value_name);
        psd_text_add(out, "\n");
        PSD_AUTO_TEXT text = PSD_TEXT_INIT;
        psd_option_describe(option, &text);
        add_sentences(psd_text_string(&text), out);
    }
    psd_text_add(out, ".El\n");
}

static void add_examples(const char *const *examples, psd_text *out)
{
    if (!examples)
        return;
    psd_text_add(out, ".Bd -literal -offset indent\n");
    for (size_t i = 0; examples[i]; i++) {
        add_escaped(examples[i], out);
        psd_text_add(out, "\n");
    }
    psd_text_add(out, ".Ed\n");
}

static void add_command(const psd_cli_command *command, psd_text *out)
{
    psd_text_printf(out, ".Ss %s\n.Nm\n.Cm %s\n", command->words, command->words);
    const psd_cli_operand *operand = command->operand;
    if (operand)
        psd_text_printf(out, operand->least > 0 ? ".Ar %s\n" : ".Op Ar %s\n", operand->name);
    psd_text_add(out, ".Op Ar OPTION ...\n.Pp\n");
    add_escaped(command->summary, out);
    psd_text_add(out, ".\n");
    add_paragraphs(command->text, out);
    add_options(command->options, out);
    add_examples(command->examples, out);
    psd_text_add(out, ".Pp\n");
    if (command->role == PSD_ROLE_NONE)
        psd_text_add(out, "Asks no daemon.\n");
    else
        psd_text_printf(out, "Needs the role %s or a higher one.\n", psd_role_name(command->role));
}

static void add_exit_codes(psd_text *out)
{
    psd_text_add(out, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
    for (size_t i = 0; i < psd_cli_exit_count; i++) {
        psd_text_printf(out, ".It %zu\n", i);
        add_sentences(psd_cli_exit_meanings[i], out);
    }
    psd_text_add(out, ".El\n");
}

static const char head[] =
    ".Dd " PSD_MANUAL_DATE "\n"
    ".Dt PDCTL 1\n"
    ".Os polarstack-daemon " PSD_VERSION "\n"
    ".Sh NAME\n"
    ".Nm pdctl\n"
    ".Nd ask the polarstack-daemon of this host\n"
    ".Sh SYNOPSIS\n"
    ".Nm\n"
    ".Ar COMMAND\n"
    ".Op Ar OPTION ...\n"
    ".Sh DESCRIPTION\n"
    ".Nm\n"
    "asks the polarstack\\-daemon of this host, follows what it sees, and prints the answers "
    "for people and for scripts.\n"
    "The global options are:\n";

static const char tail[] = ".Sh ENVIRONMENT\n"
                           ".Bl -tag -width Ds\n"
                           ".It Ev POLARSTACK_RUNTIME_DIR\n"
                           "Folder with the daemon's socket, when\n"
                           ".Fl Fl runtime\\-dir\n"
                           "is not given.\n"
                           ".It Ev XDG_RUNTIME_DIR\n"
                           "Its folder polarstack is looked at last.\n"
                           ".It Ev NO_COLOR\n"
                           "When set and not empty, output is not coloured by itself.\n"
                           ".El\n"
                           ".Sh FILES\n"
                           ".Bl -tag -width Ds\n"
                           ".It Pa /run/polarstack/daemon.sock\n"
                           "Socket of the daemon.\n"
                           ".El\n";

void psd_cli_add_manual(psd_text *out)
{
    psd_text_add(out, head);
    add_options(psd_cli_global_options, out);
    psd_text_add(out, ".Sh COMMANDS\n");
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        if (!psd_cli_commands[i].hidden)
            add_command(&psd_cli_commands[i], out);
    }
    psd_text_add(out, tail);
    add_exit_codes(out);
}

int psd_cli_manual(psd_cli_call *call PSD_UNUSED, psd_error *error PSD_UNUSED)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_add_manual(&text);
    fputs(psd_text_string(&text), stdout);
    return PSD_CLI_OK;
}
