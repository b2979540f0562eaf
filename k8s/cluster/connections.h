/*
 * connections.h - connections to agents, kept for a while: who asks all of them often
 * asks again.
 */
#ifndef PSD_K8S_CLUSTER_CONNECTIONS_H
#define PSD_K8S_CLUSTER_CONNECTIONS_H

#include <stddef.h>

#include "common/rpc/client.h"

typedef struct psd_connections psd_connections;

enum {
    PSD_CONNECTIONS_MOST = 128,
    PSD_CONNECTIONS_KEPT_MS = 30000, /* after they were last used */
};

/* *CONNECTIONS is the caller's: psd_connections_free(). */
int psd_connections_new(psd_connections **connections, psd_error *error) PSD_MUST_CHECK;
/* Closes them. NULL is ignored. */
void psd_connections_free(psd_connections *connections);

/* Moves a connection to each of the COUNT servers at URLS into CLIENTS; NULL: there
 * is none. Any thread. */
void psd_connections_take(psd_connections *connections, const char *const *urls, size_t count,
                          psd_client **clients);

/* Takes them over, CLIENTS[i] one to URLS[i] or NULL, and closes those that are too
 * many. Any thread. */
void psd_connections_keep(psd_connections *connections, const char *const *urls, size_t count,
                          psd_client **clients);

#endif
