/* get_many.c - a resource of many nodes: one table, or one document. */
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/many.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/table.h"
#include "common/cleanup.h"
#include "common/clock.h"

static bool is_known(const psd_cli_target *target)
{
    const Polarrpc__V1__Observation *observation = target->answer.response
                                                       ? psd_observation_of(target->answer.response)
                                                       : NULL;
    return observation && (observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH ||
                           observation->state == POLARRPC__V1__OBSERVATION_STATE__STALE);
}

/* ---- documents ---- */

static cJSON *tree_of(const psd_cli_target *target)
{
    cJSON *tree = cJSON_CreateObject();
    if (!tree)
        abort();
    cJSON_AddItemToObject(tree, "node", psd_string_json(target->node));
    cJSON_AddItemToObject(tree, "url", psd_string_json(target->url));
    if (target->answer.response) {
        cJSON_AddItemToObject(tree, "answer", psd_message_json(target->answer.response));
        return tree;
    }
    cJSON *error = cJSON_AddObjectToObject(tree, "error");
    cJSON_AddItemToObject(error, "code", psd_string_json(psd_code_name(target->answer.error.code)));
    cJSON_AddItemToObject(error, "message", psd_string_json(target->answer.error.text));
    return tree;
}

static void print_document(const psd_cli_targets *targets, bool yaml)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *nodes = cJSON_AddArrayToObject(tree, "nodes");
    if (!nodes)
        abort();
    for (size_t i = 0; i < targets->count; i++)
        cJSON_AddItemToArray(nodes, tree_of(&targets->items[i]));
    psd_cli_print_tree(tree, yaml);
    cJSON_Delete(tree);
}

/* ---- rows ---- */

/* Calls TAKE with each row of each node. */
typedef void (*take_row)(void *arg, const psd_cli_target *target, const void *row);

static void walk(const psd_cli_call *call, const psd_cli_targets *targets, take_row take, void *arg)
{
    for (size_t i = 0; i < targets->count; i++) {
        if (!is_known(&targets->items[i]))
            continue;
        PSD_AUTO(psd_cli_facts_free) psd_cli_facts facts = {.count = 0};
        size_t count = 0;
        PSD_AUTO_FREE const void **rows = psd_cli_rows(call->command->resource,
                                                       targets->items[i].answer.response, &facts, &count);
        for (size_t k = 0; k < count; k++)
            take(arg, &targets->items[i], rows[k]);
    }
}

typedef struct printer {
    const psd_cli_call *call;
    psd_cli_table table;
    int node_width;
} printer;

static void measure(void *arg, const psd_cli_target *target, const void *row)
{
    printer *it = arg;
    int width = (int)strlen(psd_cli_target_name(target));
    it->node_width = width > it->node_width ? width : it->node_width;
    psd_cli_table_measure(&it->table, row);
}

static void print_row(void *arg, const psd_cli_target *target, const void *row)
{
    const printer *it = arg;
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    psd_cli_add_safe(&name, psd_cli_target_name(target));
    printf("%-*s  ", it->node_width, psd_text_string(&name));
    psd_cli_table_row(&it->table, &it->call->screen, row);
}

static void print_name(void *arg, const psd_cli_target *target, const void *row)
{
    const printer *it = arg;
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    psd_cli_add_safe(&name, psd_cli_target_name(target));
    psd_text_add(&name, "/");
    psd_cli_add_name(it->call->command->resource, row, &name);
    puts(psd_text_string(&name));
}

static void print_rows(const psd_cli_call *call, const psd_cli_targets *targets)
{
    printer it = {.call = call,
                  .table = psd_cli_table_of(call->command->resource, call->settings->output == PSD_CLI_WIDE),
                  .node_width = (int)strlen("NODE")};
    if (call->settings->output == PSD_CLI_NAME) {
        walk(call, targets, print_name, &it);
        return;
    }
    walk(call, targets, measure, &it);
    if (!call->settings->no_headers) {
        printf("%-*s  ", it.node_width, "NODE");
        psd_cli_table_head(&it.table, &call->screen);
    }
    walk(call, targets, print_row, &it);
}

/* ---- how far to trust it ---- */

/* False when the node's data is not known. */
static bool report_target(const psd_cli_call *call, const psd_cli_target *target)
{
    if (!target->answer.response) {
        psd_cli_target_report(call, target);
        return false;
    }
    const Polarrpc__V1__Observation *observation = psd_observation_of(target->answer.response);
    if (observation && observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH)
        return true;
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_add_safe(&text, psd_cli_target_name(target));
    psd_text_add(&text, ": ");
    psd_cli_color color = PSD_CLI_RED;
    if (observation)
        color = psd_cli_add_freshness(observation, psd_clock_unix_ms(), &text);
    else
        psd_text_add(&text, "an answer without an observation: ignored");
    psd_cli_say(&call->screen, color, psd_text_string(&text));
    return is_known(target);
}

static int report_all(const psd_cli_call *call, const psd_cli_targets *targets)
{
    size_t good = 0;
    for (size_t i = 0; i < targets->count; i++)
        good += report_target(call, &targets->items[i]);
    fflush(stdout);
    if (call->settings->output == PSD_CLI_TABLE || call->settings->output == PSD_CLI_WIDE ||
        good < targets->count)
        fprintf(stderr, "%zu of %zu nodes answered\n", good, targets->count);
    return good == targets->count ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}

int psd_cli_get_many(psd_cli_call *call, psd_error *error)
{
    const psd_cli_resource *resource = call->command->resource;
    PSD_AUTO(psd_cli_targets_free) psd_cli_targets targets = {.items = NULL};
    if (psd_cli_targets_find(call, &targets, error) < 0)
        return -1;
    ProtobufCMessage *request = resource->request(call->settings);
    psd_cli_targets_ask(call, &targets, resource->watch->get, request);
    protobuf_c_message_free_unpacked(request, NULL);
    if (call->settings->output == PSD_CLI_JSON || call->settings->output == PSD_CLI_YAML)
        print_document(&targets, call->settings->output == PSD_CLI_YAML);
    else
        print_rows(call, &targets);
    return report_all(call, &targets);
}
