/* config.h - the daemon's settings: one table, three sources. */
#ifndef PSD_SERVER_CONFIG_H
#define PSD_SERVER_CONFIG_H

#include "common/options.h"
#include "server/daemon.h"

psd_options psd_config_options(void);

/* Fills CONFIG from defaults, environment, config file and command line. */
int psd_config_load(psd_config *config, int argc, char **argv, psd_error *error) PSD_MUST_CHECK;

void psd_config_free(psd_config *config);

#endif
