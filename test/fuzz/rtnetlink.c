/* A datagram of rtnetlink, heard as an answer: links, addresses and routes, what is made of them,
 * and which of the addresses becomes the client's. */
#include <linux/rtnetlink.h>

#include "server/scan/net/client_address.h"
#include "server/scan/net/link.h"
#include "server/scan/netlink/message.h"
#include "test/fuzz/fuzz.h"

enum { SEQUENCE = 1, INDEX = 7 };

typedef struct heard {
    psd_addresses addresses;
    psd_route gateway;
} heard;

static int take_link(const psd_netlink_message *message, psd_error *error)
{
    psd_link link;
    const char *reason = NULL;
    if (psd_link_parse(message->payload, message->length, &link, error) < 0)
        return -1;
    must(link.name[0] && strlen(link.name) < sizeof(link.name));
    must(strlen(link.mac) < sizeof(link.mac) && strlen(link.kind) < sizeof(link.kind));
    must((psd_link_state(&link, &reason) == POLARSTACK__V1__LINK_STATE__LINK_UP) == (reason[0] == '\0'));
    must(psd_link_operstate_name(link.operstate)[0] && psd_link_bond_mode_name(link.bond_mode)[0]);
    return 0;
}

static int take_address(heard *all, const psd_netlink_message *message, psd_error *error)
{
    psd_address address;
    char text[INET6_ADDRSTRLEN];
    char scope[8];
    if (psd_address_parse(message->payload, message->length, &address, error) < 0)
        return -1;
    must(psd_address_text(&address, text)[0] && psd_address_scope_name(address.scope, scope)[0]);
    return psd_addresses_add(&all->addresses, &address, error);
}

static int take_route(heard *all, const psd_netlink_message *message, psd_error *error)
{
    psd_route route;
    char text[INET6_ADDRSTRLEN];
    if (psd_route_parse(message->payload, message->length, INDEX, &route, error) < 0)
        return -1;
    must(route.is_default || !route.is_through);
    must((psd_route_gateway_text(&route, text)[0] != '\0') == (route.gateway_family != 0));
    if (route.is_through)
        all->gateway = route;
    return 0;
}

static int take(void *arg, const psd_netlink_message *message, psd_error *error)
{
    switch (message->type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return take_link(message, error);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return take_address(arg, message, error);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return take_route(arg, message, error);
    default:
        return 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    heard all = {.addresses = {.items = NULL}};
    psd_error error = PSD_ERROR_INIT;
    char *datagram = fuzz_text(data, size); /* aligned, as the buffer is */
    psd_netlink_answer answer = {.sequence = SEQUENCE, .visit = take, .arg = &all};
    int result = psd_netlink_answer_read(&answer, datagram, size, &error);
    must(result == 0 || error.text[0]);
    const psd_client_question question = {
        .nic = "eth0", .addresses = &all.addresses, .gateway = &all.gateway};
    psd_client_answer client;
    psd_client_address_choose(&question, &client);
    must(client.reason[0] && (client.address == NULL) == (client.candidates == 0));
    must(!client.address || !psd_client_address_fault("eth0", client.address));
    psd_addresses_free(&all.addresses);
    free(datagram);
    return 0;
}
