#include "client/pdctl/complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* Asked by the shell with the words so far; the last one is being typed. */
typedef struct request {
    const char *const *words; /* before the one being typed */
    size_t count;
    const char *typed;
    const psd_cli_command *command; /* NULL: not named yet */
    const char **operands;          /* command words included */
    size_t operand_count;
    size_t used; /* operands that are command words */
} request;

static void add_candidate(const request *it, const char *prefix, const char *text, size_t length,
                          const char *meaning, psd_text *out)
{
    PSD_AUTO_TEXT whole = PSD_TEXT_INIT;
    psd_text_add(&whole, prefix);
    psd_text_append(&whole, text, length);
    if (strncmp(psd_text_string(&whole), it->typed, strlen(it->typed)) != 0)
        return;
    psd_text_add(out, psd_text_string(&whole));
    if (meaning)
        psd_text_printf(out, "\t%s", meaning);
    psd_text_add(out, "\n");
}

/* PREFIX is what stands before the value in the same word: "--output=". */
static void add_values(const request *it, const psd_option *option, const char *prefix, psd_text *out)
{
    if (option->value_name && strcmp(option->value_name, "DIR") == 0)
        psd_text_add(out, ":dirs\n");
    static const char *const truth[] = {"true", "false", NULL};
    const char *const *choices = option->type == PSD_OPTION_BOOL ? truth : option->choices;
    for (size_t i = 0; choices && choices[i]; i++)
        add_candidate(it, prefix, choices[i], strlen(choices[i]), NULL, out);
}

static void add_options(const request *it, psd_options options, psd_text *out)
{
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = &options.rows[i];
        if (!(option->flags & PSD_OPTION_HIDDEN))
            add_candidate(it, "--", option->name, strlen(option->name), option->help, out);
    }
}

/* The words that may follow PATH. One that several commands share has no
 * meaning of its own to show. */
static void add_next_words(const request *it, const char *const *path, size_t length, psd_text *out)
{
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        if (command->hidden || !psd_cli_is_below(command, path, length))
            continue;
        size_t word_length = 0;
        const char *word = psd_cli_word(command, length, &word_length);
        bool is_repeated = word_length == 0;
        for (size_t k = 0; k < i && !is_repeated; k++) {
            size_t other_length = 0;
            const char *other = psd_cli_word(&psd_cli_commands[k], length, &other_length);
            is_repeated = other_length == word_length && memcmp(other, word, word_length) == 0 &&
                          psd_cli_is_below(&psd_cli_commands[k], path, length);
        }
        if (!is_repeated)
            add_candidate(it, "", word, word_length, word[word_length] ? NULL : command->summary, out);
    }
}

static void add_operands(const request *it, psd_text *out)
{
    const psd_cli_operand *operand = it->command->operand;
    size_t given = it->operand_count - it->used;
    if (!operand || given >= operand->most)
        return;
    if (operand->is_command)
        add_next_words(it, it->operands + it->used, given, out);
    for (size_t i = 0; operand->choices && operand->choices[i]; i++)
        add_candidate(it, "", operand->choices[i], strlen(operand->choices[i]), NULL, out);
}

/* The option whose value the typed word is, because the word before it is an
 * option that takes the next word; NULL if it is not. */
static const psd_option *awaiting_value(const request *it, psd_options options)
{
    if (it->count == 0)
        return NULL;
    const char *last = it->words[it->count - 1];
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = options.rows + i;
        bool is_name = strncmp(last, "--", 2) == 0 && strcmp(last + 2, option->name) == 0;
        bool is_letter = option->letter && last[0] == '-' && last[1] == option->letter && last[2] == '\0';
        if ((is_name || is_letter) && option->type != PSD_OPTION_BOOL)
            return option;
    }
    return NULL;
}

/* "--output=js": the option before the '='. */
static const psd_option *joined_value(const request *it, psd_options options, psd_text *prefix)
{
    const char *equals = strchr(it->typed, '=');
    if (strncmp(it->typed, "--", 2) != 0 || !equals)
        return NULL;
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    psd_text_append(&name, it->typed + 2, (size_t)(equals - it->typed) - 2);
    psd_text_append(prefix, it->typed, (size_t)(equals - it->typed) + 1);
    return psd_options_find(options, psd_text_string(&name));
}

static void answer(const request *it, psd_options options, psd_text *out)
{
    PSD_AUTO_TEXT prefix = PSD_TEXT_INIT;
    const psd_option *option = awaiting_value(it, options);
    if (!option)
        option = joined_value(it, options, &prefix);
    if (option)
        add_values(it, option, psd_text_string(&prefix), out);
    else if (it->typed[0] == '-')
        add_options(it, options, out);
    else if (it->command)
        add_operands(it, out);
    else
        add_next_words(it, it->operands, it->operand_count, out);
}

