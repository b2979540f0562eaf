/* net.c - how get and watch show the resource NodeNetStatus. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/clock.h"
#include "common/macros.h"
#include "polarstack/v1/node_net.rpc.h"

typedef Polarstack__V1__NodeNetStatus status;
typedef Polarstack__V1__ClientNic client_nic;
typedef Polarstack__V1__Bmc board;

/* "UP" of LINK_UP: what stands behind PREFIX. */
static void add_word(const ProtobufCEnumDescriptor *descriptor, int value, const char *prefix, psd_text *out)
{
    const char *name = psd_enum_name(descriptor, value);
    size_t length = strlen(prefix);
    if (!name) /* a newer daemon's */
        name = "UNKNOWN";
    psd_text_add(out, strncmp(name, prefix, length) == 0 ? name + length : name);
}

static void add_state(Polarstack__V1__LinkState state, psd_text *out)
{
    add_word(&polarstack__v1__link_state__descriptor, (int)state, "LINK_", out);
}

/* ---- the client NIC ---- */

static void add_name(const status *it, psd_cli_fact *fact)
{
    psd_cli_add_safe(&fact->value, it->client_nic->name);
    psd_cli_add_safe(&fact->source, it->client_nic->name_source);
}

static void add_nic_state(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    char since[PSD_CLOCK_TEXT_SIZE];
    add_state(nic->state, &fact->value);
    fact->color = nic->state == POLARSTACK__V1__LINK_STATE__LINK_UP     ? PSD_CLI_GREEN
                  : nic->state == POLARSTACK__V1__LINK_STATE__LINK_DOWN ? PSD_CLI_RED
                                                                        : PSD_CLI_YELLOW;
    psd_text_printf(&fact->source, "since %s", psd_clock_format(nic->state_since_ms, since));
    if (nic->state_reason[0]) {
        psd_text_add(&fact->source, ": ");
        psd_cli_add_safe(&fact->source, nic->state_reason);
    }
}

static void add_link(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    if (nic->index == 0)
        return;
    psd_text_printf(&fact->value, "admin %s, %scarrier, operstate ", nic->admin_up ? "up" : "down",
                    nic->carrier ? "" : "no ");
    psd_cli_add_safe(&fact->value, nic->operstate);
    psd_text_printf(&fact->source, "seen as ");
    add_state(nic->raw_state, &fact->source);
}

static void add_device(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    if (nic->index == 0)
        return;
    psd_text_printf(&fact->value, "%s", nic->speed_mbps > 0 ? "" : "speed not known");
    if (nic->speed_mbps > 0)
        psd_text_printf(&fact->value, "%" PRIu32 " Mbit/s", nic->speed_mbps);
    psd_text_printf(&fact->value, ", MTU %" PRIu32, nic->mtu);
    psd_text_printf(&fact->source, "index %" PRIu32, nic->index);
    if (nic->mac_address[0]) {
        psd_text_add(&fact->source, ", MAC ");
        psd_cli_add_safe(&fact->source, nic->mac_address);
    }
    if (nic->kind[0]) {
        psd_text_add(&fact->source, ", ");
        psd_cli_add_safe(&fact->source, nic->kind);
    }
    if (nic->parent[0]) {
        psd_text_add(&fact->source, " on ");
        psd_cli_add_safe(&fact->source, nic->parent);
    }
}

static void add_bond(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    if (!nic->bond_mode[0])
        return;
    psd_cli_add_safe(&fact->value, nic->bond_mode);
    for (size_t i = 0; i < nic->n_bond_members; i++) {
        psd_text_add(&fact->source, i == 0 ? "members " : ", ");
        psd_cli_add_safe(&fact->source, nic->bond_members[i]);
    }
    if (nic->n_bond_members == 0)
        psd_text_add(&fact->source, "no members");
}

static void add_gateway(const status *it, psd_cli_fact *fact)
{
    psd_cli_add_safe(&fact->value, it->client_nic->default_gateway);
}

static void add_client_address(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    psd_cli_add_safe(&fact->value, nic->client_address[0] ? nic->client_address : "none");
    if (!nic->client_address_present)
        fact->color = PSD_CLI_RED;
    if (nic->client_address[0] && !nic->client_address_present)
        psd_text_add(&fact->value, " (gone)");
    psd_cli_add_safe(&fact->source, nic->client_address_reason);
}

