/* screen.h - texts for people: colour where it is wanted, no control characters. */
#ifndef PSD_CLIENT_PDCTL_SCREEN_H
#define PSD_CLIENT_PDCTL_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/text.h"

typedef enum psd_cli_color {
    PSD_CLI_PLAIN,
    PSD_CLI_BOLD,
    PSD_CLI_RED,
    PSD_CLI_GREEN,
    PSD_CLI_YELLOW,
} psd_cli_color;

/* Choices of --color. */
typedef enum psd_cli_color_when {
    PSD_CLI_COLOR_AUTO,
    PSD_CLI_COLOR_ALWAYS,
    PSD_CLI_COLOR_NEVER,
} psd_cli_color_when;

typedef struct psd_cli_screen {
    bool color_out; /* stdout takes colour */
    bool color_err;
} psd_cli_screen;

/* AUTO: a stream that is a terminal, unless NO_COLOR is set or TERM is "dumb". */
psd_cli_screen psd_cli_screen_of(psd_cli_color_when when);

/* Writes TEXT to stdout or stderr. */
void psd_cli_put(const psd_cli_screen *screen, FILE *stream, psd_cli_color color, const char *text);

/* Writes a line to stderr, behind what stands on stdout. */
void psd_cli_say(const psd_cli_screen *screen, psd_cli_color color, const char *text);

/* Adds a line of a text for people: a label and what stands behind it. */
void psd_cli_add_field(psd_text *out, const char *label, const char *value);

/* Adds TEXT with control characters as \xNN, so that what a daemon or a
 * process name holds can neither drive the terminal nor break a line. */
void psd_cli_add_safe(psd_text *out, const char *text);

enum { PSD_CLI_AGE_SIZE = 32 };

/* MS as "0.3s", "12.3s", "3m12s", "2h5m", "3d4h". Less than zero counts as zero. */
const char *psd_cli_age(int64_t ms, char text[PSD_CLI_AGE_SIZE]);

#endif