void psd_cli_add_candidates(const char *const *words, size_t count, psd_text *out)
{
    PSD_AUTO_FREE const char **operands = calloc(count + 1, sizeof(*operands));
    PSD_AUTO_FREE char **copy = calloc(count + 1, sizeof(*copy));
    if (!operands || !copy)
        abort();
    request it = {.words = words, .count = count > 0 ? count - 1 : 0, .operands = operands};
    it.typed = count > 0 ? words[count - 1] : "";
    for (size_t i = 0; i < it.count; i++)
        copy[i] = (char *)(uintptr_t)words[i]; /* argv is not const, and is not changed either */
    PSD_AUTO(psd_cli_options_free) psd_options all = psd_cli_all_options();
    psd_options_operands(all, (int)it.count, copy, 0, operands, &it.operand_count);
    it.command = psd_cli_find(operands, it.operand_count, &it.used);
    PSD_AUTO(psd_cli_options_free) psd_options options = psd_cli_options(it.command);
    answer(&it, options, out);
}

int psd_cli_complete(psd_cli_call *call, psd_error *error PSD_UNUSED)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_add_candidates(call->operands, call->operand_count, &text);
    fputs(psd_text_string(&text), stdout);
    return PSD_CLI_OK;
}

/* ---- the scripts ---- */

const char *const psd_cli_shells[] = {"bash", "zsh", "fish", NULL};

/* bash cuts words at '=' too: the line is cut at blanks instead, and what
 * stands before the '=' is taken off the candidates again. */
static const char bash_script[] =
    "# bash completion for pdctl\n"
    "_pdctl()\n"
    "{\n"
    "    local words line candidate prefix= typed\n"
    "    line=${COMP_LINE:0:COMP_POINT}\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    typed=${words[-1]}\n"
    "    [[ $typed == --*=* && $COMP_WORDBREAKS == *=* ]] && prefix=${typed%%=*}=\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r candidate _; do\n"
    "        if [[ $candidate == :dirs ]]; then\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            mapfile -t COMPREPLY < <(compgen -d -- \"${typed#\"$prefix\"}\")\n"
    "        else\n"
    "            COMPREPLY+=(\"${candidate#\"$prefix\"}\")\n"
    "        fi\n"
    "    done < <(\"${words[0]}\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _pdctl pdctl\n";

static const char zsh_script[] =
    "#compdef pdctl\n"
    "# zsh completion for pdctl\n"
    "_pdctl() {\n"
    "    local line text meaning\n"
    "    local -a candidates\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :dirs ]]; then\n"
    "            compset -P '--*='\n"
    "            _path_files -/\n"
    "            return\n"
    "        fi\n"
    "        text=${line%%$'\\t'*}\n"
    "        meaning=\n"
    "        [[ $line == *$'\\t'* ]] && meaning=:${line#*$'\\t'}\n"
    "        candidates+=(\"${text//:/\\\\:}$meaning\")\n"
    "    done < <(\"${words[1]}\" complete -- \"${(@)words[2,CURRENT-1]}\" \"$PREFIX\" 2>/dev/null)\n"
    "    _describe pdctl candidates\n"
    "}\n"
    "if [[ $funcstack[1] == _pdctl ]]; then\n"
    "    _pdctl \"$@\"\n"
    "else\n"
    "    compdef _pdctl pdctl\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion for pdctl\n"
    "function __pdctl_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l typed (commandline -ct)\n"
    "    set -l lines ($words[1] complete -- $words[2..-1] \"$typed\" 2>/dev/null)\n"
    "    if test \"$lines\" = :dirs\n"
    "        __fish_complete_directories (string replace -r '^--[^=]*=' '' -- \"$typed\")\n"
    "    else if set -q lines[1]\n"
    "        printf '%s\\n' $lines\n"
    "    end\n"
    "end\n"
    "complete -c pdctl -f -a '(__pdctl_complete)'\n";

int psd_cli_completion(psd_cli_call *call, psd_error *error)
{
    static const char *const scripts[] = {bash_script, zsh_script, fish_script};
    for (size_t i = 0; psd_cli_shells[i]; i++) {
        if (strcmp(call->operands[0], psd_cli_shells[i]) == 0) {
            fputs(scripts[i], stdout);
            return PSD_CLI_OK;
        }
    }
    return psd_error_set(error, PSD_INTERNAL, "no script for the shell '%s'", call->operands[0]);
}
