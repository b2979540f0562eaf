/*
 * net_address - the net scanner and the addresses of the client NIC, its
 * gateway, storms of changes, and what others tell the scanner while it runs.
 */
#include <linux/sock_diag.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/scan/net/net_message.h"
#include "server/scan/net/nic_look.h"
#include "test/support/net_bed.h"
#include "test/support/port_namespace.h"

enum { STORM = 3000, SMALL_BUFFER = 4096, SETTLED_MS = 2 * PSD_TEST_NET_DELAY_MS, AT_ONCE_MS = 150 };

#define CHECK psd_test_net_check
#define BECOMES(condition) psd_test_net_becomes(it, condition)
#define NIC (it->seen->client_nic)
#define CLIENT_IS(TEXT) (strcmp(NIC->client_address, (TEXT)) == 0 && NIC->client_address_present)

static psd_test_net *start(int receive_buffer)
{
    psd_test_net_enter();
    psd_test_net *it = psd_test_net_start("eth0", receive_buffer);
    psd_test_net_scan(it);
    CHECK(CLIENT_IS("10.1.0.2"));
    CHECK(strcmp(NIC->client_address_reason, "the only primary global IPv4 address of eth0") == 0);
    return it;
}

/* NULL: eth0 does not have it. */
static const Polarstack__V1__InterfaceAddress *find(const psd_test_net *it, const char *address)
{
    for (size_t i = 0; i < NIC->n_addresses; i++) {
        if (strcmp(NIC->addresses[i]->address, address) == 0)
            return NIC->addresses[i];
    }
    return NULL;
}

static bool is_no_client(const psd_test_net *it, const char *address, const char *reason)
{
    const Polarstack__V1__InterfaceAddress *found = find(it, address);
    return found && strcmp(found->not_client_reason, reason) == 0;
}

static void others_come_and_go(void)
{
    psd_test_net *it = start(0);
    psd_test_ip("addr add 10.1.0.3/16 dev eth0");
    BECOMES(is_no_client(it, "10.1.0.3", "secondary") && find(it, "10.1.0.3")->secondary);
    psd_test_ip("addr add 10.1.0.100/32 dev eth0");
    BECOMES(is_no_client(it, "10.1.0.100", "a VIP: its prefix is /32"));
    CHECK(!find(it, "10.1.0.100")->secondary && find(it, "10.1.0.100")->prefix_length == 32);
    psd_test_ip("addr add 10.2.0.100/16 dev eth0 label eth0:vip");
    BECOMES(is_no_client(it, "10.2.0.100", "a VIP: it has a label of its own"));
    CHECK(strcmp(find(it, "10.2.0.100")->label, "eth0:vip") == 0);
    psd_test_ip("addr add 10.3.0.2/16 dev eth0");
    BECOMES(is_no_client(it, "10.3.0.2", "another one is the client address"));
    CHECK(
        strstr(NIC->client_address_reason, "of 2 primary global IPv4 addresses of eth0: it was added first"));
    psd_test_ip("addr add 169.254.7.7/16 dev eth0 scope link");
    BECOMES(is_no_client(it, "169.254.7.7", "link-local"));
    psd_test_ip("addr add 2001:db8::7/64 dev eth0");
    BECOMES(is_no_client(it, "2001:db8::7", "IPv6") && find(it, "2001:db8::7")->prefix_length == 64);
    CHECK(strcmp(find(it, "2001:db8::7")->scope, "global") == 0);
    CHECK(CLIENT_IS("10.1.0.2") && !find(it, "10.1.0.2")->not_client_reason[0]);
    /* IPv4 before IPv6, each by its bytes. */
    CHECK(strcmp(NIC->addresses[0]->address, "10.1.0.2") == 0);
    CHECK(strcmp(NIC->addresses[1]->address, "10.1.0.3") == 0);
    CHECK(strchr(NIC->addresses[NIC->n_addresses - 1]->address, ':'));

    psd_test_ip("addr del 10.3.0.2/16 dev eth0");
    psd_test_ip("addr del 10.2.0.100/16 dev eth0");
    psd_test_ip("addr del 10.1.0.100/32 dev eth0");
    BECOMES(!find(it, "10.1.0.100") && !find(it, "10.3.0.2"));
    psd_test_net_run_for(it, SETTLED_MS);
    CHECK(CLIENT_IS("10.1.0.2"));
    psd_test_net_stop(it);
}