static void add_addresses(const status *it, psd_cli_fact *fact)
{
    const client_nic *nic = it->client_nic;
    for (size_t i = 0; i < nic->n_addresses; i++) {
        const Polarstack__V1__InterfaceAddress *address = nic->addresses[i];
        psd_text_add(&fact->value, i == 0 ? "" : ",");
        psd_cli_add_safe(&fact->value, address->address);
        psd_text_printf(&fact->value, "/%" PRIu32, address->prefix_length);
        psd_text_add(&fact->source, i == 0 ? "" : "; ");
        psd_cli_add_safe(&fact->source, address->address);
        psd_text_add(&fact->source, ": ");
        psd_cli_add_safe(&fact->source,
                         address->not_client_reason[0] ? address->not_client_reason : "the client address");
    }
}

/* ---- the BMC ---- */

static void add_bmc(const status *it, psd_cli_fact *fact)
{
    const board *bmc = it->bmc;
    char at[PSD_CLOCK_TEXT_SIZE];
    add_word(&polarstack__v1__bmc_state__descriptor, (int)bmc->state, "BMC_", &fact->value);
    if (bmc->state == POLARSTACK__V1__BMC_STATE__BMC_FAILED)
        fact->color = PSD_CLI_RED;
    psd_text_printf(&fact->source, "last answer: %s", psd_clock_format(bmc->observed_at_ms, at));
    if (bmc->error[0]) {
        psd_text_add(&fact->source, "; ");
        psd_cli_add_safe(&fact->source, bmc->error);
    }
}

static void add_bmc_address(const status *it, psd_cli_fact *fact)
{
    psd_cli_add_safe(&fact->value, it->bmc->address);
}

static void add_power(const status *it, psd_cli_fact *fact)
{
    if (it->bmc->power != POLARSTACK__V1__POWER_STATE__POWER_STATE_UNSPECIFIED)
        add_word(&polarstack__v1__power_state__descriptor, (int)it->bmc->power, "POWER_", &fact->value);
}

static const struct part {
    const char *name;
    void (*add)(const status *it, psd_cli_fact *fact);
    bool of_bmc;
} parts[] = {
    {"client_nic", add_name, false},
    {"state", add_nic_state, false},
    {"link", add_link, false},
    {"device", add_device, false},
    {"bond", add_bond, false},
    {"default_gateway", add_gateway, false},
    {"client_address", add_client_address, false},
    {"addresses", add_addresses, false},
    {"bmc", add_bmc, true},
    {"bmc_address", add_bmc_address, true},
    {"power", add_power, true},
};

static void add_facts(const ProtobufCMessage *message, psd_cli_facts *facts)
{
    const status *it = (const status *)message;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(parts); i++) {
        psd_cli_fact *fact = psd_cli_facts_add(facts, parts[i].name);
        bool is_there = parts[i].of_bmc ? it->bmc != NULL : it->client_nic != NULL;
        if (is_there)
            parts[i].add(it, fact);
        if (fact->value.length == 0)
            psd_text_add(&fact->value, "-"); /* a blank cell would look like a gap */
    }
}

static const psd_cli_column columns[] = {
    {"FIELD", false, 15, psd_cli_print_fact_name},
    {"VALUE", false, 24, psd_cli_print_fact_value},
    {"NOTE", true, 24, psd_cli_print_fact_source},
};

static ProtobufCMessage *make_request(const psd_cli_settings *settings PSD_UNUSED)
{
    Polarstack__V1__GetNodeNetStatusRequest *request = malloc(sizeof(*request));
    if (!request)
        abort();
    polarstack__v1__get_node_net_status_request__init(request);
    return &request->base;
}

const psd_cli_resource psd_cli_net = {
    .kind = "net",
    .unknown = "the networks of this node are not known",
    .hint = "see 'pdctl health'",
    .watch = &psd_node_net_methods[PSD_NODE_NET_METHOD_WATCH_NODE_NET_STATUS],
    .columns = columns,
    .column_count = PSD_ARRAY_SIZE(columns),
    .request = make_request,
    .add_facts = add_facts,
};
