/*
 * complete.h - shell completion. The scripts of the shells are thin: they hand
 * the words before the cursor to `pdctl complete`, which knows the tables.
 */
#ifndef PSD_CLIENT_PDCTL_COMPLETE_H
#define PSD_CLIENT_PDCTL_COMPLETE_H

#include "client/pdctl/command.h"

/* Ended by NULL. */
extern const char *const psd_cli_shells[];

/* Adds a line for each text that may stand in place of the last of WORDS:
 * "TEXT" or "TEXT<tab>meaning". WORDS leave out the program. The single line
 * ":dirs" stands for the names of folders. */
void psd_cli_add_candidates(const char *const *words, size_t count, psd_text *out);

int psd_cli_complete(psd_cli_call *call, psd_error *error);
int psd_cli_completion(psd_cli_call *call, psd_error *error);

#endif