static void gone_for_a_moment(void)
{
    psd_test_net *it = start(0);
    for (int i = 0; i < 5; i++) {
        psd_test_ip("addr del 10.1.0.2/16 dev eth0");
        BECOMES(!find(it, "10.1.0.2"));
        CHECK(CLIENT_IS("10.1.0.2"));
        psd_test_ip("addr add 10.1.0.2/16 dev eth0");
        BECOMES(find(it, "10.1.0.2"));
        CHECK(CLIENT_IS("10.1.0.2"));
    }
    psd_test_net_run_for(it, SETTLED_MS);
    CHECK(CLIENT_IS("10.1.0.2"));
    psd_test_net_stop(it);
}

static void gone_for_good(void)
{
    psd_test_net *it = start(0);
    int64_t gone_ms = psd_clock_mono_ms();
    psd_test_ip("addr del 10.1.0.2/16 dev eth0");
    BECOMES(!NIC->client_address_present);
    CHECK(psd_clock_mono_ms() - gone_ms >= PSD_TEST_NET_DELAY_MS);
    CHECK(strcmp(NIC->client_address, "10.1.0.2") == 0);
    CHECK(strstr(NIC->client_address_reason, "the last one known, of eth0; now eth0 has no"));
    psd_test_ip("addr add 10.1.0.2/16 dev eth0");
    int64_t back_ms = psd_clock_mono_ms();
    BECOMES(CLIENT_IS("10.1.0.2"));
    CHECK(psd_clock_mono_ms() - back_ms < AT_ONCE_MS);
    psd_test_net_stop(it);
}

static void replaced(void)
{
    psd_test_net *it = start(0);
    psd_test_ip("addr del 10.1.0.2/16 dev eth0");
    psd_test_ip("addr add 10.1.0.9/16 dev eth0");
    BECOMES(find(it, "10.1.0.9"));
    CHECK(CLIENT_IS("10.1.0.2") && is_no_client(it, "10.1.0.9", "another one is the client address"));
    BECOMES(CLIENT_IS("10.1.0.9"));

    /* With the link, and back under the same name. */
    psd_test_ip("link del eth0");
    BECOMES(NIC->index == 0 && NIC->n_addresses == 0);
    CHECK(CLIENT_IS("10.1.0.9"));
    BECOMES(!NIC->client_address_present);
    CHECK(strcmp(NIC->client_address_reason, "the last one known, of eth0; now eth0 does not exist") == 0);
    psd_test_ip("link add eth0 type veth peer name peer0");
    psd_test_ip("addr add 10.1.0.9/16 dev eth0");
    BECOMES(CLIENT_IS("10.1.0.9"));
    psd_test_net_stop(it);
}

/* Two addresses before the first look: the order decides, then the choice stays. */
static void several_from_the_start(void)
{
    psd_test_net_enter();
    psd_test_ip("addr add 10.7.0.2/16 dev eth0");
    psd_test_ip("route add default via 10.7.0.1 metric 100");
    psd_test_net *it = psd_test_net_start("eth0", 0);
    psd_test_net_scan(it);
    CHECK(CLIENT_IS("10.7.0.2") && strcmp(NIC->default_gateway, "10.7.0.1") == 0);
    CHECK(strstr(NIC->client_address_reason, "it is in the default gateway's network"));
    psd_test_ip("route add default via 10.1.0.1 metric 50");
    BECOMES(strcmp(NIC->default_gateway, "10.1.0.1") == 0);
    CHECK(CLIENT_IS("10.7.0.2") && strstr(NIC->client_address_reason, "it is in use and stays so"));
    psd_test_ip("route del default via 10.1.0.1");
    psd_test_ip("route del default via 10.7.0.1");
    BECOMES(!NIC->default_gateway[0]);
    psd_test_ip("route add default dev eth0");
    psd_test_net_run_for(it, 50);
    CHECK(!NIC->default_gateway[0] && CLIENT_IS("10.7.0.2"));
    psd_test_net_stop(it);
}

/* ---- storms ---- */

/* Address NUMBER of the storm is added, then all but some are taken away again. */
static void add_line(unsigned number, char text[128])
{
    snprintf(text, 128, "addr add 10.%u.%u.1/24 dev eth0", 20 + number / 250, number % 250);
}

static void del_line(unsigned number, char text[128])
{
    number += 5; /* these stay */
    snprintf(text, 128, "addr del 10.%u.%u.1/24 dev eth0", 20 + number / 250, number % 250);
}

static unsigned lost_messages(const psd_test_net *it)
{
    uint32_t numbers[SK_MEMINFO_VARS] = {0};
    socklen_t length = sizeof(numbers);
    CHECK(getsockopt(psd_net_scanner.descriptor(it->scanner), SOL_SOCKET, SO_MEMINFO, numbers, &length) == 0);
    return numbers[SK_MEMINFO_DROPS];
}

