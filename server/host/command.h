/*
 * command.h - a command for the host, and how it ended.
 *
 * A command is a vector of arguments, never a text for a shell.
 */
#ifndef PSD_SERVER_HOST_COMMAND_H
#define PSD_SERVER_HOST_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"
#include "server/host/wait.h"

/* Where a program without '/' in its name is looked for; also the command's PATH. */
#define PSD_COMMAND_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { PSD_COMMAND_OUTPUT_MAX = 64 * 1024 };

typedef struct psd_command {
    const char *const *arguments; /* the program first; ended by NULL */
    int64_t timeout_ms;           /* more than 0; from call to end, connecting included */
    size_t output_max;            /* bytes kept of each output; 0: PSD_COMMAND_OUTPUT_MAX */
    const psd_stop *stop;         /* ends it earlier; NULL: nobody does */
} psd_command;

/* What a command wrote to one of its outputs. */
typedef struct psd_output {
    psd_text text; /* any bytes */
    bool cut;      /* it wrote more */
} psd_output;

/* How a command ended that ran to its end. Starts as PSD_COMMAND_RESULT_INIT. */
typedef struct psd_command_result {
    int exit_code; /* 0 to 255; -1 when a signal ended it */
    int signal;    /* 0: none; -1: one that has no number here */
    psd_output out;
    psd_output err;
} psd_command_result;

#define PSD_COMMAND_RESULT_INIT       \
    {                                 \
        0, 0, {PSD_TEXT_INIT, false}, \
        {                             \
            PSD_TEXT_INIT, false      \
        }                             \
    }

/* Keeps of BYTES what the command's limit leaves room for. */
void psd_output_add(psd_output *output, const psd_command *command, const char *bytes, size_t length);

/* Frees the outputs; leaves an empty result. */
void psd_command_result_free(psd_command_result *result);
#define PSD_AUTO_RESULT __attribute__((cleanup(psd_command_result_free))) psd_command_result

#endif
