/* config.c - how get and watch show the resource NodeConfig. */
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/resource.h"
#include "common/macros.h"
#include "common/node_config_part.h"
#include "polarstack/v1/node_config.rpc.h"

typedef Polarstack__V1__NodeConfig config;

enum { SHOWN_VERSIONS = 8 };

static void add_port_ranges(const config *it, psd_text *out)
{
    for (size_t i = 0; i < it->n_port_ranges; i++) {
        const Polarstack__V1__PortRange *range = it->port_ranges[i];
        psd_text_printf(out, "%s%u", i > 0 ? "," : "", range->first);
        if (range->last != range->first)
            psd_text_printf(out, "-%u", range->last);
    }
}

static void add_publish_ports(const config *it, psd_text *out)
{
    psd_text_add(out, it->publish_ports ? "true" : "false");
}

static void add_client_nic(const config *it, psd_text *out)
{
    psd_cli_add_safe(out, it->client_nic);
}

static void add_check_bmc(const config *it, psd_text *out)
{
    psd_text_add(out, it->check_bmc ? "true" : "false");
}

static void add_ssh_user(const config *it, psd_text *out)
{
    psd_cli_add_safe(out, it->ssh_user);
}

static void add_core_versions(const config *it, psd_text *out)
{
    size_t count = it->n_core_versions;
    psd_text_printf(out, "%zu", count);
    for (size_t i = 0; i < count && i < SHOWN_VERSIONS; i++) {
        psd_text_add(out, i == 0 ? ": " : ",");
        psd_cli_add_safe(out, it->core_versions[i]->name);
    }
    if (count > SHOWN_VERSIONS)
        psd_text_printf(out, " and %zu more", count - SHOWN_VERSIONS);
}

static const struct part {
    const char *name;
    void (*add_value)(const config *it, psd_text *out);
} parts[] = {
    {"port_ranges", add_port_ranges}, {"publish_ports", add_publish_ports},
    {"client_nic", add_client_nic},   {"check_bmc", add_check_bmc},
    {"ssh_user", add_ssh_user},       {"core_versions", add_core_versions},
};

static void add_fact(const config *it, const struct part *part, psd_cli_facts *facts)
{
    const Polarstack__V1__ConfigProvenance *from = psd_node_config_part(it, part->name);
    psd_cli_fact *fact = psd_cli_facts_add(facts, part->name);
    if (from) {
        part->add_value(it, &fact->value);
        psd_cli_add_safe(&fact->source, from->source);
        psd_cli_add_safe(&fact->version, from->resource_version);
        psd_cli_add_safe(&fact->stale, from->stale_reason);
        fact->read_at_ms = from->read_at_ms;
    }
    if (fact->value.length == 0) {
        psd_text_add(&fact->value, "not known");
        fact->color = PSD_CLI_YELLOW;
    }
}

static void add_facts(const ProtobufCMessage *message, psd_cli_facts *facts)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(parts); i++)
        add_fact((const config *)message, &parts[i], facts);
}

static const psd_cli_column columns[] = {
    {"FIELD", false, 13, psd_cli_print_fact_name},    {"VALUE", false, 24, psd_cli_print_fact_value},
    {"SOURCE", false, 40, psd_cli_print_fact_source}, {"VERSION", true, 8, psd_cli_print_fact_version},
    {"AGE", false, 6, psd_cli_print_fact_age},
};

static ProtobufCMessage *make_request(const psd_cli_settings *settings PSD_UNUSED)
{
    Polarstack__V1__GetNodeConfigRequest *request = malloc(sizeof(*request));
    if (!request)
        abort();
    polarstack__v1__get_node_config_request__init(request);
    return &request->base;
}

const psd_cli_resource psd_cli_config = {
    .kind = "config",
    .unknown = "the configuration of this node is not known",
    .hint = "it comes from the cluster, by ApplyNodeConfig",
    .watch = &psd_node_config_methods[PSD_NODE_CONFIG_METHOD_WATCH_NODE_CONFIG],
    .columns = columns,
    .column_count = PSD_ARRAY_SIZE(columns),
    .request = make_request,
    .add_facts = add_facts,
};
