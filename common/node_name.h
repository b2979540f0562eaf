/* node_name.h - the name of this host's Node. */
#ifndef PSD_COMMON_NODE_NAME_H
#define PSD_COMMON_NODE_NAME_H

#include "common/error.h"

enum { PSD_NODE_NAME_SIZE = 254 }; /* Kubernetes allows 253 bytes */

/* GIVEN (the option --node-name) if it is set and not empty; else the host's name
 * in lower case, as kubelet names its Node. */
int psd_node_name(const char *given, char name[PSD_NODE_NAME_SIZE], psd_error *error) PSD_MUST_CHECK;

#endif