/* The scanner does not run meanwhile, and hears hardly anything of it. */
static void a_storm_that_is_not_heard(void)
{
    psd_test_net *it = start(SMALL_BUFFER);
    psd_test_ip_batch(STORM, add_line);
    CHECK(lost_messages(it) > STORM / 2);
    psd_test_net_run_for(it, 200);
    CHECK(it->failures == 0 && CLIENT_IS("10.1.0.2"));
    CHECK(NIC->n_addresses == PSD_NET_ADDRESSES_MAX);
    CHECK(strncmp(it->limitation, "eth0 has 300", 12) == 0);
    CHECK(strstr(it->limitation, " addresses: only 1000 of them are listed"));

    psd_test_ip_batch(STORM - 5, del_line);
    psd_test_net_set_up("eth0", false);
    CHECK(lost_messages(it) > STORM);
    psd_test_net_run_for(it, 200);
    CHECK(it->failures == 0 && CLIENT_IS("10.1.0.2") && !it->limitation[0]);
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_DOWN);
    CHECK(NIC->n_addresses == 6); /* with the link down, IPv6 has none */
    CHECK(find(it, "10.20.4.1") && !find(it, "10.20.5.1"));
    psd_test_net_stop(it);
}

static void foreign_line(unsigned number, char text[128])
{
    snprintf(text, 128, "addr add 10.%u.%u.1/24 dev peer0", 20 + number / 250, number % 250);
}

/* Nothing of what concerns the NIC is heard at all: what fills the buffer is another one's. */
static void a_change_that_is_lost(void)
{
    psd_test_net *it = start(SMALL_BUFFER);
    psd_test_net_run_for(it, 2500); /* until IPv6 has settled its address */
    unsigned looks = it->looks;
    psd_test_ip_batch(100, foreign_line);
    CHECK(lost_messages(it) > 0);
    psd_test_ip("addr add 10.1.0.3/16 dev eth0");
    psd_test_net_scan(it);
    CHECK(it->looks == looks + 1 && find(it, "10.1.0.3"));
    psd_test_net_stop(it);
}

/* The kernel puts addresses of this scope in front of all others, which move when it comes and goes. */
static _Noreturn void keep_moving_the_others(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the test, however that ends */
    for (;;) {
        psd_test_ip("addr add 10.99.0.1/24 dev eth0 scope host");
        usleep(arc4random_uniform(8000));
        psd_test_ip("addr del 10.99.0.1/24 dev eth0 scope host");
        usleep(arc4random_uniform(8000));
    }
}

