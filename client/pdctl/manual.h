/* manual.h - the manual page, from the table of commands. */
#ifndef PSD_CLIENT_PDCTL_MANUAL_H
#define PSD_CLIENT_PDCTL_MANUAL_H

#include "client/pdctl/command.h"

/* pdctl(1) in mdoc macros. */
void psd_cli_add_manual(psd_text *out);

int psd_cli_manual(psd_cli_call *call, psd_error *error);

#endif
