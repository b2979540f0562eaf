/*
 * kubeconfig.h - reads the file that kubectl uses: contexts, clusters, users.
 *
 * Of a user: token, tokenFile, client-certificate(-data), client-key(-data). Of
 * a cluster: server, certificate-authority(-data), tls-server-name,
 * insecure-skip-tls-verify. Plugins (exec, auth-provider) and passwords are
 * refused, since they would be run or sent unseen.
 */
#ifndef PSD_K8S_API_KUBECONFIG_H
#define PSD_K8S_API_KUBECONFIG_H

#include "k8s/api/credentials.h"

/* CONTEXT NULL: the file's current-context. Relative file names start from the
 * folder of PATH. Adds to CREDENTIALS, which must be empty. */
int psd_kubeconfig_load(const char *path, const char *context, psd_kube_credentials *credentials,
                        psd_error *error) PSD_MUST_CHECK;

/* The same from TEXT; PATH is for messages and relative names. */
int psd_kubeconfig_parse(const char *text, size_t length, const char *path, const char *context,
                         psd_kube_credentials *credentials, psd_error *error) PSD_MUST_CHECK;

#endif
