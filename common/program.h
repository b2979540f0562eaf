/*
 * program.h - what polarstack-daemon and polarstack-bridge have in common from
 * main() on: options every program has, help, version, signals, exit codes.
 *
 * The settings of a program begin with a psd_program_settings, and its table of
 * options ends with PSD_PROGRAM_OPTIONS.
 */
#ifndef PSD_COMMON_PROGRAM_H
#define PSD_COMMON_PROGRAM_H

#include <signal.h>

#include "common/log.h"
#include "common/options.h"

typedef struct psd_program_settings {
    char *config_file;
    int log_level;
    bool print_config;
    bool help;
    bool version;
} psd_program_settings;

/* The rows of these settings; ENV names the variable that names the config file. */
#define PSD_PROGRAM_OPTIONS(ENV)                                                                          \
    {.name = "log-level",                                                                                 \
     .type = PSD_OPTION_CHOICE,                                                                           \
     .offset = offsetof(psd_program_settings, log_level),                                                 \
     .value_name = "LEVEL",                                                                               \
     .default_text = "info",                                                                              \
     .choices = psd_log_level_names,                                                                      \
     .help = "How much to log to standard error."},                                                       \
        {.name = "config",                                                                                \
         .letter = 'c',                                                                                   \
         .type = PSD_OPTION_STRING,                                                                       \
         .flags = PSD_OPTION_COMMAND_LINE_ONLY,                                                           \
         .offset = offsetof(psd_program_settings, config_file),                                           \
         .value_name = "FILE",                                                                            \
         .environment = (ENV),                                                                            \
         .help = "Read options from FILE, one 'name = value' a line."},                                   \
        {.name = "print-config",                                                                          \
         .type = PSD_OPTION_BOOL,                                                                         \
         .flags = PSD_OPTION_COMMAND_LINE_ONLY,                                                           \
         .offset = offsetof(psd_program_settings, print_config),                                          \
         .help = "Print the options in force as a config file, and exit."},                               \
        {.name = "help",                                                                                  \
         .letter = 'h',                                                                                   \
         .type = PSD_OPTION_BOOL,                                                                         \
         .flags = PSD_OPTION_COMMAND_LINE_ONLY,                                                           \
         .offset = offsetof(psd_program_settings, help),                                                  \
         .help = "Print this text, and exit."},                                                           \
    {                                                                                                     \
        .name = "version", .letter = 'V', .type = PSD_OPTION_BOOL, .flags = PSD_OPTION_COMMAND_LINE_ONLY, \
        .offset = offsetof(psd_program_settings, version), .help = "Print the version, and exit."         \
    }

enum {
    PSD_EXIT_START_ERROR = 1, /* folders, sockets, threads */
    PSD_EXIT_USAGE_ERROR = 2, /* options, config file, credentials */
};

typedef struct psd_program {
    const char *name;       /* "polarstack-daemon" */
    const char *purpose;    /* for --help; ends in a newline */
    const char *exit_codes; /* for --help; ends in a newline */
    psd_options options;
    void *settings; /* begins with a psd_program_settings */
    size_t size;    /* of the settings */
    /* Refuses settings that cannot be right together. NULL: all are. */
    int (*check)(const void *settings, psd_error *error);
    /* Serves until one of SIGNALS comes, which no thread gets otherwise. Returns an
     * exit code, with ERROR set when it is not 0. */
    int (*serve)(const sigset_t *signals, psd_error *error);
} psd_program;

/* The whole of main(). */
int psd_program_main(const psd_program *program, int argc, char **argv);

#endif
