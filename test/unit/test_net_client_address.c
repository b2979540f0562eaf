/* Which address is the client address: a table of what a NIC may have. */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/macros.h"
#include "server/scan/net/client_address.h"
#include "test/support/check.h"

enum { MOST = 6 };

typedef struct given {
    const char *text; /* "172.19.64.2/24"; NULL ends the list */
    uint32_t flags;
    const char *label; /* NULL: as the NIC */
    uint8_t scope;
} given;

#define SCOPED(TEXT, SCOPE)    \
    {                          \
        (TEXT), 0, NULL, SCOPE \
    }
#define ADDRESS(TEXT) SCOPED(TEXT, RT_SCOPE_UNIVERSE)
#define FLAGGED(TEXT, FLAGS)                     \
    {                                            \
        (TEXT), (FLAGS), NULL, RT_SCOPE_UNIVERSE \
    }
#define LABELLED(TEXT, LABEL)                 \
    {                                         \
        (TEXT), 0, (LABEL), RT_SCOPE_UNIVERSE \
    }

static psd_address made(const given *from)
{
    psd_address it = {.flags = from->flags, .scope = from->scope};
    char text[64];
    snprintf(text, sizeof(text), "%s", from->text);
    char *slash = strchr(text, '/');
    assert_non_null(slash);
    *slash = '\0';
    it.family = strchr(text, ':') ? AF_INET6 : AF_INET;
    it.prefix_length = (uint8_t)atoi(slash + 1);
    assert_int_equal(inet_pton(it.family, text, it.bytes), 1);
    if (it.family == AF_INET)
        snprintf(it.label, sizeof(it.label), "%s", from->label ? from->label : "bond0");
    return it;
}

static psd_route made_gateway(const char *text)
{
    psd_route it = {.is_default = true, .is_through = text != NULL};
    if (text)
        it.gateway_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (text)
        assert_int_equal(inet_pton(it.gateway_family, text, it.gateway), 1);
    return it;
}

