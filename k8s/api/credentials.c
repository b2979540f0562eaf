#include "k8s/api/credentials.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "k8s/api/kubeconfig.h"

enum { MAX_FILE = 1 << 20 };

static void clean_secret(char **text)
{
    if (*text)
        explicit_bzero(*text, MAX_FILE + 1);
    free(*text);
}

int psd_kube_read_file(const char *file, const char *what, char **text, psd_error *error)
{
    PSD_AUTO_FILE FILE *stream = fopen(file, "re");
    if (!stream)
        return psd_error_set_errno(error, errno, "cannot read the %s '%s'", what, file);
    PSD_AUTO(clean_secret) char *read_text = calloc(1, MAX_FILE + 1);
    if (!read_text)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    setvbuf(stream, NULL, _IONBF, 0); /* one copy of a secret is enough */
    errno = 0;
    size_t length = fread(read_text, 1, MAX_FILE + 1, stream);
    if (ferror(stream))
        return psd_error_set_errno(error, errno ? errno : EIO, "cannot read the %s '%s'", what, file);
    if (length > MAX_FILE)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the %s '%s' is larger than 1 MiB", what, file);
    read_text[length] = '\0';
    if (strlen(read_text) != length)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the %s '%s' is no text: it has zero bytes", what,
                             file);
    *text = strdup(read_text); /* most are small */
    return *text ? 0 : psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
}

void psd_kube_credentials_free(psd_kube_credentials *credentials)
{
    psd_pem *const pems[] = {&credentials->ca, &credentials->certificate, &credentials->key};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(pems); i++) {
        free(pems[i]->file);
        if (pems[i]->data)
            explicit_bzero(pems[i]->data, strlen(pems[i]->data));
        free(pems[i]->data);
    }
    if (credentials->token)
        explicit_bzero(credentials->token, strlen(credentials->token));
    free(credentials->token);
    free(credentials->token_file);
    free(credentials->origin);
    free(credentials->server);
    free(credentials->server_name);
    memset(credentials, 0, sizeof(*credentials));
}

static bool is_given(const char *text)
{
    return text && text[0];
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return is_given(value) ? value : NULL;
}

static char *text_of(psd_text *text)
{
    char *string = strdup(psd_text_string(text));
    psd_text_free(text);
    return string;
}

/* The pod's service account: a token and the cluster's CA in a folder, the
 * address in the environment. */
static int load_service_account(const char *dir, psd_kube_credentials *credentials, psd_error *error)
{
    const char *host = environment("KUBERNETES_SERVICE_HOST");
    const char *port = environment("KUBERNETES_SERVICE_PORT");
    bool ipv6 = strchr(host, ':') != NULL;
    psd_text server = PSD_TEXT_INIT;
    psd_text_printf(&server, "https://%s%s%s:%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                    port ? port : "443");
    credentials->server = text_of(&server);
    psd_text token = PSD_TEXT_INIT;
    psd_text_printf(&token, "%s/token", dir);
    credentials->token_file = text_of(&token);
    psd_text ca = PSD_TEXT_INIT;
    psd_text_printf(&ca, "%s/ca.crt", dir);
    credentials->ca.file = text_of(&ca);
    psd_text origin = PSD_TEXT_INIT;
    psd_text_printf(&origin, "service account in '%s'", dir);
    credentials->origin = text_of(&origin);
    if (!credentials->server || !credentials->token_file || !credentials->ca.file || !credentials->origin)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    PSD_AUTO_FREE char *readable = NULL;
    return psd_kube_read_file(credentials->ca.file, "cluster's CA certificate", &readable, error);
}

static bool has_token(const char *dir)
{
    char path[PATH_MAX];
    return snprintf(path, sizeof(path), "%s/token", dir) < (int)sizeof(path) && access(path, R_OK) == 0;
}

static int load_somewhere(const psd_kube_credentials_options *options, psd_kube_credentials *credentials,
                          psd_error *error)
{
    if (is_given(options->kubeconfig))
        return psd_kubeconfig_load(options->kubeconfig, options->context, credentials, error);
    const char *dir = is_given(options->service_account_dir) ? options->service_account_dir
                                                             : PSD_SERVICE_ACCOUNT_DIR;
    if (environment("KUBERNETES_SERVICE_HOST") && has_token(dir))
        return load_service_account(dir, credentials, error);
    const char *named = environment("KUBECONFIG");
    if (named && strchr(named, ':'))
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "$KUBECONFIG names several files, which are not merged here: give one with "
                             "--kubeconfig");
    if (named)
        return psd_kubeconfig_load(named, options->context, credentials, error);
    char path[PATH_MAX];
    const char *home = environment("HOME");
    if (home && snprintf(path, sizeof(path), "%s/.kube/config", home) < (int)sizeof(path) &&
        access(path, R_OK) == 0)
        return psd_kubeconfig_load(path, options->context, credentials, error);
    return psd_error_set(error, PSD_FAILED_PRECONDITION,
                         "there are no credentials for the API server: this is no pod with a service account "
                         "('%s/token'), and neither --kubeconfig nor $KUBECONFIG names a file",
                         dir);
}

static bool is_url(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static int replace_server(const char *master, psd_kube_credentials *credentials, psd_error *error)
{
    if (!is_url(master))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "option '--master': '%.200s' is no https:// url",
                             master);
    free(credentials->server);
    credentials->server = strdup(master);
    return credentials->server ? 0 : psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
}

int psd_kube_credentials_load(const psd_kube_credentials_options *options, psd_kube_credentials *credentials,
                              psd_error *error)
{
    *credentials = (psd_kube_credentials){.origin = NULL};
    if (load_somewhere(options, credentials, error) < 0)
        return -1;
    if (is_given(options->master) && replace_server(options->master, credentials, error) < 0)
        return -1;
    size_t length = strlen(credentials->server);
    while (length > 0 && credentials->server[length - 1] == '/')
        credentials->server[--length] = '\0';
    if (!is_url(credentials->server))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "%s: the server '%.200s' is no https:// url",
                             credentials->origin, credentials->server);
    if (!!(credentials->certificate.file || credentials->certificate.data) !=
        !!(credentials->key.file || credentials->key.data))
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "%s: a client certificate needs its key, and a key its certificate",
                             credentials->origin);
    return 0;
}
