#include "server/scan/net/net_message.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* protobuf-c has no const. */
static char *lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

static int compare_addresses(const void *left, const void *right)
{
    const psd_address *const *a = left;
    const psd_address *const *b = right;
    return psd_address_compare(*a, *b);
}

static void *array(void *old, size_t count, size_t size, psd_error *error)
{
    void *made = old ? old : calloc(count, size);
    if (!made)
        psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the addresses");
    return made;
}

/* Room for the pointers of all COUNT addresses and for those that are listed. */
static int reserve(psd_net_message *message, size_t count, psd_error *error)
{
    if (count > message->sorted_capacity) {
        free(message->sorted);
        message->sorted = NULL;
        message->sorted_capacity = 0;
    }
    if (!message->sorted) {
        message->sorted = array(NULL, count + 1, sizeof(*message->sorted), error);
        message->sorted_capacity = message->sorted ? count : 0;
    }
    message->addresses = array(message->addresses, PSD_NET_ADDRESSES_MAX, sizeof(*message->addresses), error);
    message->address_pointers = array(message->address_pointers, PSD_NET_ADDRESSES_MAX,
                                      sizeof(*message->address_pointers), error);
    message->texts = array(message->texts, PSD_NET_ADDRESSES_MAX, sizeof(*message->texts), error);
    return message->sorted && message->addresses && message->address_pointers && message->texts ? 0 : -1;
}

static void limit(psd_net_message *message, size_t *count, size_t most, const char *what)
{
    if (*count <= most)
        return;
    char *text = message->limitation_texts[message->limitation_count];
    snprintf(text, sizeof(message->limitation_texts[0]), "%s has %zu %s: only %zu of them are listed",
             message->name, *count, what, most);
    message->limitations[message->limitation_count++] = text;
    *count = most;
}

static const char *why_not_client(const psd_net_facts *facts, const psd_address *address)
{
    const psd_address_hold *client = facts->address;
    if (client->present && psd_client_address_same(address, &client->address))
        return "";
    const char *fault = psd_client_address_fault(facts->view->link.name, address);
    return fault ? fault : "another one is the client address";
}

static int fill_addresses(psd_net_message *message, const psd_net_facts *facts, psd_error *error)
{
    const psd_addresses *all = &facts->view->addresses;
    size_t count = all->count;
    if (count == 0)
        return 0;
    if (reserve(message, count, error) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        message->sorted[i] = &all->items[i];
    qsort(message->sorted, count, sizeof(const psd_address *), compare_addresses);
    limit(message, &count, PSD_NET_ADDRESSES_MAX, "addresses");
    for (size_t i = 0; i < count; i++) {
        const psd_address *from = message->sorted[i];
        Polarstack__V1__InterfaceAddress *to = &message->addresses[i];
        psd_net_address_texts *texts = &message->texts[i];
        polarstack__v1__interface_address__init(to);
        to->address = lend(psd_address_text(from, texts->address));
        to->scope = lend(psd_address_scope_name(from->scope, texts->scope));
        to->prefix_length = from->prefix_length;
        to->secondary = from->family == AF_INET && (from->flags & IFA_F_SECONDARY);
        to->label = lend(from->label);
        to->not_client_reason = lend(why_not_client(facts, from));
        message->address_pointers[i] = to;
    }
    message->nic.addresses = message->address_pointers;
    message->nic.n_addresses = count;
    return 0;
}

static void fill_members(psd_net_message *message, const psd_nic_names *names)
{
    size_t count = names->count;
    limit(message, &count, PSD_NET_MEMBERS_MAX, "members");
    for (size_t i = 0; i < count; i++)
        message->members[i] = names->items[i];
    message->nic.bond_members = message->members;
    message->nic.n_bond_members = count;
}

static int fill_link(psd_net_message *message, const psd_net_facts *facts, psd_error *error)
{
    const psd_nic_view *view = facts->view;
    Polarstack__V1__ClientNic *nic = &message->nic;
    nic->index = view->link.index;
    nic->operstate = lend(psd_link_operstate_name(view->link.operstate));
    nic->carrier = view->link.carrier;
    nic->admin_up = (view->link.flags & IFF_UP) != 0;
    nic->mac_address = lend(view->link.mac);
    nic->mtu = view->link.mtu;
    nic->speed_mbps = view->speed_mbps;
    nic->kind = lend(view->link.kind);
    nic->parent = lend(view->parent);
    nic->default_gateway = lend(psd_route_gateway_text(&view->gateway, message->gateway));
    if (view->link.is_bond)
        nic->bond_mode = lend(psd_link_bond_mode_name(view->link.bond_mode));
    fill_members(message, &view->members);
    return fill_addresses(message, facts, error);
}

static void fill_client_address(psd_net_message *message, const psd_address_hold *address)
{
    message->nic.client_address_reason = lend(address->reason);
    message->nic.client_address_present = address->present;
    if (address->known)
        message->nic.client_address = lend(psd_address_text(&address->address, message->client_address));
}

int psd_net_message_fill(psd_net_message *message, const psd_net_facts *facts, psd_error *error)
{
    polarstack__v1__node_net_status__init(&message->status);
    polarstack__v1__client_nic__init(&message->nic);
    message->limitation_count = 0;
    message->status.client_nic = &message->nic;
    message->status.bmc = facts->bmc;
    if (facts->view->exists)
        memcpy(message->name, facts->view->link.name, sizeof(message->name));
    else
        psd_interface_name_base(facts->choice->text, message->name);
    message->nic.name = message->name;
    message->nic.name_source = lend(facts->choice->source);
    message->nic.state = facts->state->shown;
    message->nic.raw_state = facts->raw_state;
    message->nic.state_reason = lend(facts->state_reason);
    message->nic.state_since_ms = facts->state_since_ms;
    fill_client_address(message, facts->address);
    return facts->view->exists ? fill_link(message, facts, error) : 0;
}

void psd_net_message_free(psd_net_message *message)
{
    free(message->sorted);
    free(message->addresses);
    free(message->address_pointers);
    free(message->texts);
}
