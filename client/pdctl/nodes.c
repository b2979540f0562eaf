/* nodes.c - pdctl get nodes: which nodes have a daemon, and does it answer? */
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/bridge.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/table.h"
#include "common/clock.h"
#include "polarstack/v1/cluster.rpc.h"

typedef Polarstack__V1__ClusterNode node;

static psd_cli_color print_or_none(const char *text, psd_text *cell)
{
    psd_cli_add_safe(cell, text[0] ? text : "-");
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_node(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->node, cell);
}

static psd_cli_color print_address(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->address, cell);
}

static psd_cli_color print_status(const void *row, psd_text *cell)
{
    const node *it = row;
    const char *name = it->reachable
                           ? psd_enum_name(&polarstack__v1__serving_status__descriptor, (int)it->status)
                           : "UNREACHABLE";
    psd_text_add(cell, name ? name : "UNKNOWN");
    if (!it->reachable)
        return PSD_CLI_RED;
    return it->status == POLARSTACK__V1__SERVING_STATUS__SERVING ? PSD_CLI_GREEN : PSD_CLI_YELLOW;
}

static psd_cli_color print_agent_version(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->version, cell);
}

static psd_cli_color print_pod(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->pod, cell);
}

static psd_cli_color print_url(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->url, cell);
}

static psd_cli_color print_reason(const void *row, psd_text *cell)
{
    return print_or_none(((const node *)row)->error, cell);
}

static const psd_cli_column columns[] = {
    {"NODE", false, 0, print_node},     {"ADDRESS", false, 0, print_address},
    {"STATUS", false, 0, print_status}, {"VERSION", false, 0, print_agent_version},
    {"POD", true, 0, print_pod},        {"URL", true, 0, print_url},
    {"REASON", false, 0, print_reason},
};

static const psd_cli_resource nodes_table = {
    .kind = "node", .columns = columns, .column_count = PSD_ARRAY_SIZE(columns)};

static void print_nodes(const psd_cli_call *call, const Polarstack__V1__ClusterNodes *nodes)
{
    psd_cli_table table = psd_cli_table_of(&nodes_table, call->settings->output == PSD_CLI_WIDE);
    for (size_t i = 0; i < nodes->n_nodes; i++)
        psd_cli_table_measure(&table, nodes->nodes[i]);
    if (!call->settings->no_headers)
        psd_cli_table_head(&table, &call->screen);
    for (size_t i = 0; i < nodes->n_nodes; i++)
        psd_cli_table_row(&table, &call->screen, nodes->nodes[i]);
}

static void print_names(const Polarstack__V1__ClusterNodes *nodes)
{
    for (size_t i = 0; i < nodes->n_nodes; i++) {
        PSD_AUTO_TEXT name = PSD_TEXT_INIT;
        psd_cli_add_safe(&name, nodes->nodes[i]->node);
        printf("node/%s\n", psd_text_string(&name));
    }
}

static bool all_reachable(const Polarstack__V1__ClusterNodes *nodes)
{
    for (size_t i = 0; i < nodes->n_nodes; i++) {
        if (!nodes->nodes[i]->reachable)
            return false;
    }
    return true;
}

int psd_cli_get_nodes(psd_cli_call *call, psd_error *error)
{
    if (psd_cli_connect_bridge(call, error) < 0)
        return -1;
    Polarstack__V1__ListNodesRequest request = POLARSTACK__V1__LIST_NODES_REQUEST__INIT;
    Polarstack__V1__ClusterNodes *nodes = NULL;
    if (psd_cluster_list_nodes(call->client, &request, NULL, &nodes, error) < 0)
        return -1;
    psd_cli_format format = (psd_cli_format)call->settings->output;
    if (format == PSD_CLI_JSON || format == PSD_CLI_YAML)
        psd_cli_print_message(&nodes->base, format == PSD_CLI_YAML);
    else if (format == PSD_CLI_NAME)
        print_names(nodes);
    else
        print_nodes(call, nodes);
    bool is_good = all_reachable(nodes);
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
    return is_good ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}
