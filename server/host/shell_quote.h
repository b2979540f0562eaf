/* shell_quote.h - an argument vector as a command line for a POSIX shell. Pure. */
#ifndef PSD_SERVER_HOST_SHELL_QUOTE_H
#define PSD_SERVER_HOST_SHELL_QUOTE_H

#include "common/text.h"

/* Appends ARGUMENT as one word that a shell takes for exactly these bytes. */
void psd_shell_quote(psd_text *line, const char *argument);

/* Appends ARGUMENTS (ended by NULL) as words with a blank between them. */
void psd_shell_quote_all(psd_text *line, const char *const *arguments);

#endif
