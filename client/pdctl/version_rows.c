#include "client/pdctl/version_rows.h"

#include <stdlib.h>
#include <string.h>

#include "client/pdctl/message_json.h"
#include "common/macros.h"

typedef psd_cli_check_row check_row;

void psd_cli_check_free(psd_cli_check *check)
{
    for (size_t i = 0; i < check->count; i++) {
        free(check->rows[i].present.items);
        free(check->rows[i].absent.items);
        free(check->rows[i].unknown.items);
    }
    free(check->rows);
    *check = (psd_cli_check){.rows = NULL};
}

/* ---- rows ---- */

static check_row *add_row(psd_cli_check *check, const char *node)
{
    check_row *longer = realloc(check->rows, (check->count + 1) * sizeof(*longer));
    if (!longer)
        abort();
    check->rows = longer;
    check_row *row = &check->rows[check->count++];
    *row = (check_row){.node = node, .operation_id = "", .error = "", .runtime = ""};
    return row;
}

static psd_cli_names names_for(size_t most)
{
    psd_cli_names names = {.items = calloc(most + 1, sizeof(*names.items))};
    if (!names.items)
        abort();
    return names;
}

static psd_cli_names copy_names(char **items, size_t count)
{
    psd_cli_names names = names_for(count);
    for (size_t i = 0; i < count; i++)
        names.items[names.count++] = items[i];
    return names;
}

void psd_cli_check_add(psd_cli_check *check, const char *node, const Polarstack__V1__CoreVersionCheck *answer,
                       const psd_error *error)
{
    check_row *row = add_row(check, node);
    if (!answer) {
        row->code = error->code;
        row->error = error->text;
        return;
    }
    row->operation_id = answer->operation_id;
    row->running = !answer->done;
    row->checked = answer->done && answer->code == PSD_OK;
    row->code = psd_code_from_number(answer->code);
    row->error = answer->error;
    row->present = copy_names(answer->present, answer->n_present);
    row->absent = copy_names(answer->absent, answer->n_absent);
    row->unknown = copy_names(answer->unknown, answer->n_unknown);
    row->runtime = answer->runtime;
    check->running = check->running || row->running;
}

static psd_cli_names pick_names(const Polarstack__V1__ClusterCoreVersionCheck *answer,
                                const uint32_t *indices, size_t count)
{
    psd_cli_names names = names_for(count);
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < answer->n_versions)
            names.items[names.count++] = answer->versions[indices[i]];
    }
    return names;
}

void psd_cli_check_add_cluster(psd_cli_check *check, const Polarstack__V1__ClusterCoreVersionCheck *answer)
{
    check->operation_id = answer->operation_id;
    check->running = !answer->done;
    for (size_t i = 0; i < answer->n_nodes; i++) {
        const Polarstack__V1__NodeCoreVersionCheck *node = answer->nodes[i];
        check_row *row = add_row(check, node->node);
        row->running = !answer->done && !node->done;
        row->checked = node->done && node->checked;
        row->code = psd_code_from_number(node->code);
        row->error = node->error;
        row->present = pick_names(answer, node->present, node->n_present);
        row->absent = pick_names(answer, node->absent, node->n_absent);
        row->unknown = pick_names(answer, node->unknown, node->n_unknown);
        row->runtime = node->runtime;
    }
}

size_t psd_cli_check_good(const psd_cli_check *check)
{
    size_t good = 0;
    for (size_t i = 0; i < check->count; i++)
        good += check->rows[i].checked;
    return good;
}

/* ---- a document ---- */

static void add_names(cJSON *object, const char *key, const psd_cli_names *names)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);
    if (!list)
        abort();
    for (size_t i = 0; i < names->count; i++)
        cJSON_AddItemToArray(list, psd_string_json(names->items[i]));
}

static void add_operation(cJSON *tree, const char *id)
{
    if (id[0])
        cJSON_AddItemToObject(tree, "operationId", psd_string_json(id));
}

static cJSON *row_tree(const check_row *row)
{
    cJSON *tree = cJSON_CreateObject();
    if (!tree)
        abort();
    cJSON_AddItemToObject(tree, "node", psd_string_json(row->node));
    add_operation(tree, row->operation_id);
    cJSON_AddBoolToObject(tree, "done", !row->running);
    cJSON_AddBoolToObject(tree, "checked", row->checked);
    add_names(tree, "present", &row->present);
    add_names(tree, "absent", &row->absent);
    add_names(tree, "unknown", &row->unknown);
    cJSON_AddItemToObject(tree, "runtime", psd_string_json(row->runtime));
    if (row->code != PSD_OK) {
        cJSON *error = cJSON_AddObjectToObject(tree, "error");
        cJSON_AddItemToObject(error, "code", psd_string_json(psd_code_name(row->code)));
        cJSON_AddItemToObject(error, "message", psd_string_json(row->error));
    }
    return tree;
}

