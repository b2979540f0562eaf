/*
 * check.h - is a configuration fit to be in force? Pure functions.
 */
#ifndef PSD_SERVER_NODE_CONFIG_CHECK_H
#define PSD_SERVER_NODE_CONFIG_CHECK_H

#include "common/error.h"
#include "polarstack/v1/node_config.pb-c.h"

/* Bounds. The packed configuration fits into one message with its observation. */
enum {
    PSD_NODE_CONFIG_SIZE_MAX = 960 * 1024,
    PSD_NODE_CONFIG_RANGES_MAX = 1000,
    PSD_NODE_CONFIG_VERSIONS_MAX = 1000,
    PSD_NODE_CONFIG_IMAGES_MAX = 64,
    PSD_NODE_CONFIG_TEXT_MAX = 512, /* bytes of sources, reasons and image references */
    PSD_NODE_CONFIG_NAME_MAX = 253, /* bytes of names and keys, as in Kubernetes */
};

/* INVALID_ARGUMENT names all faults, "; " between them; those that do not fit
 * into the text are counted. The observation is not looked at. */
int psd_node_config_check(const Polarstack__V1__NodeConfig *config, psd_error *error) PSD_MUST_CHECK;

/* Why the configuration is older than it should be, from the stale_reasons;
 * NULL when it is not. TEXT is cut between parts; it holds the answer. */
const char *psd_node_config_stale_reason(const Polarstack__V1__NodeConfig *config,
                                         char text[PSD_ERROR_TEXT_SIZE]);

#endif
