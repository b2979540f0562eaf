#include "k8s/cluster/cluster.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/rpc/ask_many.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/cluster/connections.h"
#include "k8s/cluster/peers.h"
#include "polarstack/v1/health.rpc.h"

enum {
    PAGE_SIZE = 250,
    LIST_SERVES_MS = 5000,
    ERROR_TEXT_MAX = 160, /* thousands of nodes fit into one answer */
};

struct psd_cluster {
    psd_kube *kube;
    psd_connections *connections;
    psd_cluster_options options;
    pthread_mutex_t mutex; /* guards all below; held while listing, so that one list serves all who wait */
    cJSON *pods;           /* array; NULL: never listed */
    int64_t listed_at_ms;  /* Unix */
    int64_t serves_until_ms;
};

int psd_cluster_new(psd_kube *kube, const psd_cluster_options *options, psd_cluster **cluster,
                    psd_error *error)
{
    psd_cluster *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_cluster){.kube = kube, .options = *options};
    pthread_mutex_init(&made->mutex, NULL);
    *cluster = made;
    return psd_connections_new(&made->connections, error);
}

void psd_cluster_free(psd_cluster *cluster)
{
    if (!cluster)
        return;
    psd_connections_free(cluster->connections);
    cJSON_Delete(cluster->pods);
    pthread_mutex_destroy(&cluster->mutex);
    free(cluster);
}

/* ---- listing ---- */

/* What peers.c reads of POD; a whole pod has some ten kilobytes. */
static cJSON *essence_of(const cJSON *pod)
{
    static const char *const paths[][2] = {
        {"metadata", "name"}, {"metadata", "namespace"}, {"metadata", "creationTimestamp"},
        {"spec", "nodeName"}, {"status", "phase"},       {"metadata", "deletionTimestamp"},
        {"status", "podIP"},
    };
    cJSON *made = psd_json_new();
    for (size_t i = 0; i < PSD_ARRAY_SIZE(paths); i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
            cJSON_GetObjectItemCaseSensitive(pod, paths[i][0]), paths[i][1]));
        if (text)
            psd_json_set_string(psd_json_object(made, paths[i][0]), paths[i][1], text);
    }
    return made;
}

/* Adds one page to PODS; leaves the mark of the next one in NEXT, empty after the last. */
static int list_page(const psd_cluster *cluster, cJSON *pods, psd_text *next, psd_error *error)
{
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_TEXT query = PSD_TEXT_INIT;
    PSD_AUTO_FREE char *labels = psd_kube_escape(cluster->options.pod_labels);
    PSD_AUTO_FREE char *mark = psd_kube_escape(psd_text_string(next));
    psd_text_printf(&path, "/api/v1/namespaces/%s/pods", cluster->options.namespace);
    psd_text_printf(&query, "limit=%d&labelSelector=%s%s%s", PAGE_SIZE, labels, mark[0] ? "&continue=" : "",
                    mark);
    PSD_AUTO_KUBE_REPLY reply = {.status = 0};
    psd_kube_request request = {
        .method = "GET", .path = psd_text_string(&path), .query = psd_text_string(&query)};
    if (psd_kube_call(cluster->kube, &request, &reply, error) < 0)
        return -1;
    const cJSON *pod = NULL;
    cJSON_ArrayForEach(pod, psd_json_at(reply.body, "items")) cJSON_AddItemToArray(pods, essence_of(pod));
    const char *more = psd_json_string(reply.body, "metadata/continue");
    next->length = 0;
    psd_text_add(next, more ? more : "");
    return 0;
}

/* Called with the mutex held. */
static int list_pods(psd_cluster *cluster, psd_error *error)
{
    PSD_AUTO_JSON cJSON *pods = cJSON_CreateArray();
    PSD_AUTO_TEXT next = PSD_TEXT_INIT;
    if (!pods)
        abort();
    int64_t now_ms = psd_clock_unix_ms();
    do {
        if (list_page(cluster, pods, &next, error) < 0)
            return psd_error_prefix(error, "cannot list the agents' pods");
    } while (next.length > 0);
    cJSON_Delete(cluster->pods);
    cluster->pods = psd_take(pods);
    cluster->listed_at_ms = now_ms;
    cluster->serves_until_ms = psd_clock_mono_ms() + LIST_SERVES_MS;
    return 0;
}

