#include "client/pdctl/ports.h"

#include <stdlib.h>
#include <string.h>

#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/clock.h"
#include "common/parse.h"
#include "common/port_set.h"
#include "polarstack/v1/port_usage.rpc.h"

typedef Polarstack__V1__Port port;

static const port *as_port(const void *row)
{
    return row;
}

/* ---- cells ---- */

static void add_listed(psd_text *out, bool applies, const char *name)
{
    if (applies)
        psd_text_printf(out, "%s%s", out->length > 0 ? "," : "", name);
}

static psd_cli_color print_number(const void *row, psd_text *cell)
{
    psd_text_printf(cell, "%u", as_port(row)->port);
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_protocols(const void *row, psd_text *cell)
{
    const port *it = as_port(row);
    add_listed(cell, it->tcp4 || it->tcp6, "tcp");
    add_listed(cell, it->udp4 || it->udp6, "udp");
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_families(const void *row, psd_text *cell)
{
    const port *it = as_port(row);
    add_listed(cell, it->tcp4 || it->udp4, "ipv4");
    add_listed(cell, it->tcp6 || it->udp6, "ipv6");
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_sockets(const void *row, psd_text *cell)
{
    const port *it = as_port(row);
    add_listed(cell, it->tcp4, "tcp4");
    add_listed(cell, it->tcp6, "tcp6");
    add_listed(cell, it->udp4, "udp4");
    add_listed(cell, it->udp6, "udp6");
    return PSD_CLI_PLAIN;
}

static const char *class_name(Polarstack__V1__PortClass class)
{
    if (class == POLARSTACK__V1__PORT_CLASS__PORT_CLASS_UNSPECIFIED)
        return "none";
    const char *name = psd_enum_name(&polarstack__v1__port_class__descriptor, (int)class);
    return name ? name : "unknown"; /* a newer daemon's */
}

static psd_cli_color print_class(const void *row, psd_text *cell)
{
    psd_text_add(cell, class_name(as_port(row)->class_));
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_verdict(Polarstack__V1__BindVerdict verdict, psd_text *cell)
{
    switch (verdict) {
    case POLARSTACK__V1__BIND_VERDICT__BINDABLE:
        psd_text_add(cell, "yes");
        return PSD_CLI_GREEN;
    case POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE:
        psd_text_add(cell, "no");
        return PSD_CLI_PLAIN;
    default:
        psd_text_add(cell, "unknown");
        return PSD_CLI_YELLOW;
    }
}

static psd_cli_color print_bindable(const void *row, psd_text *cell)
{
    return print_verdict(as_port(row)->bindable, cell);
}

static psd_cli_color print_bindable_ipv4(const void *row, psd_text *cell)
{
    return print_verdict(as_port(row)->bindable_ipv4, cell);
}

static const psd_cli_column columns[] = {
    {"PORT", false, 5, print_number},       {"PROTOCOLS", false, 7, print_protocols},
    {"FAMILIES", false, 9, print_families}, {"CLASS", false, 9, print_class},
    {"BINDABLE", false, 7, print_bindable}, {"BINDABLE-IPV4", false, 7, print_bindable_ipv4},
    {"SOCKETS", true, 4, print_sockets},
};

/* ---- selection ---- */

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        abort();
    return memory;
}

/* One message a run of ports. TEXT was accepted by the options already. */
static void add_ranges(Polarstack__V1__GetPortUsageRequest *request, const char *text)
{
    psd_port_set set = {{0}};
    psd_error error = PSD_ERROR_INIT;
    if (psd_port_set_parse(&set, text, &error) < 0)
        abort();
    psd_port_range run;
    for (unsigned from = 0; psd_port_set_next(&set, from, &run); from = run.last + 1U)
        request->n_ranges++;
    request->ranges = allocate(request->n_ranges * sizeof(*request->ranges));
    size_t i = 0;
    for (unsigned from = 0; psd_port_set_next(&set, from, &run); from = run.last + 1U) {
        Polarstack__V1__PortRange *range = allocate(sizeof(*range));
        polarstack__v1__port_range__init(range);
        range->first = run.first;
        range->last = run.last;
        request->ranges[i++] = range;
    }
}

static ProtobufCMessage *make_request(const psd_cli_settings *settings)
{
    Polarstack__V1__GetPortUsageRequest *request = allocate(sizeof(*request));
    polarstack__v1__get_port_usage_request__init(request);
    if (settings->ranges)
        add_ranges(request, settings->ranges);
    return &request->base;
}

static bool selects(const ProtobufCMessage *message, const ProtobufCMessage *element)
{
    const Polarstack__V1__GetPortUsageRequest *request = (const Polarstack__V1__GetPortUsageRequest *)message;
    uint32_t number = as_port(element)->port;
    for (size_t i = 0; i < request->n_ranges; i++) {
        if (number >= request->ranges[i]->first && number <= request->ranges[i]->last)
            return true;
    }
    return request->n_ranges == 0;
}

const psd_cli_resource psd_cli_ports = {
    .kind = "port",
    .unknown = "the ports of this host are not known",
    .hint = "see 'pdctl health'",
    .watch = &psd_port_usage_methods[PSD_PORT_USAGE_METHOD_WATCH_PORT_USAGE],
    .columns = columns,
    .column_count = PSD_ARRAY_SIZE(columns),
    .request = make_request,
    .selects = selects,
};

/* ---- scan ports ---- */

int psd_cli_scan_ports(psd_cli_call *call, psd_error *error)
{
    if (psd_cli_connect(call, error) < 0)
        return -1;
    Polarstack__V1__ScanPortsRequest request = POLARSTACK__V1__SCAN_PORTS_REQUEST__INIT;
    Polarstack__V1__ScanPortsResponse *response = NULL;
    if (psd_port_usage_scan_ports(call->client, &request, NULL, &response, error) < 0)
        return -1;
    protobuf_c_message_free_unpacked(&response->base, NULL);
    return psd_cli_get(call, error);
}

/* ---- why port ---- */

static void print_line(const char *label, const psd_text *text)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_cli_add_field(&line, label, psd_text_string(text));
    fputs(psd_text_string(&line), stdout);
}

static void print_process(const Polarstack__V1__PortProcess *process)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    char started[PSD_CLOCK_TEXT_SIZE];
    psd_text_printf(&text, "pid %d (", process->pid);
    psd_cli_add_safe(&text, process->name);
    psd_text_printf(&text, "), started %s", psd_clock_format(process->started_at_ms, started));
    if (process->pod_uid[0]) {
        psd_text_add(&text, ", pod ");
        psd_cli_add_safe(&text, process->pod_uid);
    }
    print_line("  process:", &text);
    if (process->command[0]) {
        PSD_AUTO_TEXT command = PSD_TEXT_INIT;
        psd_cli_add_safe(&command, process->command);
        print_line("  command:", &command);
    }
}

static void add_address(psd_text *out, const char *address, uint32_t number)
{
    bool is_ipv6 = strchr(address, ':') != NULL;
    psd_text_add(out, is_ipv6 ? "[" : "");
    psd_cli_add_safe(out, address);
    psd_text_printf(out, "%s:%u", is_ipv6 ? "]" : "", number);
}

static void print_socket(const Polarstack__V1__PortSocket *socket, uint32_t number)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_add_safe(&text, socket->protocol);
    psd_text_add(&text, " ");
    add_address(&text, socket->local_address, number);
    if (socket->remote_address[0]) {
        psd_text_add(&text, " to ");
        add_address(&text, socket->remote_address, socket->remote_port);
    }
    psd_text_add(&text, ", ");
    psd_cli_add_safe(&text, socket->state);
    psd_text_printf(&text, ", uid %u", socket->uid);
    if (socket->inode != 0)
        psd_text_printf(&text, ", inode %u", socket->inode);
    if (socket->reuse_address_known)
        psd_text_add(&text, socket->reuse_address ? ", SO_REUSEADDR" : ", no SO_REUSEADDR");
    print_line("socket:", &text);
    for (size_t i = 0; i < socket->n_processes; i++)
        print_process(socket->processes[i]);
}