/* A list that changes while it is told leaves some out, or tells them twice: it is thrown away. */
static void a_list_that_changes_is_whole(void)
{
    enum { STABLE = 1000, LOOK_MS = 3000 };
    psd_netlink *netlink = NULL;
    psd_nic_view view = {.exists = false};
    psd_error error = PSD_ERROR_INIT;
    unsigned looks = 0;
    psd_test_net_enter();
    psd_test_ip_batch(STABLE, add_line);
    CHECK(psd_netlink_open(&netlink, &error) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        keep_moving_the_others();
    int64_t end_ms = psd_clock_mono_ms() + LOOK_MS;
    while (psd_clock_mono_ms() < end_ms) {
        size_t stable = 0;
        if (psd_nic_look(netlink, "eth0", end_ms + LOOK_MS, &view, &error) < 0) {
            CHECK(error.code == PSD_ABORTED); /* it does not find a quiet moment: no list is better */
            continue;
        }
        for (size_t i = 0; i < view.addresses.count; i++)
            stable += view.addresses.items[i].family == AF_INET && view.addresses.items[i].bytes[1] >= 20 &&
                      view.addresses.items[i].bytes[1] < 99;
        if (stable != STABLE)
            psd_test_fail("look %u: %zu of %d addresses", looks, stable, STABLE);
        looks++;
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(looks >= 5);
    printf("a_list_that_changes_is_whole: %u looks\n", looks);
    fflush(stdout); /* a child would write it once more */
    psd_nic_view_free(&view);
    psd_netlink_close(netlink);
}

/* The scanner runs meanwhile: what it asks for changes under its hands. */
static void a_storm_that_is_heard(void)
{
    psd_test_net *it = start(0);
    int status = 0;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        psd_test_ip_batch(STORM, add_line);
        psd_test_ip_batch(STORM - 5, del_line);
        _exit(0);
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        psd_test_net_run(it, 1);
        CHECK(CLIENT_IS("10.1.0.2") && NIC->state == POLARSTACK__V1__LINK_STATE__LINK_UP);
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && it->looks > 5);
    BECOMES(find(it, "10.20.4.1") && !find(it, "10.20.5.1") && NIC->n_addresses <= 7);
    CHECK(CLIENT_IS("10.1.0.2"));
    printf("a_storm_that_is_heard: %u looks, %u failed\n", it->looks, it->failures);
    psd_test_net_stop(it);
}

/* ---- what others tell ---- */

static void configure(psd_test_net *it, const char *nic)
{
    Polarstack__V1__NodeConfig config = POLARSTACK__V1__NODE_CONFIG__INIT;
    Polarstack__V1__ConfigProvenance from = POLARSTACK__V1__CONFIG_PROVENANCE__INIT;
    Polarstack__V1__ConfigProvenance *all[] = {&from};
    static char field[] = "client_nic";
    static char source[] = "ConfigMap kube-system/ccm-config";
    from.field = field;
    from.source = source;
    config.client_nic = (char *)(uintptr_t)nic;
    config.provenance = all;
    config.n_provenance = 1;
    psd_net_state_set_config(&it->state, &config);
    psd_test_net_scan(it); /* as the wake-up would make it */
}

static void the_name_changes_while_it_runs(void)
{
    psd_test_net_enter();
    psd_test_ip("addr add 10.8.0.2/16 dev peer0");
    psd_test_net *it = psd_test_net_start(NULL, 0);
    psd_test_net_scan(it);
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN && !NIC->name[0] && !NIC->name_source[0]);
    CHECK(strstr(NIC->state_reason, "set NET_CARD_NAME in the cluster's ConfigMap ccm-config, or start the "
                                    "daemon with --client-nic"));
    CHECK(!NIC->client_address[0] && strstr(NIC->client_address_reason, "the client NIC is not known"));
    psd_test_ip("link set eth0 mtu 1400");
    psd_test_net_run_for(it, 100);
    CHECK(it->looks == 1); /* nobody's affair yet */

    configure(it, "eth0");
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_UP && CLIENT_IS("10.1.0.2"));
    CHECK(strcmp(NIC->name_source, "ConfigMap kube-system/ccm-config") == 0 && NIC->mtu == 1400);
    configure(it, "peer0");
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_UP && CLIENT_IS("10.8.0.2"));
    CHECK(strcmp(NIC->name, "peer0") == 0 && NIC->index == if_nametoindex("peer0"));
    configure(it, "bond9");
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_ABSENT && !NIC->client_address_present);
    CHECK(strcmp(NIC->client_address, "10.8.0.2") == 0);
    CHECK(strcmp(NIC->client_address_reason, "the last one known, of peer0; now bond9 does not exist") == 0);
    unsigned looks = it->looks;
    configure(it, "bond9"); /* the same again */
    CHECK(it->looks == looks);
    configure(it, "");
    CHECK(NIC->state == POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN);
    psd_test_net_stop(it);

    it = psd_test_net_start("peer0", 0);
    configure(it, "eth0");
    CHECK(strcmp(NIC->name, "peer0") == 0 && strcmp(NIC->name_source, "flag --client-nic") == 0);
    psd_test_net_stop(it);
}

static void the_bmc_is_passed_on(void)
{
    psd_test_net *it = start(0);
    static char address[] = "192.168.7.7";
    psd_error error = PSD_ERROR_INIT;
    CHECK(it->seen->bmc->state == POLARSTACK__V1__BMC_STATE__BMC_UNKNOWN && !it->seen->bmc->address[0]);
    Polarstack__V1__Bmc bmc = POLARSTACK__V1__BMC__INIT;
    bmc.address = address;
    bmc.state = POLARSTACK__V1__BMC_STATE__BMC_ANSWERING;
    bmc.power = POLARSTACK__V1__POWER_STATE__POWER_ON;
    CHECK(psd_net_state_set_bmc(&it->state, &bmc, &error) == 0);
    psd_test_net_scan(it);
    CHECK(strcmp(it->seen->bmc->address, "192.168.7.7") == 0);
    CHECK(it->seen->bmc->state == POLARSTACK__V1__BMC_STATE__BMC_ANSWERING);
    CHECK(it->seen->bmc->power == POLARSTACK__V1__POWER_STATE__POWER_ON && CLIENT_IS("10.1.0.2"));
    psd_test_net_stop(it);
}

int main(void)
{
    others_come_and_go();
    gone_for_a_moment();
    gone_for_good();
    replaced();
    several_from_the_start();
    a_storm_that_is_not_heard();
    a_change_that_is_lost();
    a_list_that_changes_is_whole();
    a_storm_that_is_heard();
    the_name_changes_while_it_runs();
    the_bmc_is_passed_on();
    printf("net_address: passed\n");
    return 0;
}
