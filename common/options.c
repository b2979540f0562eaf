#include "common/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/interface_name.h"
#include "common/parse.h"
#include "common/port_set.h"

/* A value that was read and not stored yet. */
typedef union value {
    char *string;
    bool boolean;
    uint64_t number;
    int64_t duration;
    int choice;
} value;

static bool holds_string(const psd_option *option)
{
    return option->type == PSD_OPTION_STRING || option->type == PSD_OPTION_PORTS ||
           option->type == PSD_OPTION_INTERFACE;
}

static void *member(const psd_option *option, void *settings)
{
    return (char *)settings + option->offset;
}

static const void *const_member(const psd_option *option, const void *settings)
{
    return (const char *)settings + option->offset;
}

static char *copy_string(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

/* ---- one value ---- */

static int read_string(const char *text, value *result, psd_error *error)
{
    for (const char *at = text; *at; at++) {
        if (iscntrl((unsigned char)*at))
            return psd_error_set(error, PSD_INVALID_ARGUMENT, "the value holds a control character (0x%02x)",
                                 (unsigned char)*at);
    }
    result->string = copy_string(text);
    return 0;
}

static int read_ports(const char *text, value *result, psd_error *error)
{
    psd_port_set set = {{0}};
    if (psd_port_set_parse(&set, text, error) < 0)
        return -1;
    result->string = copy_string(text);
    return 0;
}

static int read_interface(const char *text, value *result, psd_error *error)
{
    if (psd_interface_name_check(text, error) < 0)
        return -1;
    result->string = copy_string(text);
    return 0;
}

static int read_duration(const psd_option *option, const char *text, value *result, psd_error *error)
{
    if (psd_parse_duration(text, &result->duration, error) < 0)
        return -1;
    uint64_t ms = (uint64_t)result->duration; /* never negative: the grammar has no sign */
    char limit[PSD_DURATION_TEXT_SIZE];
    if (ms < option->min)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is too short: the least is %s", text,
                             psd_format_duration((int64_t)option->min, limit));
    if (option->max != 0 && ms > option->max)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is too long: the most is %s", text,
                             psd_format_duration((int64_t)option->max, limit));
    return 0;
}

static void join_choices(const psd_option *option, psd_text *out)
{
    for (size_t i = 0; option->choices[i]; i++)
        psd_text_printf(out, "%s%s",
                        i == 0                   ? ""
                        : option->choices[i + 1] ? ", "
                                                 : " or ",
                        option->choices[i]);
}

static int read_choice(const psd_option *option, const char *text, value *result, psd_error *error)
{
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            result->choice = i;
            return 0;
        }
    }
    PSD_AUTO_TEXT names = PSD_TEXT_INIT;
    join_choices(option, &names);
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is not one of %s", text, psd_text_string(&names));
}

static int read_value(const psd_option *option, const char *text, value *result, psd_error *error)
{
    switch (option->type) {
    case PSD_OPTION_STRING:
        return read_string(text, result, error);
    case PSD_OPTION_PORTS:
        return read_ports(text, result, error);
    case PSD_OPTION_INTERFACE:
        return read_interface(text, result, error);
    case PSD_OPTION_BOOL:
        return psd_parse_bool(text, &result->boolean, error);
    case PSD_OPTION_UINT:
        return psd_parse_uint(text, option->min, option->max ? option->max : UINT64_MAX, &result->number,
                              error);
    case PSD_OPTION_DURATION:
        return read_duration(option, text, result, error);
    case PSD_OPTION_CHOICE:
        return read_choice(option, text, result, error);
    }
    return psd_error_set(error, PSD_INTERNAL, "option '%s' has no known type", option->name);
}

static void drop_string(const psd_option *option, void *settings)
{
    if (holds_string(option)) {
        char **string = member(option, settings);
        free(psd_take(*string));
    }
}

/* Takes over the string in GIVEN. */
static void store(const psd_option *option, void *settings, value given)
{
    void *target = member(option, settings);
    drop_string(option, settings);
    switch (option->type) {
    case PSD_OPTION_STRING:
    case PSD_OPTION_PORTS:
    case PSD_OPTION_INTERFACE:
        *(char **)target = given.string;
        break;
    case PSD_OPTION_BOOL:
        *(bool *)target = given.boolean;
        break;
    case PSD_OPTION_UINT:
        *(uint64_t *)target = given.number;
        break;
    case PSD_OPTION_DURATION:
        *(int64_t *)target = given.duration;
        break;
    case PSD_OPTION_CHOICE:
        *(int *)target = given.choice;
        break;
    }
}

