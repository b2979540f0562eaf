/* ports.h - handlers of the commands about ports. */
#ifndef PSD_CLIENT_PDCTL_PORTS_H
#define PSD_CLIENT_PDCTL_PORTS_H

#include "client/pdctl/command.h"

int psd_cli_scan_ports(psd_cli_call *call, psd_error *error);
int psd_cli_why_port(psd_cli_call *call, psd_error *error);

#endif
