/* node_config_part.h - where a part of a NodeConfig is from. */
#ifndef PSD_COMMON_NODE_CONFIG_PART_H
#define PSD_COMMON_NODE_CONFIG_PART_H

#include <string.h>

#include "polarstack/v1/node_config.pb-c.h"

/* Of the part that is named so: "check_bmc". NULL: nobody told it, and its value, the
 * zero one, means nothing. Owned by CONFIG. */
static inline Polarstack__V1__ConfigProvenance *psd_node_config_part(const Polarstack__V1__NodeConfig *config,
                                                                     const char *name)
{
    for (size_t i = 0; i < config->n_provenance; i++) {
        if (strcmp(config->provenance[i]->field, name) == 0)
            return config->provenance[i];
    }
    return NULL;
}

#endif