int psd_option_set(const psd_option *option, void *settings, const char *text, psd_error *error)
{
    value given = {0};
    if (read_value(option, text, &given, error) < 0)
        return -1;
    store(option, settings, given);
    return 0;
}

/* ---- the table ---- */

int psd_options_init(psd_options options, void *settings, psd_error *error)
{
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = &options.rows[i];
        const char *environment = option->environment ? getenv(option->environment) : NULL;
        bool is_set = environment && environment[0];
        const char *text = is_set ? environment : option->default_text;
        if (!text || psd_option_set(option, settings, text, error) == 0)
            continue;
        return is_set ? psd_error_prefix(error, "environment variable %s", option->environment)
                      : psd_error_prefix(error, "default of option '--%s'", option->name);
    }
    return 0;
}

void psd_options_free(psd_options options, void *settings)
{
    for (size_t i = 0; i < options.count; i++)
        drop_string(&options.rows[i], settings);
}

const psd_option *psd_options_find(psd_options options, const char *name)
{
    for (size_t i = 0; i < options.count; i++) {
        if (strcmp(options.rows[i].name, name) == 0)
            return options.rows + i;
    }
    return NULL;
}

static const psd_option *find_letter(psd_options options, char letter)
{
    for (size_t i = 0; i < options.count; i++) {
        if (options.rows[i].letter && options.rows[i].letter == letter)
            return options.rows + i;
    }
    return NULL;
}

/* Hidden options are never suggested: an empty name is near to nothing. */
static const char *name_of(size_t index, const void *arg)
{
    const psd_options *options = arg;
    const psd_option *option = &options->rows[index];
    return option->flags & PSD_OPTION_HIDDEN ? "" : option->name;
}

static const char *suggest(psd_options options, const char *word)
{
    const char *name = psd_suggest(word, options.count, name_of, &options);
    return name && name[0] ? name : NULL;
}

/* ---- the command line ---- */

/* An argument taken apart. */
typedef struct argument {
    enum { OPERAND, OPTION, END_OF_OPTIONS, UNKNOWN } kind;
    const psd_option *option;
    const char *value; /* NULL: none in this argument */
} argument;

static argument read_long(psd_options options, const char *word)
{
    const char *equals = strchr(word, '=');
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    psd_text_append(&name, word, equals ? (size_t)(equals - word) : strlen(word));
    const psd_option *option = psd_options_find(options, psd_text_string(&name));
    return (argument){option ? OPTION : UNKNOWN, option, equals ? equals + 1 : NULL};
}

/* "-o", "-oVALUE" or "-o=VALUE"; a letter that takes no value stands alone. */
static argument read_short(psd_options options, const char *word)
{
    const psd_option *option = find_letter(options, word[0]);
    if (!option || (option->type == PSD_OPTION_BOOL && word[1] != '\0'))
        return (argument){UNKNOWN, NULL, NULL};
    const char *rest = word[1] == '=' ? word + 2 : word + 1;
    return (argument){OPTION, option, word[1] != '\0' ? rest : NULL};
}

static argument read_argument(psd_options options, const char *word)
{
    if (word[0] != '-' || word[1] == '\0')
        return (argument){OPERAND, NULL, word};
    if (word[1] != '-')
        return read_short(options, word + 1);
    if (word[2] == '\0')
        return (argument){END_OF_OPTIONS, NULL, NULL};
    return read_long(options, word + 2);
}

static bool takes_next(const argument *given)
{
    return given->kind == OPTION && !given->value && given->option->type != PSD_OPTION_BOOL;
}

static int unknown_option(psd_options options, const char *word, psd_error *error)
{
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    const char *start = word + strspn(word, "-");
    psd_text_append(&name, start, strcspn(start, "="));
    const char *near = suggest(options, psd_text_string(&name));
    if (near)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "unknown option '%s': did you mean '--%s'?", word,
                             near);
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "unknown option '%s': see --help", word);
}

static int set_from_argument(const argument *given, void *settings, const char *next, psd_error *error)
{
    const psd_option *option = given->option;
    const char *text = takes_next(given) ? next : given->value ? given->value : "true";
    if (!text)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "option '--%s' needs a value: --%s %s",
                             option->name, option->name, option->value_name ? option->value_name : "VALUE");
    if (psd_option_set(option, settings, text, error) < 0)
        return psd_error_prefix(error, "option '--%s'", option->name);
    return 0;
}

