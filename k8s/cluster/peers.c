#include "k8s/cluster/peers.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* How much a pod speaks for its node: running counts most, then its age. */
typedef struct candidate {
    const char *node;
    const char *name;
    const char *namespace;
    const char *address;
    const char *made;
    bool runs;
} candidate;

static const char *text_at(const cJSON *pod, const char *path)
{
    const char *text = psd_json_string(pod, path);
    return text ? text : "";
}

static bool has_ended(const char *phase)
{
    return strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0;
}

/* By node, and the best pod of a node first. Times of Kubernetes sort as text. */
static int compare(const void *a, const void *b)
{
    const candidate *x = a;
    const candidate *y = b;
    int order = strcmp(x->node, y->node);
    if (order == 0)
        order = (int)y->runs - (int)x->runs;
    if (order == 0)
        order = strcmp(y->made, x->made);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static size_t find_candidates(const cJSON *pods, candidate *candidates)
{
    size_t count = 0;
    const cJSON *pod = NULL;
    cJSON_ArrayForEach(pod, pods)
    {
        const char *phase = text_at(pod, "status/phase");
        candidate found = {.node = text_at(pod, "spec/nodeName"),
                           .name = text_at(pod, "metadata/name"),
                           .namespace = text_at(pod, "metadata/namespace"),
                           .address = text_at(pod, "status/podIP"),
                           .made = text_at(pod, "metadata/creationTimestamp"),
                           .runs = strcmp(phase, "Running") == 0 &&
                                   !psd_json_string(pod, "metadata/deletionTimestamp")};
        if (found.node[0] && !has_ended(phase))
            candidates[count++] = found;
    }
    qsort(candidates, count, sizeof(*candidates), compare);
    return count;
}

static Polarstack__V1__ClusterNode *add(Polarstack__V1__ClusterNodes *nodes, const char *name)
{
    Polarstack__V1__ClusterNode *made = malloc(sizeof(*made));
    if (!made)
        abort();
    polarstack__v1__cluster_node__init(made);
    made->node = psd_text_copy(name);
    nodes->nodes[nodes->n_nodes++] = made;
    return made;
}

static Polarstack__V1__ClusterNode *add_peer(Polarstack__V1__ClusterNodes *nodes, const candidate *pod,
                                             unsigned port)
{
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    PSD_AUTO_TEXT url = PSD_TEXT_INIT;
    bool is_ipv6 = strchr(pod->address, ':') != NULL;
    psd_text_printf(&name, "%s/%s", pod->namespace, pod->name);
    if (pod->address[0])
        psd_text_printf(&url, "tcp://%s%s%s:%u", is_ipv6 ? "[" : "", pod->address, is_ipv6 ? "]" : "", port);
    Polarstack__V1__ClusterNode *node = add(nodes, pod->node);
    node->pod = psd_text_copy(psd_text_string(&name));
    node->address = psd_text_copy(pod->address);
    node->url = psd_text_copy(psd_text_string(&url));
    return node;
}

static int by_node(const void *a, const void *b)
{
    return strcmp((*(Polarstack__V1__ClusterNode *const *)a)->node,
                  (*(Polarstack__V1__ClusterNode *const *)b)->node);
}

Polarstack__V1__ClusterNodes *psd_peers_of(const cJSON *pods, const char *own_node, const char *own_url,
                                           unsigned port)
{
    size_t most = (size_t)cJSON_GetArraySize(pods) + 1;
    PSD_AUTO_FREE candidate *candidates = calloc(most, sizeof(*candidates));
    Polarstack__V1__ClusterNodes *nodes = malloc(sizeof(*nodes));
    if (!candidates || !nodes)
        abort();
    polarstack__v1__cluster_nodes__init(nodes);
    nodes->nodes = calloc(most, sizeof(Polarstack__V1__ClusterNode *));
    if (!nodes->nodes)
        abort();
    size_t count = find_candidates(pods, candidates);
    Polarstack__V1__ClusterNode *own = NULL;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(candidates[i].node, candidates[i - 1].node) == 0)
            continue;
        Polarstack__V1__ClusterNode *peer = add_peer(nodes, &candidates[i], port);
        if (strcmp(peer->node, own_node) == 0)
            own = peer;
    }
    /* Its own agent is reached as the bridge reaches it, not by its pod's address. */
    if (own)
        free(own->url);
    else
        own = add(nodes, own_node);
    own->url = psd_text_copy(own_url);
    qsort(nodes->nodes, nodes->n_nodes, sizeof(Polarstack__V1__ClusterNode *), by_node);
    return nodes;
}
