/* token.h - a bearer token that follows its file. Internal to k8s/api. */
#ifndef PSD_K8S_API_TOKEN_H
#define PSD_K8S_API_TOKEN_H

#include <sys/stat.h>

#include "common/failure_log.h"
#include "k8s/api/credentials.h"

typedef struct psd_kube_token {
    char *text;       /* NULL: none yet */
    struct stat seen; /* of the file, when it was read */
    psd_failure_log log;
} psd_kube_token;

/* The token to send now; NULL when the credentials have none. Reads the file
 * again when it has changed; one that cannot be read, or is empty, leaves the
 * token as it was. Owned by TOKEN until the next call. */
const char *psd_kube_token_now(psd_kube_token *token, const psd_kube_credentials *credentials);

void psd_kube_token_free(psd_kube_token *token);

#endif