/* With SETTINGS NULL nothing is set and nothing is refused. */
static int walk(psd_options options, void *settings, int argc, char **argv, int first, const char **operands,
                size_t *operand_count, psd_error *error)
{
    bool ended = false;
    *operand_count = 0;
    for (int i = first; i < argc; i++) {
        argument given = ended ? (argument){OPERAND, NULL, argv[i]} : read_argument(options, argv[i]);
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (given.kind == OPERAND)
            operands[(*operand_count)++] = given.value;
        else if (given.kind == END_OF_OPTIONS)
            ended = true;
        else if (given.kind == UNKNOWN && settings)
            return unknown_option(options, argv[i], error);
        else if (given.kind == OPTION && settings && set_from_argument(&given, settings, next, error) < 0)
            return -1;
        if (takes_next(&given))
            i++;
    }
    return 0;
}

int psd_options_parse(psd_options options, void *settings, int argc, char **argv, int first,
                      const char **operands, size_t *operand_count, psd_error *error)
{
    return walk(options, settings, argc, argv, first, operands, operand_count, error);
}

void psd_options_operands(psd_options options, int argc, char **argv, int first, const char **operands,
                          size_t *operand_count)
{
    (void)walk(options, NULL, argc, argv, first, operands, operand_count, NULL);
}

/* ---- the config file ---- */

/* What a file gave for one row of the table. */
typedef struct given_row {
    unsigned line; /* 0: nothing */
    value value;
} given_row;

typedef struct config_file {
    psd_options options;
    const char *path;
    unsigned line;
    given_row *rows; /* one for each option */
} config_file;

static void config_file_free(config_file *file)
{
    for (size_t i = 0; file->rows && i < file->options.count; i++) {
        if (file->rows[i].line != 0 && holds_string(&file->options.rows[i]))
            free(file->rows[i].value.string);
    }
    free(file->rows);
}

static char *trim(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static int unknown_key(const config_file *file, const char *key, psd_error *error)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    const char *near = suggest(file->options, key);
    if (near)
        psd_text_printf(&text, "did you mean '%s'? ", near);
    psd_text_add(&text, "valid keys:");
    for (size_t i = 0; i < file->options.count; i++) {
        const psd_option *option = &file->options.rows[i];
        if (!(option->flags & (PSD_OPTION_COMMAND_LINE_ONLY | PSD_OPTION_HIDDEN)))
            psd_text_printf(&text, " %s", option->name);
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "unknown key '%s': %s", key, psd_text_string(&text));
}

/* LINE is cut into pieces. */
static int read_line(config_file *file, char *line, psd_error *error)
{
    char *key = trim(line);
    if (key[0] == '\0' || key[0] == '#')
        return 0;
    char *equals = strchr(key, '=');
    if (!equals || equals == key)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "'%s' is not a line of the form 'key = value'",
                             key);
    *equals = '\0';
    key = trim(key);
    const psd_option *option = psd_options_find(file->options, key);
    if (!option)
        return unknown_key(file, key, error);
    if (option->flags & PSD_OPTION_COMMAND_LINE_ONLY)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%s' is for the command line only: remove the line and start with --%s", key,
                             key);
    given_row *row = &file->rows[option - file->options.rows];
    if (row->line != 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%s' stands in line %u already: keep one of the two", key, row->line);
    if (read_value(option, trim(equals + 1), &row->value, error) < 0)
        return psd_error_prefix(error, "%s", key);
    row->line = file->line;
    return 0;
}

static int read_lines(config_file *file, FILE *stream, psd_error *error)
{
    PSD_AUTO_FREE char *line = NULL;
    size_t capacity = 0;
    ssize_t length = 0;
    errno = 0;
    while ((length = getline(&line, &capacity, stream)) >= 0) {
        file->line++;
        int result = strlen(line) == (size_t)length
                         ? read_line(file, line, error)
                         : psd_error_set(error, PSD_INVALID_ARGUMENT, "the line holds a zero byte");
        if (result < 0)
            return psd_error_prefix(error, "%s:%u", file->path, file->line);
    }
    if (ferror(stream))
        return psd_error_set_errno(error, errno, "cannot read the config file '%s'", file->path);
    return 0;
}

