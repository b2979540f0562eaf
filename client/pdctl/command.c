/* command.c - finding rows in the table of commands. */
#include "client/pdctl/command.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

const char *psd_cli_word(const psd_cli_command *command, size_t index, size_t *length)
{
    const char *word = command->words;
    for (size_t i = 0; i < index && *word; i++) {
        word += strcspn(word, " ");
        word += strspn(word, " ");
    }
    *length = strcspn(word, " ");
    return word;
}

static bool word_is(const psd_cli_command *command, size_t index, const char *text)
{
    size_t length = 0;
    const char *word = psd_cli_word(command, index, &length);
    return length > 0 && strlen(text) == length && memcmp(word, text, length) == 0;
}

bool psd_cli_is_below(const psd_cli_command *command, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!word_is(command, i, words[i]))
            return false;
    }
    return true;
}

static size_t word_count(const psd_cli_command *command)
{
    size_t count = 0;
    size_t length = 0;
    while (psd_cli_word(command, count, &length), length > 0)
        count++;
    return count;
}

const psd_cli_command *psd_cli_find(const char *const *words, size_t count, size_t *used)
{
    *used = 0;
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        size_t matching = 0;
        while (matching < count && word_is(command, matching, words[matching]))
            matching++;
        if (matching > *used)
            *used = matching;
        if (matching == word_count(command))
            return command;
    }
    return NULL;
}

/* The different words that may follow a path. */
typedef struct next_words {
    char *words[32];
    size_t count;
} next_words;

static void next_words_free(next_words *next)
{
    for (size_t i = 0; i < next->count; i++)
        free(next->words[i]);
}

static void collect_next(const char *const *path, size_t path_length, next_words *next)
{
    for (size_t i = 0; i < psd_cli_command_count && next->count < PSD_ARRAY_SIZE(next->words); i++) {
        const psd_cli_command *command = &psd_cli_commands[i];
        if (command->hidden || !psd_cli_is_below(command, path, path_length))
            continue;
        size_t length = 0;
        const char *word = psd_cli_word(command, path_length, &length);
        bool is_known = length == 0;
        for (size_t k = 0; k < next->count; k++)
            is_known = is_known ||
                       (strlen(next->words[k]) == length && memcmp(next->words[k], word, length) == 0);
        if (is_known)
            continue;
        next->words[next->count] = strndup(word, length);
        if (!next->words[next->count++])
            abort();
    }
}

static const char *next_word(size_t index, const void *arg)
{
    return ((const next_words *)arg)->words[index];
}

static void join(const char *const *words, size_t count, psd_text *out)
{
    for (size_t i = 0; i < count; i++)
        psd_text_printf(out, "%s%s", i > 0 ? " " : "", words[i]);
}

int psd_cli_refuse_words(const char *const *words, size_t count, size_t used, psd_error *error)
{
    PSD_AUTO(next_words_free) next_words next = {.count = 0};
    collect_next(words, used, &next);
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    join(words, used, &path);
    if (used < count) {
        const char *near = psd_suggest(words[used], next.count, next_word, &next);
        const char *after = used > 0 ? " after '" : "";
        const char *quote = used > 0 ? "'" : "";
        if (near)
            return psd_error_set(error, PSD_INVALID_ARGUMENT,
                                 "unknown command '%s'%s%s%s: did you mean '%s'?", words[used], after,
                                 psd_text_string(&path), quote, near);
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "unknown command '%s'%s%s%s: see 'pdctl%s%s --help'", words[used], after,
                             psd_text_string(&path), quote, used > 0 ? " " : "", psd_text_string(&path));
    }
    PSD_AUTO_TEXT names = PSD_TEXT_INIT;
    for (size_t i = 0; i < next.count; i++)
        psd_text_printf(&names, "%s%s", i > 0 ? ", " : "", next.words[i]);
    if (used > 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' of what? Name one of: %s",
                             psd_text_string(&path), psd_text_string(&names));
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "no command given: name one of: %s: see 'pdctl --help'",
                         psd_text_string(&names));
}

static size_t add_rows(psd_option *to, psd_options from)
{
    if (from.count > 0)
        memcpy(to, from.rows, from.count * sizeof(*to));
    return from.count;
}

static bool is_chosen(const psd_cli_command *candidate, const psd_cli_command *command, bool all)
{
    return all || candidate == command;
}

static psd_options collect(const psd_cli_command *command, bool all)
{
    size_t most = psd_cli_global_options.count;
    for (size_t i = 0; i < psd_cli_command_count; i++)
        most += is_chosen(&psd_cli_commands[i], command, all) ? psd_cli_commands[i].options.count : 0;
    psd_option *rows = calloc(most, sizeof(*rows));
    if (!rows)
        abort();
    size_t count = 0;
    for (size_t i = 0; i < psd_cli_command_count; i++) {
        if (is_chosen(&psd_cli_commands[i], command, all))
            count += add_rows(rows + count, psd_cli_commands[i].options);
    }
    count += add_rows(rows + count, psd_cli_global_options);
    return (psd_options){rows, count};
}

psd_options psd_cli_options(const psd_cli_command *command)
{
    return collect(command, false);
}

psd_options psd_cli_all_options(void)
{
    return collect(NULL, true);
}

void psd_cli_options_free(psd_options *options)
{
    free((void *)(uintptr_t)options->rows); /* const for everybody else */
}
