/*
 * kube.h - requests to one API server.
 *
 * A psd_kube is a thread with all connections to the server; requests and
 * watches share one (HTTP/2). Tokens are read anew when their file changes. A
 * connection that no longer answers is replaced.
 *
 * Functions may be called from any thread but that one: callbacks of informers
 * (informer.h) run on it and must neither block nor make calls.
 */
#ifndef PSD_K8S_API_KUBE_H
#define PSD_K8S_API_KUBE_H

#include <stdint.h>

#include "common/error.h"
#include "k8s/api/credentials.h"
#include "k8s/api/json.h"

typedef struct psd_kube psd_kube;

typedef struct psd_kube_options {
    uint32_t timeout_ms; /* of requests that name none; 0: 10,000 */
    /* How long a watch may be silent; 0: 150,000. Servers send a bookmark each
     * minute. */
    uint32_t silence_ms;
} psd_kube_options;

/* Takes CREDENTIALS (leaves them empty). Connects with the first request.
 * OPTIONS may be NULL. */
int psd_kube_open(psd_kube_credentials *credentials, const psd_kube_options *options, psd_kube **kube,
                  psd_error *error) PSD_MUST_CHECK;

/* Ends requests with CANCELLED. Informers must have been stopped before. NULL is
 * ignored. */
void psd_kube_close(psd_kube *kube);

/* "https://10.0.0.1:6443"; owned by KUBE. */
const char *psd_kube_server(const psd_kube *kube);
/* Where the credentials are from; owned by KUBE. */
const char *psd_kube_origin(const psd_kube *kube);

typedef struct psd_kube_request {
    const char *method;       /* "GET" */
    const char *path;         /* "/api/v1/nodes/n1" */
    const char *query;        /* "limit=500"; NULL for none */
    const char *content_type; /* of the body */
    const char *body;         /* NULL for none */
    uint32_t timeout_ms;      /* 0: that of the options */
} psd_kube_request;

#define PSD_KUBE_JSON "application/json"
#define PSD_KUBE_MERGE_PATCH "application/merge-patch+json"
#define PSD_KUBE_STRATEGIC_PATCH "application/strategic-merge-patch+json"

typedef struct psd_kube_reply {
    long status;            /* of HTTP; 0: there was no answer */
    cJSON *body;            /* NULL when there is none */
    int64_t retry_after_ms; /* what the server asks for; 0: nothing */
    int64_t server_time_ms; /* its clock (header Date), Unix ms; 0: not told */
} psd_kube_reply;

/* One request, one answer; no retries. REPLY may be NULL; otherwise the caller
 * frees it, also after a failure.
 * Errors: UNAVAILABLE (no connection, 5xx), DEADLINE_EXCEEDED, UNAUTHENTICATED
 * (401), PERMISSION_DENIED (403), NOT_FOUND, ALREADY_EXISTS, ABORTED (409, lost
 * against another writer), OUT_OF_RANGE (410), RESOURCE_EXHAUSTED (429, 413),
 * INVALID_ARGUMENT (400, 422), DATA_LOSS (the answer is no JSON). */
int psd_kube_call(psd_kube *kube, const psd_kube_request *request, psd_kube_reply *reply,
                  psd_error *error) PSD_MUST_CHECK;

void psd_kube_reply_free(psd_kube_reply *reply);
#define PSD_AUTO_KUBE_REPLY __attribute__((cleanup(psd_kube_reply_free))) psd_kube_reply

/* TEXT with what may not stand in a query escaped. free(). */
char *psd_kube_escape(const char *text);

#endif