cJSON *psd_cli_check_tree(const psd_cli_check *check)
{
    cJSON *tree = cJSON_CreateObject();
    if (!tree)
        abort();
    add_operation(tree, check->operation_id);
    cJSON_AddBoolToObject(tree, "done", !check->running);
    cJSON *nodes = cJSON_AddArrayToObject(tree, "nodes");
    if (!nodes)
        abort();
    for (size_t i = 0; i < check->count; i++)
        cJSON_AddItemToArray(nodes, row_tree(&check->rows[i]));
    return tree;
}

/* ---- a table ---- */

static psd_cli_color print_or_none(const char *text, psd_text *cell)
{
    psd_cli_add_safe(cell, text[0] ? text : "-");
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_node(const void *row, psd_text *cell)
{
    return print_or_none(((const check_row *)row)->node, cell);
}

static psd_cli_color print_checked(const void *row, psd_text *cell)
{
    const check_row *it = row;
    psd_text_add(cell, it->running ? "running" : it->checked ? "yes" : "no");
    return it->running ? PSD_CLI_YELLOW : it->checked ? PSD_CLI_GREEN : PSD_CLI_RED;
}

/* 0 of a node that was not checked would say that it has none. */
static psd_cli_color print_count(const check_row *row, const psd_cli_names *names, psd_cli_color color,
                                 psd_text *cell)
{
    if (!row->checked)
        return print_or_none("", cell);
    psd_text_printf(cell, "%zu", names->count);
    return names->count > 0 ? color : PSD_CLI_PLAIN;
}

static psd_cli_color print_present(const void *row, psd_text *cell)
{
    return print_count(row, &((const check_row *)row)->present, PSD_CLI_PLAIN, cell);
}

static psd_cli_color print_absent(const void *row, psd_text *cell)
{
    return print_count(row, &((const check_row *)row)->absent, PSD_CLI_RED, cell);
}

static psd_cli_color print_unknown(const void *row, psd_text *cell)
{
    return print_count(row, &((const check_row *)row)->unknown, PSD_CLI_YELLOW, cell);
}

static psd_cli_color print_names(const psd_cli_names *names, psd_text *cell)
{
    for (size_t i = 0; i < names->count; i++) {
        psd_text_add(cell, i > 0 ? "," : "");
        psd_cli_add_safe(cell, names->items[i]);
    }
    return names->count > 0 ? PSD_CLI_PLAIN : print_or_none("", cell);
}

static psd_cli_color print_present_names(const void *row, psd_text *cell)
{
    return print_names(&((const check_row *)row)->present, cell);
}

static psd_cli_color print_absent_names(const void *row, psd_text *cell)
{
    return print_names(&((const check_row *)row)->absent, cell);
}

static psd_cli_color print_unknown_names(const void *row, psd_text *cell)
{
    return print_names(&((const check_row *)row)->unknown, cell);
}

static psd_cli_color print_runtime(const void *row, psd_text *cell)
{
    return print_or_none(((const check_row *)row)->runtime, cell);
}

static psd_cli_color print_error(const void *row, psd_text *cell)
{
    const check_row *it = row;
    if (it->code == PSD_OK)
        return print_or_none("", cell);
    psd_text_printf(cell, "%s: ", psd_code_name(it->code));
    psd_cli_add_safe(cell, it->error);
    return PSD_CLI_RED;
}

static const psd_cli_column columns[] = {
    {"NODE", false, 0, print_node},
    {"CHECKED", false, 0, print_checked},
    {"PRESENT", false, 0, print_present},
    {"ABSENT", false, 0, print_absent},
    {"UNKNOWN", false, 0, print_unknown},
    {"PRESENT-NAMES", true, 0, print_present_names},
    {"ABSENT-NAMES", true, 0, print_absent_names},
    {"UNKNOWN-NAMES", true, 0, print_unknown_names},
    {"RUNTIME", false, 0, print_runtime},
    {"ERROR", false, 0, print_error},
};

const psd_cli_resource psd_cli_check_table = {
    .kind = "check", .columns = columns, .column_count = PSD_ARRAY_SIZE(columns)};
