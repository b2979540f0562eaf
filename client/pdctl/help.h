/* help.h - help texts from the table of commands. */
#ifndef PSD_CLIENT_PDCTL_HELP_H
#define PSD_CLIENT_PDCTL_HELP_H

#include "client/pdctl/command.h"

/* Of the command that WORDS name, or of the group of commands below them. */
int psd_cli_add_help(const char *const *words, size_t count, psd_text *out, psd_error *error) PSD_MUST_CHECK;

/* "pdctl why port PORT [OPTION]..." */
void psd_cli_add_usage(const psd_cli_command *command, psd_text *out);

int psd_cli_help(psd_cli_call *call, psd_error *error);

#endif
