/* node_config_sample.h - a NodeConfig to begin with, for tests of one. */
#ifndef PSD_TEST_SUPPORT_NODE_CONFIG_SAMPLE_H
#define PSD_TEST_SUPPORT_NODE_CONFIG_SAMPLE_H

#include "polarstack/v1/node_config.pb-c.h"

/* Two port ranges (5400-5800, 30000-32999), bond1, two versions with an image
 * or two, all parts with provenance and none of them stale. Made anew by each
 * call, for psd_test_node_config_free(); its texts are allocated. */
Polarstack__V1__NodeConfig *psd_test_node_config(void);
void psd_test_node_config_free(Polarstack__V1__NodeConfig *config);

/* Replaces an allocated text. */
void psd_test_set(char **text, const char *value);

#endif
