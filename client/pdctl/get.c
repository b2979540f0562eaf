/* get.c - one answer of a resource as table, names, JSON or YAML. */
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/document.h"
#include "client/pdctl/many.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/table.h"
#include "common/cleanup.h"
#include "common/clock.h"

void psd_cli_print_tree(const cJSON *tree, bool yaml)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    if (yaml)
        psd_document_yaml(tree, &text);
    else
        psd_document_json(tree, &text);
    fputs(psd_text_string(&text), stdout);
}

void psd_cli_print_message(const ProtobufCMessage *message, bool yaml)
{
    cJSON *tree = psd_message_json(message);
    psd_cli_print_tree(tree, yaml);
    cJSON_Delete(tree);
}

static void print_names(const psd_cli_resource *resource, const void *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        PSD_AUTO_TEXT name = PSD_TEXT_INIT;
        psd_cli_add_name(resource, rows[i], &name);
        puts(psd_text_string(&name));
    }
}

static void print_table(const psd_cli_call *call, const void *const *rows, size_t count)
{
    psd_cli_table table = psd_cli_table_of(call->command->resource, call->settings->output == PSD_CLI_WIDE);
    for (size_t i = 0; i < count; i++)
        psd_cli_table_measure(&table, rows[i]);
    if (!call->settings->no_headers)
        psd_cli_table_head(&table, &call->screen);
    for (size_t i = 0; i < count; i++)
        psd_cli_table_row(&table, &call->screen, rows[i]);
}

static void print_rows(const psd_cli_call *call, const ProtobufCMessage *message)
{
    const psd_cli_resource *resource = call->command->resource;
    PSD_AUTO(psd_cli_facts_free) psd_cli_facts facts = {.count = 0};
    size_t count = 0;
    PSD_AUTO_FREE const void **rows = psd_cli_rows(resource, message, &facts, &count);
    if (call->settings->output == PSD_CLI_NAME)
        print_names(resource, rows, count);
    else
        print_table(call, rows, count);
}

/* On stderr: it tells people how far to trust the list, and pipes stay clean. */
static void print_freshness(const psd_cli_call *call, const Polarrpc__V1__Observation *observation)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_color color = psd_cli_add_freshness(observation, psd_clock_unix_ms(), &text);
    psd_cli_say(&call->screen, color, psd_text_string(&text));
    for (size_t i = 0; i < observation->n_limitations; i++) {
        PSD_AUTO_TEXT line = PSD_TEXT_INIT;
        psd_text_add(&line, "limitation: ");
        psd_cli_add_safe(&line, observation->limitations[i]);
        psd_cli_say(&call->screen, PSD_CLI_YELLOW, psd_text_string(&line));
    }
}

int psd_cli_report_unknown(const psd_cli_call *call, const Polarrpc__V1__Observation *observation)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(&text, "pdctl: %s: ", call->command->resource->unknown);
    psd_cli_add_safe(&text,
                     observation && observation->reason[0] ? observation->reason : "no complete look yet");
    psd_text_printf(&text, ": %s", call->command->resource->hint);
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
    return PSD_CLI_NEGATIVE;
}

int psd_cli_show_resource(psd_cli_call *call, const ProtobufCMessage *message)
{
    const Polarrpc__V1__Observation *observation = psd_observation_of(message);
    psd_cli_format format = (psd_cli_format)call->settings->output;
    bool is_fresh = observation && observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    bool is_known = is_fresh || (observation && observation->state == POLARRPC__V1__OBSERVATION_STATE__STALE);
    bool is_document = format == PSD_CLI_JSON || format == PSD_CLI_YAML;
    if (is_document)
        psd_cli_print_message(message, format == PSD_CLI_YAML);
    if (!is_known)
        return psd_cli_report_unknown(call, observation);
    if (!is_document)
        print_rows(call, message);
    if (!is_fresh || format == PSD_CLI_TABLE || format == PSD_CLI_WIDE)
        print_freshness(call, observation);
    return PSD_CLI_OK;
}

int psd_cli_get(psd_cli_call *call, psd_error *error)
{
    const psd_cli_resource *resource = call->command->resource;
    if (psd_cli_wants_many(call->settings))
        return psd_cli_get_many(call, error);
    if (psd_cli_connect(call, error) < 0)
        return -1;
    ProtobufCMessage *request = resource->request(call->settings);
    ProtobufCMessage *response = NULL;
    int result = psd_client_call(call->client, resource->watch->get, request, NULL, &response, error);
    protobuf_c_message_free_unpacked(request, NULL);
    if (result < 0)
        return -1;
    result = psd_cli_show_resource(call, response);
    protobuf_c_message_free_unpacked(response, NULL);
    return result;
}