static void print_verdicts(const port *it)
{
    PSD_AUTO_TEXT class = PSD_TEXT_INIT;
    PSD_AUTO_TEXT bindable = PSD_TEXT_INIT;
    psd_text_add(&class, class_name(it->class_));
    print_verdict(it->bindable, &bindable);
    psd_text_add(&bindable, " (dual stack), ");
    print_verdict(it->bindable_ipv4, &bindable);
    psd_text_add(&bindable, " (IPv4 only)");
    print_line("class:", &class);
    print_line("bindable:", &bindable);
}

static void print_kernel_range(const Polarstack__V1__PortExplanation *it)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    if (!it->in_local_port_range)
        psd_text_add(&text, "the kernel does not hand it out by itself: outside ip_local_port_range");
    else if (it->locally_reserved)
        psd_text_add(&text, "the kernel does not hand it out by itself: in ip_local_reserved_ports");
    else
        psd_text_add(&text, "the kernel may hand it out to any outgoing connection: in ip_local_port_range");
    if (it->local_port_range)
        psd_text_printf(&text, " (%u-%u)", it->local_port_range->first, it->local_port_range->last);
    print_line("by the kernel:", &text);
}

static void print_explanation(const psd_cli_call *call, const Polarstack__V1__PortExplanation *it,
                              uint32_t number)
{
    PSD_AUTO_TEXT summary = PSD_TEXT_INIT;
    psd_cli_add_safe(&summary, it->summary);
    psd_text_add(&summary, "\n");
    psd_cli_put(&call->screen, stdout, PSD_CLI_BOLD, psd_text_string(&summary));
    if (it->port)
        print_verdicts(it->port);
    print_kernel_range(it);
    PSD_AUTO_TEXT scanned = PSD_TEXT_INIT;
    psd_text_add(&scanned, it->scanned ? "yes: 'pdctl get ports' lists it while it is in use"
                                       : "no: it lies outside the ranges that the daemon looks at");
    print_line("scanned:", &scanned);
    for (size_t i = 0; i < it->n_sockets; i++)
        print_socket(it->sockets[i], number);
    if (it->processes_hidden_reason[0]) {
        PSD_AUTO_TEXT hidden = PSD_TEXT_INIT;
        psd_text_add(&hidden, "hidden: ");
        psd_cli_add_safe(&hidden, it->processes_hidden_reason);
        print_line("processes:", &hidden);
    }
}

int psd_cli_why_port(psd_cli_call *call, psd_error *error)
{
    uint64_t number = 0;
    if (psd_parse_uint(call->operands[0], 1, PSD_PORT_MAX, &number, error) < 0)
        return psd_error_prefix(error, "port");
    if (psd_cli_connect(call, error) < 0)
        return -1;
    Polarstack__V1__ExplainPortRequest request = POLARSTACK__V1__EXPLAIN_PORT_REQUEST__INIT;
    request.port = (uint32_t)number;
    Polarstack__V1__PortExplanation *response = NULL;
    if (psd_port_usage_explain_port(call->client, &request, NULL, &response, error) < 0)
        return -1;
    if (call->settings->output == PSD_CLI_TEXT)
        print_explanation(call, response, request.port);
    else
        psd_cli_print_message(&response->base, call->settings->output == PSD_CLI_TEXT_YAML);
    protobuf_c_message_free_unpacked(&response->base, NULL);
    return PSD_CLI_OK;
}
