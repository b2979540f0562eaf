/*
 * options.h - one table gives each option's name, type, default, limits and
 * text; it feeds the command line, the config file, --help, the config dump,
 * the shell completions and the manual pages.
 *
 * Values live in a struct of the caller's ("settings"): each row holds the
 * offset of its member. The type of the member follows from the row's type.
 * Sources, each stronger than the one before: default, environment variable,
 * config file, command line. A program whose command line names its config
 * file parses the command line, reads the file, and parses again.
 *
 * Texts hold no control characters, so a value is always one line.
 */
#ifndef PSD_COMMON_OPTIONS_H
#define PSD_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/text.h"

typedef enum psd_option_type {
    PSD_OPTION_STRING,    /* char *, owned by the settings; NULL when not set */
    PSD_OPTION_BOOL,      /* bool; on the command line "--name" or "--name=false" */
    PSD_OPTION_UINT,      /* uint64_t, from min to max */
    PSD_OPTION_DURATION,  /* int64_t, milliseconds, from min to max */
    PSD_OPTION_PORTS,     /* char *, a text that psd_port_set_parse accepts */
    PSD_OPTION_INTERFACE, /* char *, a text that psd_interface_name_check accepts */
    PSD_OPTION_CHOICE,    /* int, index into `choices` */
} psd_option_type;

enum {
    PSD_OPTION_COMMAND_LINE_ONLY = 1 << 0, /* refused in the config file */
    PSD_OPTION_HIDDEN = 1 << 1,            /* not in help; for tests */
};

typedef struct psd_option {
    const char *name; /* "listen-period": the flag --listen-period and the file's key */
    char letter;      /* 'o' for -o; 0 for none */
    psd_option_type type;
    unsigned flags;
    size_t offset;
    const char *value_name;     /* shown in help: "DURATION"; NULL for a bool */
    const char *default_text;   /* parsed like any value; NULL leaves the member zero */
    const char *environment;    /* variable that gives the value; NULL for none */
    uint64_t min;               /* for UINT and DURATION */
    uint64_t max;               /* 0: no upper limit */
    const char *const *choices; /* for CHOICE, ended by NULL */
    const char *help;           /* one or two sentences */
} psd_option;

/* A table and its size, as one argument. */
typedef struct psd_options {
    const psd_option *rows;
    size_t count;
} psd_options;

/* Sets every member to its default or, if set and not empty, to its
 * environment variable's value. SETTINGS must be zeroed before. */
int psd_options_init(psd_options options, void *settings, psd_error *error) PSD_MUST_CHECK;

/* Reads ARGV[FIRST..ARGC-1]. Words that are not options are collected, in
 * order, in OPERANDS (room for ARGC pointers; they point into ARGV). "--" ends
 * the options. An unknown option is an error with a suggestion. */
int psd_options_parse(psd_options options, void *settings, int argc, char **argv, int first,
                      const char **operands, size_t *operand_count, psd_error *error) PSD_MUST_CHECK;

/* Only collects the operands, as psd_options_parse would; sets nothing and
 * passes over unknown options. For a program whose operands name the command
 * that decides which table is valid. */
void psd_options_operands(psd_options options, int argc, char **argv, int first, const char **operands,
                          size_t *operand_count);

/* Reads "key = value" lines; '#' begins a comment line, blank lines are
 * skipped. Unknown or repeated keys are errors that name file, line and the
 * valid keys; nothing is changed then. */
int psd_options_read_file(psd_options options, void *settings, const char *path,
                          psd_error *error) PSD_MUST_CHECK;

/* Sets one option from text. The error does not name the option. */
int psd_option_set(const psd_option *option, void *settings, const char *text,
                   psd_error *error) PSD_MUST_CHECK;

/* Finds by name; NULL when there is none. */
const psd_option *psd_options_find(psd_options options, const char *name);

/* "  -o, --output FORMAT    text (default: table)" lines. */
void psd_options_help(psd_options options, psd_text *out);

/* The option's help text followed by what its row says besides: choices,
 * default, environment variable. One line. */
void psd_option_describe(const psd_option *option, psd_text *out);

/* One entry of a help list: HEAD indented by two blanks, TEXT from COLUMN on,
 * wrapped at 80 columns. With an empty HEAD it is a wrapped paragraph. */
void psd_help_entry(psd_text *out, const char *head, const char *text, size_t column);

/* "key = value" lines that psd_options_read_file would read back; options that
 * are not set stand there as comments. */
void psd_options_dump(psd_options options, const void *settings, psd_text *out);

/* Frees the strings. */
void psd_options_free(psd_options options, void *settings);

#endif
