#include "k8s/cluster/core_versions.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/node_config_limits.h"
#include "common/text.h"
#include "polarstack/v1/core_version.rpc.h"

enum {
    SHOWN_EACH = 64, /* this many answers, and as many groups of them */
    LONGEST_RUNTIME = 256,
};

typedef Polarstack__V1__ClusterCoreVersionCheck cluster_check;
typedef Polarstack__V1__NodeCoreVersionCheck row;

static char *set_text(char *old, const char *text)
{
    if (old != protobuf_c_empty_string)
        free(old);
    return psd_text_copy(text);
}

cluster_check *psd_core_check_new(void)
{
    char id[PSD_OPERATION_ID_SIZE];
    cluster_check *made = malloc(sizeof(*made));
    if (!made)
        abort();
    polarstack__v1__cluster_core_version_check__init(made);
    psd_operation_id(id);
    made->operation_id = psd_text_copy(id);
    made->started_at_ms = psd_clock_unix_ms();
    return made;
}

void psd_core_check_expect(cluster_check *check, const Polarstack__V1__ClusterNodes *nodes)
{
    check->nodes = calloc(nodes->n_nodes + 1, sizeof(row *));
    if (!check->nodes)
        abort();
    for (size_t i = 0; i < nodes->n_nodes; i++) {
        row *made = malloc(sizeof(*made));
        if (!made)
            abort();
        polarstack__v1__node_core_version_check__init(made);
        made->node = psd_text_copy(nodes->nodes[i]->node);
        check->nodes[check->n_nodes++] = made;
    }
}

static int by_node(const void *node, const void *found)
{
    return strcmp(node, (*(row *const *)found)->node);
}

static row *row_of(const cluster_check *check, const char *node)
{
    row *const *found = bsearch(node, check->nodes, check->n_nodes, sizeof(row *), by_node);
    return found ? *found : NULL;
}

/* ---- names as indices ---- */

typedef struct list {
    size_t *count;
    uint32_t **items;
} list;

enum { LISTS = 3 };

static void lists_of(row *r, list lists[LISTS])
{
    lists[0] = (list){&r->n_present, &r->present};
    lists[1] = (list){&r->n_absent, &r->absent};
    lists[2] = (list){&r->n_unknown, &r->unknown};
}

/* The place of NAME among the versions: that of the first one that is not below it. */
static size_t place_of(const cluster_check *check, const char *name, bool *is_there)
{
    size_t low = 0;
    size_t high = check->n_versions;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(check->versions[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = low < check->n_versions && strcmp(check->versions[low], name) == 0;
    return low;
}

/* All indices from FIRST on are one higher. */
static void shift_indices(const cluster_check *check, size_t first)
{
    for (size_t i = 0; i < check->n_nodes; i++) {
        list lists[LISTS];
        lists_of(check->nodes[i], lists);
        for (size_t k = 0; k < LISTS; k++) {
            for (size_t n = 0; n < *lists[k].count; n++)
                (*lists[k].items)[n] += (*lists[k].items)[n] >= first;
        }
    }
}

static void add_name(cluster_check *check, const char *name)
{
    bool is_there = false;
    size_t place = place_of(check, name, &is_there);
    if (is_there)
        return;
    char **longer = realloc(check->versions, (check->n_versions + 1) * sizeof(*longer));
    if (!longer)
        abort();
    check->versions = longer;
    memmove(&longer[place + 1], &longer[place], (check->n_versions - place) * sizeof(*longer));
    longer[place] = psd_text_copy(name);
    check->n_versions++;
    shift_indices(check, place);
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Fills TO with the indices of NAMES, which are all there. */
static void set_indices(const cluster_check *check, list to, char *const *names, size_t count)
{
    bool is_there = false;
    *to.items = malloc((count + 1) * sizeof(uint32_t));
    if (!*to.items)
        abort();
    for (size_t i = 0; i < count; i++)
        (*to.items)[i] = (uint32_t)place_of(check, names[i], &is_there);
    qsort(*to.items, count, sizeof(uint32_t), ascending);
    *to.count = count;
}

/* ---- answers ---- */

static bool is_name(const char *name)
{
    size_t length = strlen(name);
    return length > 0 && length <= PSD_NODE_CONFIG_NAME_MAX && !strpbrk(name, ", \t\n");
}

static bool are_names(char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_name(names[i]))
            return false;
    }
    return true;
}

/* Those that no node has spoken of yet. */
static size_t count_new(const cluster_check *check, char *const *names, size_t count)
{
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_there = false;
        place_of(check, names[i], &is_there);
        fresh += !is_there;
    }
    return fresh;
}

