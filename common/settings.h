/* settings.h - the options of a program: environment, config file, command line. */
#ifndef PSD_COMMON_SETTINGS_H
#define PSD_COMMON_SETTINGS_H

#include "common/options.h"

/* Fills SETTINGS (zeroed here, SIZE bytes) from all sources. CONFIG_FILE is the
 * member that names the config file. The program takes no operands. Owned by the
 * caller, also after a failure: psd_options_free(). */
int psd_settings_load(psd_options options, void *settings, size_t size, char *const *config_file, int argc,
                      char **argv, psd_error *error) PSD_MUST_CHECK;

#endif