Polarstack__V1__ClusterNodes *psd_cluster_list(psd_cluster *cluster, psd_error *error)
{
    PSD_LOCKED(&cluster->mutex);
    bool serves = cluster->pods && psd_clock_mono_ms() < cluster->serves_until_ms;
    if (!serves && list_pods(cluster, error) < 0)
        return NULL;
    Polarstack__V1__ClusterNodes *nodes = psd_peers_of(cluster->pods, cluster->options.node,
                                                       cluster->options.daemon_url, cluster->options.port);
    nodes->listed_at_ms = cluster->listed_at_ms;
    return nodes;
}

/* ---- asking ---- */

/* Those of the nodes that have an address, and who wants to know. */
typedef struct round {
    Polarstack__V1__ClusterNode **nodes;
    psd_cluster_answered answered;
    void *arg;
} round;

static void pass_on(void *arg, size_t index, const psd_answer *answer)
{
    const round *r = arg;
    r->answered(r->arg, r->nodes[index], answer->response, answer->response ? NULL : &answer->error);
}

void psd_cluster_ask(psd_cluster *cluster, const Polarstack__V1__ClusterNodes *nodes,
                     const psd_method *method, const ProtobufCMessage *request, uint32_t timeout_ms,
                     psd_cluster_answered answered, void *arg)
{
    size_t count = 0;
    PSD_AUTO_FREE Polarstack__V1__ClusterNode **asked = calloc(nodes->n_nodes + 1, sizeof(*asked));
    PSD_AUTO_FREE const char **urls = calloc(nodes->n_nodes + 1, sizeof(*urls));
    PSD_AUTO_FREE psd_answer *answers = calloc(nodes->n_nodes + 1, sizeof(*answers));
    PSD_AUTO_FREE psd_client **clients = calloc(nodes->n_nodes + 1, sizeof(*clients));
    if (!asked || !urls || !answers || !clients)
        abort();
    for (size_t i = 0; i < nodes->n_nodes; i++) {
        if (nodes->nodes[i]->url[0]) {
            urls[count] = nodes->nodes[i]->url;
            asked[count++] = nodes->nodes[i];
            continue;
        }
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_UNAVAILABLE, "the pod %s has no address yet", nodes->nodes[i]->pod);
        answered(arg, nodes->nodes[i], NULL, &error);
    }
    round r = {asked, answered, arg};
    psd_question question = {.method = method,
                             .request = request,
                             .timeout_ms = timeout_ms,
                             .answered = pass_on,
                             .arg = &r,
                             .clients = clients,
                             .keep_most = PSD_CONNECTIONS_MOST};
    psd_connections_take(cluster->connections, urls, count, clients);
    psd_ask_many(&question, urls, count, answers);
    psd_connections_keep(cluster->connections, urls, count, clients);
    psd_answers_free(answers, count);
}

char *psd_cluster_short_text(const psd_error *error)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(&text, "%.*s", ERROR_TEXT_MAX, error->text);
    return psd_text_copy(psd_text_string(&text));
}

/* An address may be another one's by now. */
int psd_cluster_is_from(const Polarstack__V1__ClusterNode *node, const char *name, psd_error *error)
{
    if (strcmp(name, node->node) == 0)
        return 0;
    return psd_error_set(error, PSD_FAILED_PRECONDITION, "%s answers as node '%.64s'", node->url, name);
}

static void note_failure(Polarstack__V1__ClusterNode *node, const psd_error *error)
{
    node->code = error->code;
    node->error = psd_cluster_short_text(error);
}

static void note_health(void *arg PSD_UNUSED, Polarstack__V1__ClusterNode *node,
                        const ProtobufCMessage *response, const psd_error *error)
{
    const Polarstack__V1__Health *health = (const Polarstack__V1__Health *)response;
    psd_error other = PSD_ERROR_INIT;
    if (!health || psd_cluster_is_from(node, health->node, &other) < 0) {
        note_failure(node, health ? &other : error);
        return;
    }
    node->reachable = true;
    node->version = psd_text_copy(health->version);
    node->status = health->status;
}

void psd_cluster_check_health(psd_cluster *cluster, Polarstack__V1__ClusterNodes *nodes, uint32_t timeout_ms)
{
    Polarstack__V1__CheckHealthRequest request = POLARSTACK__V1__CHECK_HEALTH_REQUEST__INIT;
    psd_cluster_ask(cluster, nodes, &psd_health_methods[PSD_HEALTH_METHOD_CHECK_HEALTH], &request.base,
                    timeout_ms, note_health, NULL);
}
