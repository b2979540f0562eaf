/* server.h - handlers of the commands about the daemon itself. */
#ifndef PSD_CLIENT_PDCTL_SERVER_H
#define PSD_CLIENT_PDCTL_SERVER_H

#include "client/pdctl/command.h"

int psd_cli_describe(psd_cli_call *call, psd_error *error);
int psd_cli_health(psd_cli_call *call, psd_error *error);
int psd_cli_version(psd_cli_call *call, psd_error *error);

#endif
