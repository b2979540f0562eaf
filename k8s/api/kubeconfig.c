#include "k8s/api/kubeconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "common/text.h"
#include "k8s/api/base64.h"

typedef struct reader {
    yaml_document_t document;
    const char *path;
    const char *context; /* name; owned by the document or the caller */
} reader;

static void clean_document(yaml_document_t **document)
{
    yaml_document_delete(*document);
}

static void clean_parser(yaml_parser_t *parser)
{
    yaml_parser_delete(parser);
}

/* ---- the document ---- */

static yaml_node_t *member(reader *r, const yaml_node_t *mapping, const char *name)
{
    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&r->document, pair->key);
        if (key && key->type == YAML_SCALAR_NODE && strcmp((const char *)key->data.scalar.value, name) == 0)
            return yaml_document_get_node(&r->document, pair->value);
    }
    return NULL;
}

/* The member's text; NULL when it is missing, empty or no scalar. */
static const char *scalar(reader *r, const yaml_node_t *mapping, const char *name)
{
    const yaml_node_t *node = member(r, mapping, name);
    if (!node || node->type != YAML_SCALAR_NODE || node->data.scalar.length == 0)
        return NULL;
    return (const char *)node->data.scalar.value;
}

/* The part KIND ("cluster") of the element called NAME of the list LIST
 * ("clusters"). */
static int find_named(reader *r, const char *list, const char *kind, const char *name, yaml_node_t **found,
                      psd_error *error)
{
    const yaml_node_t *root = yaml_document_get_root_node(&r->document);
    const yaml_node_t *elements = member(r, root, list);
    *found = NULL;
    if (elements && elements->type == YAML_SEQUENCE_NODE) {
        for (const yaml_node_item_t *item = elements->data.sequence.items.start;
             item < elements->data.sequence.items.top && !*found; item++) {
            const yaml_node_t *element = yaml_document_get_node(&r->document, *item);
            const char *its_name = scalar(r, element, "name");
            if (its_name && strcmp(its_name, name) == 0)
                *found = member(r, element, kind);
        }
    }
    if (!*found)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s': it has no %s '%.80s'", r->path,
                             kind, name);
    return 0;
}

static int out_of_memory(psd_error *error)
{
    return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
}

static int copy_text(const char *text, char **copy, psd_error *error)
{
    if (!text)
        return 0;
    *copy = strdup(text);
    return *copy ? 0 : out_of_memory(error);
}

/* A file name, relative to the folder of the kubeconfig. */
static int copy_file_name(const reader *r, const char *name, char **copy, psd_error *error)
{
    const char *slash = strrchr(r->path, '/');
    if (!name || name[0] == '/' || !slash)
        return copy_text(name, copy, error);
    PSD_AUTO_TEXT whole = PSD_TEXT_INIT;
    psd_text_append(&whole, r->path, (size_t)(slash + 1 - r->path));
    psd_text_add(&whole, name);
    return copy_text(psd_text_string(&whole), copy, error);
}

/* NAME holds a file's name, NAME-data its content, which is stronger. */
static int read_pem(reader *r, const yaml_node_t *mapping, const char *name, psd_pem *pem, psd_error *error)
{
    char data_name[64];
    snprintf(data_name, sizeof(data_name), "%s-data", name);
    const char *data = scalar(r, mapping, data_name);
    if (!data)
        return copy_file_name(r, scalar(r, mapping, name), &pem->file, error);
    size_t length = 0;
    if (psd_base64_decode(data, &pem->data, &length) < 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "kubeconfig '%s', context '%.80s': %s is not base64", r->path, r->context,
                             data_name);
    if (length == 0 || strlen(pem->data) != length)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s', context '%.80s': %s is no PEM",
                             r->path, r->context, data_name);
    return 0;
}

/* ---- its parts ---- */

