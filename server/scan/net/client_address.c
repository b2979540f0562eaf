#include "server/scan/net/client_address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

const char *psd_client_address_fault(const char *nic, const psd_address *address)
{
    const uint8_t *bytes = address->bytes;
    if (address->family != AF_INET)
        return "IPv6";
    if (bytes[0] == 127)
        return "loopback";
    if (bytes[0] == 169 && bytes[1] == 254)
        return "link-local";
    if (bytes[0] == 0 || bytes[0] >= 224)
        return "no address of a host";
    if (address->scope != RT_SCOPE_UNIVERSE)
        return "its scope is not global";
    if (address->flags & IFA_F_SECONDARY)
        return "secondary";
    if (address->prefix_length == 32)
        return "a VIP: its prefix is /32";
    if (address->label[0] && strcmp(address->label, nic) != 0)
        return "a VIP: it has a label of its own";
    return NULL;
}

bool psd_client_address_same(const psd_address *a, const psd_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool in_gateway_network(const psd_address *address, const psd_route *gateway)
{
    uint32_t own = 0;
    uint32_t other = 0;
    if (!gateway->is_through || gateway->gateway_family != AF_INET)
        return false;
    memcpy(&own, address->bytes, sizeof(own));
    memcpy(&other, gateway->gateway, sizeof(other));
    uint32_t mask = address->prefix_length == 0 ? 0 : htonl(UINT32_MAX << (32 - address->prefix_length));
    return ((own ^ other) & mask) == 0;
}

static unsigned rank(const psd_address *address, const psd_route *gateway)
{
    return ((address->flags & IFA_F_DEPRECATED) ? 2U : 0U) + (in_gateway_network(address, gateway) ? 0U : 1U);
}

/* What the order alone would choose, and by which rule. */
static const psd_address *first_by_order(const psd_client_question *question, size_t *candidates,
                                         const char **rule)
{
    const psd_address *first = NULL;
    unsigned best = 0;
    *candidates = 0;
    for (size_t i = 0; i < question->addresses->count; i++) {
        const psd_address *it = &question->addresses->items[i];
        if (psd_client_address_fault(question->nic, it))
            continue;
        unsigned its_rank = rank(it, question->gateway);
        ++*candidates;
        if (!first || its_rank < best) {
            *rule = !first                    ? "it was added first"
                    : its_rank / 2 < best / 2 ? "it is not deprecated"
                                              : "it is in the default gateway's network";
            first = it;
            best = its_rank;
        } else if (its_rank > best) {
            *rule = its_rank / 2 > best / 2 ? "it is not deprecated"
                                            : "it is in the default gateway's network";
        }
    }
    return first;
}

static const psd_address *find_current(const psd_client_question *question)
{
    for (size_t i = 0; question->current && i < question->addresses->count; i++) {
        const psd_address *it = &question->addresses->items[i];
        if (psd_client_address_same(it, question->current) && !psd_client_address_fault(question->nic, it))
            return it;
    }
    return NULL;
}

static void explain_none(const psd_client_question *question, psd_client_answer *answer)
{
    size_t count = question->addresses->count;
    if (count == 0)
        snprintf(answer->reason, sizeof(answer->reason), "%s has no address", question->nic);
    else
        snprintf(answer->reason, sizeof(answer->reason),
                 "%s has no primary global IPv4 address that is no VIP; it has %zu %s", question->nic, count,
                 count == 1 ? "address of another kind" : "addresses of other kinds");
}

void psd_client_address_choose(const psd_client_question *question, psd_client_answer *answer)
{
    const char *rule = "";
    const psd_address *first = first_by_order(question, &answer->candidates, &rule);
    const psd_address *current = find_current(question);
    answer->address = current ? current : first;
    if (!answer->address) {
        explain_none(question, answer);
        return;
    }
    if (answer->candidates == 1) {
        snprintf(answer->reason, sizeof(answer->reason), "the only primary global IPv4 address of %s",
                 question->nic);
        return;
    }
    if (answer->address != first)
        rule = "it is in use and stays so while it exists";
    snprintf(answer->reason, sizeof(answer->reason), "of %zu primary global IPv4 addresses of %s: %s",
             answer->candidates, question->nic, rule);
}
