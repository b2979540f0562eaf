/*
 * ipmitool.h - reads what ipmitool printed, strictly. Pure functions of a command's
 * result.
 *
 * An answer counts only when the program ended with exit code 0, nothing of its
 * output was cut, and the line that is looked for stands there once (or more often,
 * saying the same). Reasons quote what was printed as one line of printable ASCII.
 */
#ifndef PSD_SERVER_SCAN_NET_IPMITOOL_H
#define PSD_SERVER_SCAN_NET_IPMITOOL_H

#include <netinet/in.h>
#include <stdbool.h>

#include "common/error.h"
#include "polarstack/v1/node_net.pb-c.h"
#include "server/host/command.h"

/* The BMC's IPv4 address from "ipmitool lan print". -1 when there is none that a host
 * can have: UNAVAILABLE; ADDRESS is left alone then. */
int psd_ipmitool_read_address(const psd_command_result *result, char address[INET_ADDRSTRLEN],
                              psd_error *error) PSD_MUST_CHECK;

/* On or off, from "ipmitool chassis power status". */
int psd_ipmitool_read_power(const psd_command_result *result, Polarstack__V1__PowerState *power,
                            psd_error *error) PSD_MUST_CHECK;

/* Whether ipmitool says that the host has no IPMI device. A device that may not be
 * opened is another matter. */
bool psd_ipmitool_lacks_device(const psd_command_result *result);

/* Checks further arguments for ipmitool, words with blanks between. A password must not
 * stand there: every user of the host sees a command line. */
int psd_ipmitool_check_arguments(const char *arguments, psd_error *error) PSD_MUST_CHECK;

#endif