/* What came over the network may be anything. */
static int examine(const cluster_check *check, const Polarstack__V1__ClusterNode *node,
                   const Polarstack__V1__CoreVersionCheck *answer, psd_error *error)
{
    if (psd_cluster_is_from(node, answer->observation ? answer->observation->node : "", error) < 0)
        return -1;
    if (answer->code != PSD_OK)
        return psd_error_set(error, (psd_code)answer->code, "%s", answer->error);
    bool makes_sense = answer->done && strlen(answer->runtime) <= LONGEST_RUNTIME &&
                       answer->n_present + answer->n_absent + answer->n_unknown <=
                           PSD_NODE_CONFIG_VERSIONS_MAX &&
                       are_names(answer->present, answer->n_present) &&
                       are_names(answer->absent, answer->n_absent) &&
                       are_names(answer->unknown, answer->n_unknown);
    if (!makes_sense)
        return psd_error_set(error, PSD_DATA_LOSS, "%s: the answer makes no sense", node->url);
    /* All nodes have the same cluster's versions; one that has others takes no other's row. */
    size_t fresh = count_new(check, answer->present, answer->n_present) +
                   count_new(check, answer->absent, answer->n_absent) +
                   count_new(check, answer->unknown, answer->n_unknown);
    if (check->n_versions + fresh > PSD_NODE_CONFIG_VERSIONS_MAX)
        return psd_error_set(error, PSD_DATA_LOSS,
                             "%s: it tells of versions that other nodes do not have, "
                             "too many to list",
                             node->url);
    return 0;
}

static void note_failure(row *r, const psd_error *error)
{
    psd_error told = *error;
    if (told.code == PSD_UNIMPLEMENTED)
        psd_error_prefix(&told, "its daemon is of an older version");
    r->code = told.code;
    r->error = psd_cluster_short_text(&told);
}

void psd_core_check_take(cluster_check *check, const Polarstack__V1__ClusterNode *node,
                         const ProtobufCMessage *response, const psd_error *error)
{
    const Polarstack__V1__CoreVersionCheck *answer = (const Polarstack__V1__CoreVersionCheck *)response;
    psd_error reason = PSD_ERROR_INIT;
    row *r = row_of(check, node->node);
    if (!r || r->done)
        return;
    r->done = true;
    if (!answer || examine(check, node, answer, &reason) < 0) {
        note_failure(r, answer ? &reason : error);
        return;
    }
    const struct {
        char *const *names;
        size_t count;
    } told[LISTS] = {{answer->present, answer->n_present},
                     {answer->absent, answer->n_absent},
                     {answer->unknown, answer->n_unknown}};
    list lists[LISTS];
    lists_of(r, lists);
    for (size_t i = 0; i < LISTS; i++) {
        for (size_t k = 0; k < told[i].count; k++)
            add_name(check, told[i].names[k]);
    }
    for (size_t i = 0; i < LISTS; i++)
        set_indices(check, lists[i], told[i].names, told[i].count);
    r->checked = true;
    r->runtime = set_text(r->runtime, answer->runtime);
}

void psd_core_check_end(cluster_check *check, const psd_error *error)
{
    check->done = true;
    check->ended_at_ms = psd_clock_unix_ms();
    if (!error)
        return;
    check->code = error->code;
    check->error = psd_text_copy(error->text);
}

/* ---- the round ---- */

int psd_core_check_remember(psd_operations *checks, const cluster_check *check, psd_error *error)
{
    return psd_operations_put(checks, check->operation_id, &check->base, check->done, error);
}

typedef struct round {
    cluster_check *check;
    psd_operations *checks; /* NULL: nobody can ask for the check before it is over */
    size_t waited_for;      /* rows that are not done */
    size_t unshown;         /* answers since the check was last put there */
} round;

/* Packing a large check costs as much as many answers: the last ones are shown one by one,
 * the others some at a time. */
static bool is_worth_showing(const round *r)
{
    return r->waited_for <= SHOWN_EACH || r->unshown > r->check->n_nodes / SHOWN_EACH;
}

static void answered(void *arg, Polarstack__V1__ClusterNode *node, const ProtobufCMessage *response,
                     const psd_error *error)
{
    round *r = arg;
    psd_error failure = PSD_ERROR_INIT;
    psd_core_check_take(r->check, node, response, error);
    r->waited_for--;
    r->unshown++;
    if (!r->checks || !is_worth_showing(r))
        return;
    /* Its place is taken already; without memory it is only shown later. */
    if (psd_core_check_remember(r->checks, r->check, &failure) == 0)
        r->unshown = 0;
}

void psd_core_check_ask(cluster_check *check, psd_operations *checks, psd_cluster *cluster,
                        const Polarstack__V1__ClusterNodes *nodes, uint32_t timeout_ms)
{
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    psd_core_check_expect(check, nodes);
    round r = {.check = check, .checks = checks, .waited_for = check->n_nodes};
    psd_cluster_ask(cluster, nodes, &psd_core_version_methods[PSD_CORE_VERSION_METHOD_CHECK_CORE_VERSIONS],
                    &request.base, timeout_ms, answered, &r);
}
