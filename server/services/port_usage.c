#include <stdlib.h>

#include "common/cleanup.h"
#include "common/rpc/background.h"
#include "server/scan/port/explain.h"
#include "server/scanners.h"
#include "server/services/handlers.h"
#include "server/store/page.h"

static void release(const psd_snapshot **snapshot)
{
    psd_snapshot_release(*snapshot);
}

static int read_ranges(const Polarstack__V1__GetPortUsageRequest *request, psd_port_set *set,
                       psd_error *error)
{
    psd_port_set_clear(set);
    for (size_t i = 0; i < request->n_ranges; i++) {
        const Polarstack__V1__PortRange *range = request->ranges[i];
        if (range->first < 1 || range->last > PSD_PORT_MAX || range->last < range->first)
            return psd_error_set(error, PSD_INVALID_ARGUMENT,
                                 "ranges[%zu] is %u-%u: ports are 1 to %d, first to last", i, range->first,
                                 range->last, PSD_PORT_MAX);
        psd_port_set_add(set, range->first, range->last);
    }
    return 0;
}

static bool is_in(const void *arg, const ProtobufCMessage *item)
{
    return psd_port_set_has(arg, ((const Polarstack__V1__Port *)item)->port);
}

static void get_port_usage(psd_call *call, const Polarstack__V1__GetPortUsageRequest *request, void *arg)
{
    PSD_AUTO(release)
    const psd_snapshot *snapshot = psd_topic_snapshot(((psd_daemon *)arg)->topics[PSD_TOPIC_PORT_USAGE]);
    psd_error error = PSD_ERROR_INIT;
    psd_port_set ranges;
    if (read_ranges(request, &ranges, &error) < 0) {
        psd_call_fail(call, &error);
        return;
    }
    const psd_page_wish wish = {.field = 3,
                                .wants = request->n_ranges > 0 ? is_in : NULL,
                                .arg = &ranges,
                                .page_size = request->page_size,
                                .token = request->page_token};
    psd_page_reply(call, snapshot, &wish);
}

/* An ExplainPort under way. */
typedef struct explanation {
    psd_call *call;
    psd_daemon *daemon;
    uint32_t port;
} explanation;

static void explain(void *arg)
{
    PSD_AUTO_FREE explanation *todo = arg;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__PortExplanation *answer = NULL;
    psd_port_set scanned;
    psd_port_ranges_get(&todo->daemon->port_ranges, &scanned);
    if (psd_port_explain(todo->port, &scanned, psd_call_deadline(todo->call), &answer, &error) < 0) {
        psd_call_fail(todo->call, &error);
        return;
    }
    /* The string of the message is its own: lend it ours for the reply only. */
    char *own = answer->node;
    answer->node = (char *)(uintptr_t)todo->daemon->node;
    psd_port_usage_explain_port_reply(todo->call, answer);
    answer->node = own;
    polarstack__v1__port_explanation__free_unpacked(answer, NULL);
}

static void explain_port(psd_call *call, const Polarstack__V1__ExplainPortRequest *request, void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    if (request->port < 1 || request->port > PSD_PORT_MAX) {
        psd_error_set(&error, PSD_INVALID_ARGUMENT, "port %u: ports are 1 to %d", request->port,
                      PSD_PORT_MAX);
        psd_call_fail(call, &error);
        return;
    }
    explanation *todo = malloc(sizeof(*todo));
    if (todo)
        *todo = (explanation){.call = call, .daemon = arg, .port = request->port};
    else
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (!todo || psd_background_run(explain, todo, &error) < 0) {
        free(todo);
        psd_call_fail(call, &error);
    }
}

/* A ScanPorts that waits for its scan. */
typedef struct scan_question {
    psd_call *call;
    psd_topic *topic;
} scan_question;

static void scan_done(void *arg, const psd_error *error)
{
    PSD_AUTO_FREE scan_question *question = arg;
    if (error) {
        psd_call_fail(question->call, error);
        return;
    }
    PSD_AUTO(release) const psd_snapshot *snapshot = psd_topic_snapshot(question->topic);
    Polarstack__V1__ScanPortsResponse answer = POLARSTACK__V1__SCAN_PORTS_RESPONSE__INIT;
    answer.observation = ((const Polarstack__V1__PortUsage *)snapshot->message)->observation;
    psd_port_usage_scan_ports_reply(question->call, &answer);
}

static void scan_ports(psd_call *call, const Polarstack__V1__ScanPortsRequest *request PSD_UNUSED, void *arg)
{
    psd_watched *watched = psd_scanners_find(arg, "port");
    scan_question *question = malloc(sizeof(*question));
    if (question)
        *question = (scan_question){.call = call, .topic = watched->topic};
    if (!question || psd_scanner_ask(watched->scanner, scan_done, question) == 0) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        psd_call_fail(call, &error);
        free(question);
    }
}

const psd_port_usage_handlers psd_daemon_port_usage_handlers = {
    .get_port_usage = get_port_usage,
    .explain_port = explain_port,
    .scan_ports = scan_ports,
};
