/*
 * credentials.h - where the API server is, and how to prove who we are.
 *
 * Found in this order: the kubeconfig that was named; the service account of
 * the pod (in-cluster); $KUBECONFIG; ~/.kube/config.
 */
#ifndef PSD_K8S_API_CREDENTIALS_H
#define PSD_K8S_API_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"

#define PSD_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* PEM text, or the file that holds it (read anew for each connection); neither:
 * not given. */
typedef struct psd_pem {
    char *file;
    char *data;
} psd_pem;

typedef struct psd_kube_credentials {
    char *origin;        /* for messages: "kubeconfig '/root/.kube/config', context 'lab'" */
    char *server;        /* "https://10.0.0.1:6443", no slash at the end */
    char *server_name;   /* name in the server's certificate; NULL: that of the url */
    psd_pem ca;          /* none: the system's authorities */
    psd_pem certificate; /* of the client, with its key */
    psd_pem key;
    char *token;      /* bearer token; NULL when there is none */
    char *token_file; /* stronger than token; read anew when it changes */
    bool insecure;    /* the server's certificate is not checked */
} psd_kube_credentials;

typedef struct psd_kube_credentials_options {
    /* An empty text is as good as NULL. */
    const char *kubeconfig;          /* NULL: look as said above */
    const char *context;             /* NULL: the file's current-context */
    const char *master;              /* url that replaces the one found; NULL: none */
    const char *service_account_dir; /* NULL: PSD_SERVICE_ACCOUNT_DIR */
} psd_kube_credentials_options;

/* Fills CREDENTIALS, which the caller frees, also after a failure. Errors name
 * file, context or field, and what to do. */
int psd_kube_credentials_load(const psd_kube_credentials_options *options, psd_kube_credentials *credentials,
                              psd_error *error) PSD_MUST_CHECK;

void psd_kube_credentials_free(psd_kube_credentials *credentials);

/* Reads FILE, at most 1 MiB. *TEXT is owned by the caller (free) and ends in a
 * zero byte. WHAT names it in errors: "token file". */
int psd_kube_read_file(const char *file, const char *what, char **text, psd_error *error) PSD_MUST_CHECK;

#endif