static int read_cluster(reader *r, const char *name, psd_kube_credentials *credentials, psd_error *error)
{
    yaml_node_t *cluster = NULL;
    if (find_named(r, "clusters", "cluster", name, &cluster, error) < 0)
        return -1;
    const char *server = scalar(r, cluster, "server");
    if (!server)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s': cluster '%.80s' names no server",
                             r->path, name);
    const char *insecure = scalar(r, cluster, "insecure-skip-tls-verify");
    if (insecure && psd_parse_bool(insecure, &credentials->insecure, error) < 0)
        return psd_error_prefix(error, "kubeconfig '%s': insecure-skip-tls-verify", r->path);
    if (copy_text(server, &credentials->server, error) < 0 ||
        copy_text(scalar(r, cluster, "tls-server-name"), &credentials->server_name, error) < 0)
        return -1;
    return read_pem(r, cluster, "certificate-authority", &credentials->ca, error);
}

static int refuse_unknown_ways(reader *r, const yaml_node_t *user, const char *name, psd_error *error)
{
    static const char *const refused[] = {"exec", "auth-provider", "username", "password", "as"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        if (member(r, user, refused[i]))
            return psd_error_set(
                error, PSD_UNIMPLEMENTED,
                "kubeconfig '%s': user '%.80s' has '%s', which is not supported: use a token, a "
                "token file or a client certificate",
                r->path, name, refused[i]);
    }
    return 0;
}

/* The line break behind a block of text is no part of the token. */
static int copy_token(const char *text, psd_kube_credentials *credentials, psd_error *error)
{
    if (copy_text(text, &credentials->token, error) < 0)
        return -1;
    if (text)
        credentials->token[strcspn(text, " \t\r\n")] = '\0';
    return 0;
}

static int read_user(reader *r, const char *name, psd_kube_credentials *credentials, psd_error *error)
{
    yaml_node_t *user = NULL;
    if (find_named(r, "users", "user", name, &user, error) < 0 ||
        refuse_unknown_ways(r, user, name, error) < 0 ||
        copy_token(scalar(r, user, "token"), credentials, error) < 0 ||
        copy_file_name(r, scalar(r, user, "tokenFile"), &credentials->token_file, error) < 0 ||
        read_pem(r, user, "client-certificate", &credentials->certificate, error) < 0)
        return -1;
    return read_pem(r, user, "client-key", &credentials->key, error);
}

static int read_context(reader *r, psd_kube_credentials *credentials, psd_error *error)
{
    yaml_node_t *context = NULL;
    if (!r->context)
        r->context = scalar(r, yaml_document_get_root_node(&r->document), "current-context");
    if (!r->context)
        return psd_error_set(
            error, PSD_INVALID_ARGUMENT,
            "kubeconfig '%s' has no current-context: set one with 'kubectl config use-context'", r->path);
    if (find_named(r, "contexts", "context", r->context, &context, error) < 0)
        return -1;
    const char *cluster = scalar(r, context, "cluster");
    const char *user = scalar(r, context, "user");
    if (!cluster)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s': context '%.80s' names no cluster",
                             r->path, r->context);
    PSD_AUTO_TEXT origin = PSD_TEXT_INIT;
    psd_text_printf(&origin, "kubeconfig '%s', context '%.80s'", r->path, r->context);
    if (copy_text(psd_text_string(&origin), &credentials->origin, error) < 0 ||
        read_cluster(r, cluster, credentials, error) < 0)
        return -1;
    return user ? read_user(r, user, credentials, error) : 0;
}

int psd_kubeconfig_parse(const char *text, size_t length, const char *path, const char *context,
                         psd_kube_credentials *credentials, psd_error *error)
{
    PSD_AUTO(clean_parser) yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return out_of_memory(error);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    reader r = {.path = path, .context = context && context[0] ? context : NULL};
    if (!yaml_parser_load(&parser, &r.document))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s' is not YAML: line %zu: %s", path,
                             parser.problem_mark.line + 1, parser.problem ? parser.problem : "unreadable");
    PSD_AUTO(clean_document) yaml_document_t *document PSD_UNUSED = &r.document;
    if (!yaml_document_get_root_node(&r.document))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "kubeconfig '%s' is empty", path);
    return read_context(&r, credentials, error);
}

int psd_kubeconfig_load(const char *path, const char *context, psd_kube_credentials *credentials,
                        psd_error *error)
{
    PSD_AUTO_FREE char *text = NULL;
    if (psd_kube_read_file(path, "kubeconfig", &text, error) < 0)
        return -1;
    int result = psd_kubeconfig_parse(text, strlen(text), path, context, credentials, error);
    explicit_bzero(text, strlen(text));
    return result;
}