static const struct choice {
    const char *name;
    given addresses[MOST]; /* in the kernel's order */
    const char *gateway;   /* NULL: none */
    const char *current;   /* "1.2.3.4/0"; NULL: none */
    const char *chosen;    /* NULL: none */
    const char *reason;
} choices[] = {
    {"nothing", {SCOPED(NULL, 0)}, NULL, NULL, NULL, "bond0 has no address"},
    {"one",
     {ADDRESS("172.19.64.2/24")},
     NULL,
     NULL,
     "172.19.64.2",
     "the only primary global IPv4 address of bond0"},
    {"no label at all", {LABELLED("172.19.64.2/24", "")}, NULL, NULL, "172.19.64.2", "the only primary"},
    {"secondary first",
     {FLAGGED("172.19.64.9/24", IFA_F_SECONDARY), ADDRESS("172.19.64.2/24")},
     NULL,
     NULL,
     "172.19.64.2",
     "the only primary"},
    {"only secondary",
     {FLAGGED("172.19.64.9/24", IFA_F_SECONDARY)},
     NULL,
     NULL,
     NULL,
     "bond0 has no primary global IPv4 address that is no VIP; it has 1 address of another kind"},
    {"a VIP in front",
     {ADDRESS("172.19.64.1/32"), ADDRESS("172.19.64.2/24")},
     NULL,
     NULL,
     "172.19.64.2",
     "the only"},
    {"a labelled VIP",
     {LABELLED("172.19.64.1/24", "bond0:vip"), FLAGGED("172.19.64.2/24", IFA_F_SECONDARY),
      SCOPED("fe80::1/64", RT_SCOPE_LINK)},
     NULL,
     NULL,
     NULL,
     "it has 3 addresses of other kinds"},
    {"link-local", {SCOPED("169.254.3.4/16", RT_SCOPE_LINK)}, NULL, NULL, NULL, "1 address of another kind"},
    {"link-local of global scope",
     {ADDRESS("169.254.3.4/16")},
     NULL,
     NULL,
     NULL,
     "1 address of another kind"},
    {"loopback", {SCOPED("127.0.0.1/8", RT_SCOPE_HOST)}, NULL, NULL, NULL, "1 address of another kind"},
    {"scope link", {SCOPED("10.0.0.1/8", RT_SCOPE_LINK)}, NULL, NULL, NULL, "1 address of another kind"},
    {"IPv6", {ADDRESS("2001:db8::1/64")}, NULL, NULL, NULL, "1 address of another kind"},
    {"the first of two",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     NULL,
     NULL,
     "10.2.0.1",
     "of 2 primary global IPv4 addresses of bond0: it was added first"},
    {"that of the gateway",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "10.1.255.254",
     NULL,
     "10.1.0.1",
     "of 2 primary global IPv4 addresses of bond0: it is in the default gateway's network"},
    {"that of the gateway, first",
     {ADDRESS("10.1.0.1/16"), ADDRESS("10.2.0.1/16")},
     "10.1.255.254",
     NULL,
     "10.1.0.1",
     "it is in the default gateway's network"},
    {"a gateway of no network",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "10.3.0.1",
     NULL,
     "10.2.0.1",
     "it was added first"},
    {"a gateway of the other family",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "fe80::1",
     NULL,
     "10.2.0.1",
     "it was added first"},
    {"a deprecated one",
     {FLAGGED("10.1.0.1/16", IFA_F_DEPRECATED), ADDRESS("10.2.0.1/16")},
     "10.1.0.254",
     NULL,
     "10.2.0.1",
     "it is not deprecated"},
    {"only a deprecated one", {FLAGGED("10.1.0.1/16", IFA_F_DEPRECATED)}, NULL, NULL, "10.1.0.1", "the only"},
    {"three",
     {FLAGGED("10.3.0.1/16", IFA_F_DEPRECATED), ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "10.1.0.254",
     NULL,
     "10.1.0.1",
     "of 3 primary global IPv4 addresses of bond0: it is in the default gateway's network"},
    {"the current one stays",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "10.2.0.254",
     "10.1.0.1/16",
     "10.1.0.1",
     "of 2 primary global IPv4 addresses of bond0: it is in use and stays so while it exists"},
    {"the current one is first anyway",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/16")},
     "10.2.0.254",
     "10.2.0.1/16",
     "10.2.0.1",
     "it is in the default gateway's network"},
    {"the current one has become secondary",
     {ADDRESS("10.2.0.1/16"), FLAGGED("10.2.0.2/16", IFA_F_SECONDARY)},
     NULL,
     "10.2.0.2/16",
     "10.2.0.1",
     "the only"},
    {"the current one is gone", {ADDRESS("10.2.0.1/16")}, NULL, "10.9.0.1/16", "10.2.0.1", "the only"},
    {"its prefix has changed",
     {ADDRESS("10.2.0.1/16"), ADDRESS("10.1.0.1/8")},
     NULL,
     "10.1.0.1/24",
     "10.1.0.1",
     "stays so"},
};

static void choices_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(choices); i++) {
        const struct choice *it = &choices[i];
        psd_address items[MOST];
        psd_addresses list = {.items = items};
        for (; it->addresses[list.count].text; list.count++)
            items[list.count] = made(&it->addresses[list.count]);
        psd_route gateway = made_gateway(it->gateway);
        given current_text = ADDRESS(it->current);
        psd_address current = {.family = 0};
        if (it->current)
            current = made(&current_text);
        const psd_client_question question = {.nic = "bond0",
                                              .addresses = &list,
                                              .gateway = &gateway,
                                              .current = it->current ? &current : NULL};
        psd_client_answer answer;
        char text[INET6_ADDRSTRLEN];
        psd_client_address_choose(&question, &answer);
        const char *chosen = answer.address ? psd_address_text(answer.address, text) : NULL;
        if ((chosen == NULL) != (it->chosen == NULL) || (chosen && strcmp(chosen, it->chosen) != 0))
            fail_msg("%s: got %s, wanted %s", it->name, chosen ? chosen : "none",
                     it->chosen ? it->chosen : "none");
        if (!strstr(answer.reason, it->reason))
            fail_msg("%s: got '%s', wanted '%s'", it->name, answer.reason, it->reason);
    }
}

static void faults_are_named(void **state)
{
    (void)state;
    static const struct {
        given address;
        const char *fault;
    } cases[] = {
        {ADDRESS("172.19.64.2/24"), NULL},
        {ADDRESS("0.0.0.0/0"), "no address of a host"},
        {ADDRESS("224.0.0.5/24"), "no address of a host"},
        {ADDRESS("127.0.0.1/8"), "loopback"},
        {ADDRESS("169.254.0.1/16"), "link-local"},
        {SCOPED("10.0.0.1/8", RT_SCOPE_SITE), "its scope is not global"},
        {FLAGGED("10.0.0.1/8", IFA_F_SECONDARY), "secondary"},
        {ADDRESS("10.0.0.1/32"), "a VIP: its prefix is /32"},
        {ADDRESS("10.0.0.1/31"), NULL},
        {LABELLED("10.0.0.1/8", "bond0:1"), "a VIP: it has a label of its own"},
        {ADDRESS("fe80::1/64"), "IPv6"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(cases); i++) {
        psd_address address = made(&cases[i].address);
        const char *fault = psd_client_address_fault("bond0", &address);
        if (cases[i].fault)
            assert_string_equal(fault, cases[i].fault);
        else
            assert_null(fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_of_the_table),
        cmocka_unit_test(faults_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
