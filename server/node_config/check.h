/*
 * check.h - is a configuration fit to be in force? Pure functions.
 */
#ifndef PSD_SERVER_NODE_CONFIG_CHECK_H
#define PSD_SERVER_NODE_CONFIG_CHECK_H

#include "common/error.h"
#include "common/node_config_limits.h"
#include "polarstack/v1/node_config.pb-c.h"

/* INVALID_ARGUMENT names all faults, "; " between them; those that do not fit
 * into the text are counted. The observation is not looked at. */
int psd_node_config_check(const Polarstack__V1__NodeConfig *config, psd_error *error) PSD_MUST_CHECK;

/* Why the configuration is older than it should be, from the stale_reasons;
 * NULL when it is not. TEXT is cut between parts; it holds the answer. */
const char *psd_node_config_stale_reason(const Polarstack__V1__NodeConfig *config,
                                         char text[PSD_ERROR_TEXT_SIZE]);

#endif
