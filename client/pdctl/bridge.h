/* bridge.h - commands that ask the bridge: get nodes, diff, doctor. */
#ifndef PSD_CLIENT_PDCTL_BRIDGE_H
#define PSD_CLIENT_PDCTL_BRIDGE_H

#include "client/pdctl/command.h"

/* Handlers. */
int psd_cli_get_nodes(psd_cli_call *call, psd_error *error);
int psd_cli_diff_mirror(psd_cli_call *call, psd_error *error);
int psd_cli_doctor(psd_cli_call *call, psd_error *error);

#endif
