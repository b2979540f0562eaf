/* many.c - finds many daemons and asks them. */
#include "client/pdctl/many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/rpc/endpoint.h"
#include "polarrpc/v1/observation.pb-c.h"
#include "polarstack/v1/cluster.rpc.h"

bool psd_cli_wants_many(const psd_cli_settings *settings)
{
    return settings->all_nodes || settings->nodes;
}

const char *psd_cli_target_name(const psd_cli_target *target)
{
    return target->node[0] ? target->node : target->url;
}

void psd_cli_targets_free(psd_cli_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        psd_answers_free(&targets->items[i].answer, 1);
        free(targets->items[i].node);
        free(targets->items[i].url);
    }
    free(targets->items);
    *targets = (psd_cli_targets){.items = NULL};
}

/* ---- which ---- */

static void add(psd_cli_targets *targets, const char *node, const char *url)
{
    psd_cli_target *longer = realloc(targets->items, (targets->count + 1) * sizeof(*longer));
    if (!longer)
        abort();
    targets->items = longer;
    targets->items[targets->count++] = (psd_cli_target){psd_text_copy(node), psd_text_copy(url), {NULL}};
}

static int read_urls(const char *list, psd_cli_targets *targets, psd_error *error)
{
    PSD_AUTO_FREE char *copy = psd_text_copy(list);
    char *rest = copy;
    for (const char *url = strsep(&rest, ","); url; url = strsep(&rest, ",")) {
        psd_endpoint endpoint;
        if (psd_endpoint_parse(url, &endpoint, error) < 0)
            return psd_error_prefix(error, "--nodes");
        add(targets, "", url);
    }
    return 0;
}

static int list_nodes(psd_cli_call *call, psd_cli_targets *targets, psd_error *error)
{
    if (psd_cli_connect_bridge(call, error) < 0)
        return -1;
    Polarstack__V1__ListNodesRequest request = POLARSTACK__V1__LIST_NODES_REQUEST__INIT;
    Polarstack__V1__ClusterNodes *nodes = NULL;
    request.list_only = true;
    if (psd_cluster_list_nodes(call->client, &request, NULL, &nodes, error) < 0)
        return -1;
    for (size_t i = 0; i < nodes->n_nodes; i++)
        add(targets, nodes->nodes[i]->node, nodes->nodes[i]->url);
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
    return 0;
}

int psd_cli_targets_check(const psd_cli_settings *settings, psd_error *error)
{
    if ((settings->url != NULL) + (settings->nodes != NULL) + settings->all_nodes > 1)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "--url, --nodes and --all-nodes exclude each other: give one");
    return 0;
}

int psd_cli_targets_find(psd_cli_call *call, psd_cli_targets *targets, psd_error *error)
{
    const psd_cli_settings *settings = call->settings;
    if (psd_cli_targets_check(settings, error) < 0)
        return -1;
    return settings->nodes ? read_urls(settings->nodes, targets, error) : list_nodes(call, targets, error);
}

/* ---- asking ---- */

typedef struct progress {
    size_t done;
    size_t count;
} progress;

void psd_cli_show_progress(size_t done, size_t count)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu of %zu nodes", done, count);
    if (done == count)
        psd_cli_clear_progress();
}

void psd_cli_clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\x1b[K", stderr);
}

static void show_progress(void *arg, size_t index PSD_UNUSED, const psd_answer *answer PSD_UNUSED)
{
    progress *p = arg;
    psd_cli_show_progress(++p->done, p->count);
}

/* NULL: a message that has none, or came without one. */
static const Polarrpc__V1__Observation *observation_in(const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        message->descriptor, "observation");
    if (!field || field->descriptor != &polarrpc__v1__observation__descriptor)
        return NULL;
    return *(Polarrpc__V1__Observation **)((uintptr_t)message + field->offset);
}

/* The answer says whose it is; a name that is known already must agree. */
static void check_name(psd_cli_target *target)
{
    const Polarrpc__V1__Observation *observation = target->answer.response
                                                       ? observation_in(target->answer.response)
                                                       : NULL;
    if (!observation || !observation->node[0] || strcmp(observation->node, target->node) == 0)
        return;
    if (target->node[0]) {
        psd_error_set(&target->answer.error, PSD_FAILED_PRECONDITION,
                      "%s answers as node '%s': is its address in use by another one?", target->url,
                      observation->node);
        psd_answers_free(&target->answer, 1);
        return;
    }
    free(target->node);
    target->node = psd_text_copy(observation->node);
}

void psd_cli_targets_ask(const psd_cli_call *call, psd_cli_targets *targets, const psd_method *method,
                         const ProtobufCMessage *request)
{
    PSD_AUTO_FREE const char **urls = calloc(targets->count + 1, sizeof(*urls));
    PSD_AUTO_FREE psd_cli_target **asked = calloc(targets->count + 1, sizeof(*asked));
    PSD_AUTO_FREE psd_answer *answers = calloc(targets->count + 1, sizeof(*answers));
    size_t count = 0;
    if (!urls || !asked || !answers)
        abort();
    for (size_t i = 0; i < targets->count; i++) {
        psd_cli_target *target = &targets->items[i];
        asked[count] = target;
        urls[count] = target->url;
        count += target->url[0] != '\0';
        if (!target->url[0])
            psd_error_set(&target->answer.error, PSD_UNAVAILABLE, "its pod has no address yet");
    }
    progress p = {.count = count};
    psd_question question = {.method = method,
                             .request = request,
                             .timeout_ms = (uint32_t)call->settings->timeout_ms,
                             .answered = show_progress,
                             .arg = &p};
    psd_ask_many(&question, urls, count, answers);
    for (size_t i = 0; i < count; i++) {
        asked[i]->answer = answers[i];
        check_name(asked[i]);
    }
}

void psd_cli_target_report(const psd_cli_call *call, const psd_cli_target *target)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, "pdctl: ");
    psd_cli_add_safe(&text, psd_cli_target_name(target));
    psd_text_printf(&text, ": %s: ", psd_code_name(target->answer.error.code));
    psd_cli_add_safe(&text, target->answer.error.text);
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
}
