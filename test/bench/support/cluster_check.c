/*
 * cluster-check - asks a bridge for all nodes, again and again, and tells how long each
 * answer took.
 *
 *   cluster-check URL versions|health COUNT TIMEOUT_MS [PAUSE_MS]
 *
 * PAUSE_MS: between two calls.
 * versions: CheckCoreVersions, each daemon asks its runtime. health: ListNodes, each
 * daemon only answers. Prints a line a call: "MS NODES GOOD PRESENT", the milliseconds,
 * the rows, those without an error, and all versions that are PRESENT in them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/parse.h"
#include "polarstack/v1/cluster.rpc.h"

enum {
    MORE_MS = 5000, /* that the call may take beyond the agents' time */
    MOST_PAUSE_MS = 999,
};

typedef struct outcome {
    size_t nodes;
    size_t good;
    size_t present;
} outcome;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int check_versions(psd_client *client, uint32_t timeout_ms, outcome *seen, psd_error *error)
{
    Polarstack__V1__CheckClusterCoreVersionsRequest request =
        POLARSTACK__V1__CHECK_CLUSTER_CORE_VERSIONS_REQUEST__INIT;
    Polarstack__V1__ClusterCoreVersionCheck *answer = NULL;
    psd_call_options options = {.timeout_ms = timeout_ms + MORE_MS};
    request.timeout_ms = timeout_ms;
    if (psd_cluster_check_core_versions(client, &request, &options, &answer, error) < 0)
        return -1;
    seen->nodes = answer->n_nodes;
    for (size_t i = 0; i < answer->n_nodes; i++) {
        const Polarstack__V1__NodeCoreVersionCheck *row = answer->nodes[i];
        seen->good += row->checked != 0;
        seen->present += row->n_present;
        if (!row->checked)
            fprintf(stderr, "%s: %s: %s\n", row->node, psd_code_name((psd_code)row->code), row->error);
    }
    polarstack__v1__cluster_core_version_check__free_unpacked(answer, NULL);
    return 0;
}

static int check_health(psd_client *client, uint32_t timeout_ms, outcome *seen, psd_error *error)
{
    Polarstack__V1__ListNodesRequest request = POLARSTACK__V1__LIST_NODES_REQUEST__INIT;
    Polarstack__V1__ClusterNodes *answer = NULL;
    psd_call_options options = {.timeout_ms = timeout_ms + MORE_MS};
    request.timeout_ms = timeout_ms;
    if (psd_cluster_list_nodes(client, &request, &options, &answer, error) < 0)
        return -1;
    seen->nodes = answer->n_nodes;
    for (size_t i = 0; i < answer->n_nodes; i++)
        seen->good += answer->nodes[i]->reachable != 0;
    polarstack__v1__cluster_nodes__free_unpacked(answer, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    psd_error error = PSD_ERROR_INIT;
    psd_client *client = NULL;
    uint64_t count = 0;
    uint64_t timeout_ms = 0;
    uint64_t pause_ms = 0;
    if (argc < 5 || argc > 6 || psd_parse_uint(argv[3], 1, 100000, &count, &error) < 0 ||
        psd_parse_uint(argv[4], 1, 30000, &timeout_ms, &error) < 0 ||
        (argc == 6 && psd_parse_uint(argv[5], 0, MOST_PAUSE_MS, &pause_ms, &error) < 0)) {
        fputs("cluster-check: see the head of its source\n", stderr);
        return 2;
    }
    bool versions = strcmp(argv[2], "versions") == 0;
    psd_client_options options = {.url = argv[1]};
    int result = psd_client_open(&options, &client, &error);
    for (uint64_t i = 0; result == 0 && i < count; i++) {
        const struct timespec pause = {.tv_nsec = (long)pause_ms * 1000000L};
        nanosleep(&pause, NULL);
        outcome seen = {.nodes = 0};
        double begin = now_ms();
        result = (versions ? check_versions : check_health)(client, (uint32_t)timeout_ms, &seen, &error);
        if (result == 0)
            printf("%.3f %zu %zu %zu\n", now_ms() - begin, seen.nodes, seen.good, seen.present);
    }
    psd_client_close(client);
    if (result < 0)
        fprintf(stderr, "cluster-check: %s\n", error.text);
    return result < 0 ? 1 : 0;
}