int psd_options_read_file(psd_options options, void *settings, const char *path, psd_error *error)
{
    PSD_AUTO_FILE FILE *stream = fopen(path, "re");
    if (!stream)
        return psd_error_set_errno(error, errno, "cannot open the config file '%s'", path);
    PSD_AUTO(config_file_free) config_file file = {.options = options, .path = path};
    file.rows = calloc(options.count + 1, sizeof(*file.rows));
    if (!file.rows)
        abort();
    if (read_lines(&file, stream, error) < 0)
        return -1;
    for (size_t i = 0; i < options.count; i++) {
        if (file.rows[i].line != 0)
            store(&options.rows[i], settings, file.rows[i].value);
        file.rows[i].line = 0;
    }
    return 0;
}

/* ---- help and dump ---- */

void psd_help_entry(psd_text *out, const char *head, const char *text, size_t column)
{
    enum { WIDTH = 80 };
    size_t at = strlen(head) > 0 ? 2 + strlen(head) : 0;
    psd_text_printf(out, "%s%s", at > 0 ? "  " : "", head);
    if (at > 0 && at + 2 > column) {
        psd_text_add(out, "\n");
        at = 0;
    }
    bool begins = true;
    for (const char *word = text + strspn(text, " "); *word;) {
        size_t length = strcspn(word, " ");
        if (!begins && at + 1 + length > WIDTH) {
            psd_text_add(out, "\n");
            at = 0;
            begins = true;
        }
        size_t blanks = begins ? column - at : 1;
        psd_text_printf(out, "%*s%.*s", (int)blanks, "", (int)length, word);
        at += blanks + length;
        begins = false;
        word += length;
        word += strspn(word, " ");
    }
    psd_text_add(out, "\n");
}

void psd_option_describe(const psd_option *option, psd_text *out)
{
    psd_text_add(out, option->help);
    if (option->type == PSD_OPTION_CHOICE) {
        psd_text_add(out, " One of ");
        join_choices(option, out);
        psd_text_add(out, ".");
    }
    if (option->default_text && option->type != PSD_OPTION_BOOL)
        psd_text_printf(out, " (default: %s)", option->default_text);
    if (option->environment)
        psd_text_printf(out, " (environment: %s)", option->environment);
}

void psd_options_help(psd_options options, psd_text *out)
{
    enum { COLUMN = 28 };
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = &options.rows[i];
        if (option->flags & PSD_OPTION_HIDDEN)
            continue;
        PSD_AUTO_TEXT head = PSD_TEXT_INIT;
        PSD_AUTO_TEXT text = PSD_TEXT_INIT;
        if (option->letter)
            psd_text_printf(&head, "-%c, ", option->letter);
        psd_text_printf(&head, "%s--%s", option->letter ? "" : "    ", option->name);
        if (option->value_name)
            psd_text_printf(&head, " %s", option->value_name);
        psd_option_describe(option, &text);
        psd_help_entry(out, psd_text_string(&head), psd_text_string(&text), COLUMN);
    }
}

static void dump_value(const psd_option *option, const void *settings, psd_text *out)
{
    const void *source = const_member(option, settings);
    char duration[PSD_DURATION_TEXT_SIZE];
    switch (option->type) {
    case PSD_OPTION_STRING:
    case PSD_OPTION_PORTS:
    case PSD_OPTION_INTERFACE:
        psd_text_add(out, *(char *const *)source);
        break;
    case PSD_OPTION_BOOL:
        psd_text_add(out, *(const bool *)source ? "true" : "false");
        break;
    case PSD_OPTION_UINT:
        psd_text_printf(out, "%" PRIu64, *(const uint64_t *)source);
        break;
    case PSD_OPTION_DURATION:
        psd_text_add(out, psd_format_duration(*(const int64_t *)source, duration));
        break;
    case PSD_OPTION_CHOICE:
        psd_text_add(out, option->choices[*(const int *)source]);
        break;
    }
}

void psd_options_dump(psd_options options, const void *settings, psd_text *out)
{
    for (size_t i = 0; i < options.count; i++) {
        const psd_option *option = &options.rows[i];
        if (option->flags & PSD_OPTION_COMMAND_LINE_ONLY)
            continue;
        if (holds_string(option) && !*(char *const *)const_member(option, settings)) {
            psd_text_printf(out, "# %s =\n", option->name);
            continue;
        }
        psd_text_printf(out, "%s = ", option->name);
        dump_value(option, settings, out);
        psd_text_add(out, "\n");
    }
}
