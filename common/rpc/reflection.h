/* reflection.h - a server tells what it offers. */
#ifndef PSD_COMMON_RPC_REFLECTION_H
#define PSD_COMMON_RPC_REFLECTION_H

#include "common/rpc/server.h"

/* Outlives the server. */
typedef struct psd_reflection {
    psd_server *server;
    const char *program; /* "polarstack-daemon 0.1.0" */
} psd_reflection;

/* Adds the ReflectionService, which lists all services of the server. */
int psd_reflection_add(const psd_reflection *reflection, psd_error *error) PSD_MUST_CHECK;

#endif
