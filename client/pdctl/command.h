/*
 * command.h - the commands of pdctl, one row each. The table feeds the command
 * line, --help, suggestions, shell completions and the manual page.
 *
 * Adding a command is a row in commands.c and a handler; one that gets or
 * watches a resource shares the handlers of get.h and watch.h and adds a
 * psd_cli_resource instead.
 */
#ifndef PSD_CLIENT_PDCTL_COMMAND_H
#define PSD_CLIENT_PDCTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/pdctl/screen.h"
#include "common/error.h"
#include "common/options.h"
#include "common/rpc/client.h"

typedef enum psd_cli_exit {
    PSD_CLI_OK = 0,
    PSD_CLI_NEGATIVE = 1,    /* an answer, but not the good one */
    PSD_CLI_USAGE = 2,       /* nothing was asked */
    PSD_CLI_UNREACHABLE = 3, /* no daemon there */
    PSD_CLI_FAILED = 4,      /* the daemon refused or failed the call */
    PSD_CLI_TIMEOUT = 5,
    PSD_CLI_LOCAL = 6, /* the output cannot be written, and the like */
} psd_cli_exit;

/* What each code means, for help and manual; index is the code. */
extern const char *const psd_cli_exit_meanings[];
extern const size_t psd_cli_exit_count;

/* Values of all options. A command's rows say which of them it takes. */
typedef struct psd_cli_settings {
    /* global */
    char *runtime_dir;
    char *url;
    char *bridge_url;
    int64_t timeout_ms;
    int color; /* psd_cli_color_when */
    bool help;
    /* by command */
    int output; /* psd_cli_format, psd_cli_stream_format or psd_cli_text_format */
    char *ranges;
    bool all_nodes;
    char *nodes; /* urls, parted by commas */
    char *names; /* of versions, parted by commas */
    bool no_wait;
    char *operation;
    bool no_headers;
    uint64_t count;
    int64_t duration_ms;
} psd_cli_settings;

/* Choices of --output: of lists, of streams, of everything else. */
typedef enum psd_cli_format {
    PSD_CLI_TABLE,
    PSD_CLI_WIDE,
    PSD_CLI_JSON,
    PSD_CLI_YAML,
    PSD_CLI_NAME,
} psd_cli_format;
typedef enum psd_cli_stream_format { PSD_CLI_STREAM_TABLE, PSD_CLI_STREAM_JSON } psd_cli_stream_format;
typedef enum psd_cli_text_format { PSD_CLI_TEXT, PSD_CLI_TEXT_JSON, PSD_CLI_TEXT_YAML } psd_cli_text_format;

/* The words after a command's own. */
typedef struct psd_cli_operand {
    const char *name; /* "PORT" */
    const char *help;
    size_t least;
    size_t most;
    const char *const *choices; /* ended by NULL; NULL: free text */
    bool is_command;            /* words of a command */
    bool is_raw;                /* not shown, not checked */
} psd_cli_operand;

struct psd_cli_resource;
typedef struct psd_cli_command psd_cli_command;

/* One run of a command. */
typedef struct psd_cli_call {
    const psd_cli_command *command;
    const psd_cli_settings *settings;
    const char *const *operands;
    size_t operand_count;
    psd_cli_screen screen;
    psd_client *client; /* NULL until psd_cli_connect() */
} psd_cli_call;

/* Returns a psd_cli_exit, or -1 with ERROR set. Before psd_cli_connect() an
 * INVALID_ARGUMENT is a usage error. */
typedef int (*psd_cli_handler)(psd_cli_call *call, psd_error *error);

struct psd_cli_command {
    const char *words; /* "get ports" */
    const char *summary;
    const char *text; /* further paragraphs, parted by newlines; NULL for none */
    const char *const *examples;
    psd_options options;
    const psd_cli_operand *operand; /* NULL for none */
    psd_role role;                  /* smallest one that may; NONE: asks no daemon */
    bool hidden;                    /* for scripts; not in help */
    psd_cli_handler run;
    const struct psd_cli_resource *resource; /* for the shared handlers */
};

extern const psd_cli_command psd_cli_commands[];
extern const size_t psd_cli_command_count;
extern const psd_options psd_cli_global_options;

/* The command named by the first of WORDS, and in *USED how many words that
 * are. NULL when none is: *USED is then the number of words that lead towards
 * a command. */
const psd_cli_command *psd_cli_find(const char *const *words, size_t count, size_t *used);

/* Whether COMMAND's words begin with the first COUNT of WORDS. */
bool psd_cli_is_below(const psd_cli_command *command, const char *const *words, size_t count);

/* Word INDEX of the command's words, as part of them; *LENGTH 0 when there are
 * fewer. */
const char *psd_cli_word(const psd_cli_command *command, size_t index, size_t *length);

/* Says which word of WORDS is wrong or missing after the first USED. Returns -1. */
int psd_cli_refuse_words(const char *const *words, size_t count, size_t used, psd_error *error);

/* The options of COMMAND, if not NULL, and the global ones. Owned by the
 * caller: psd_cli_options_free(). */
psd_options psd_cli_options(const psd_cli_command *command);

/* Those of all commands together: for finding operands before the command is
 * known. An option has the same type in every command. */
psd_options psd_cli_all_options(void);

void psd_cli_options_free(psd_options *options);

/* Opens the connection that --url or --runtime-dir names, or the daemon of this host. */
int psd_cli_connect(psd_cli_call *call, psd_error *error) PSD_MUST_CHECK;

/* The same for the bridge: --bridge-url, or its socket beside the daemon's. */
int psd_cli_connect_bridge(psd_cli_call *call, psd_error *error) PSD_MUST_CHECK;

#endif
