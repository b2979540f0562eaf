/* config.h - the daemon's settings: one table, three sources. */
#ifndef PSD_SERVER_CONFIG_H
#define PSD_SERVER_CONFIG_H

#include "common/options.h"
#include "server/daemon.h"

psd_options psd_config_options(void);

/* Refuses settings (a psd_config) that cannot be right, or not together. */
int psd_config_check(const void *settings, psd_error *error) PSD_MUST_CHECK;

#endif
