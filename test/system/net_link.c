/*
 * net_link - the net scanner and the link of the client NIC: a real namespace,
 * real veth pairs, whatever may happen to them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/scan/net/nic_look.h"
#include "test/support/net_bed.h"
#include "test/support/netlink_builder.h"
#include "test/support/port_namespace.h"

#define UP POLARSTACK__V1__LINK_STATE__LINK_UP
#define DOWN POLARSTACK__V1__LINK_STATE__LINK_DOWN
#define ABSENT POLARSTACK__V1__LINK_STATE__LINK_ABSENT
#define UNKNOWN POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN

enum {
    SETTLED_MS = 2 * PSD_TEST_NET_DELAY_MS,
    AT_ONCE_MS = 150, /* less than the delay */
    FLAPS = 500,
};

#define CHECK psd_test_net_check
#define BECOMES(condition) psd_test_net_becomes(it, condition)
#define NIC (it->seen->client_nic)

static psd_test_net *start_up(const char *nic)
{
    psd_test_net *it = psd_test_net_start(nic, 0);
    psd_test_net_scan(it); /* the first look shows at once */
    CHECK(it->looks == 1 && NIC->state == UP && NIC->raw_state == UP && !NIC->state_reason[0]);
    return it;
}

/* From the moment when it was up again. */
static void assert_held_back(psd_test_net *it, int64_t up_at_ms)
{
    BECOMES(NIC->raw_state == UP);
    CHECK(NIC->state == DOWN && strstr(NIC->state_reason, "it is up, which shows when"));
    BECOMES(NIC->state == UP);
    int64_t held_ms = psd_clock_mono_ms() - up_at_ms;
    CHECK(held_ms >= PSD_TEST_NET_DELAY_MS && held_ms < PSD_TEST_NET_DELAY_MS + 500);
    CHECK(!NIC->state_reason[0] && it->due_ms == INT64_MAX);
}

static void down_and_up(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    psd_test_net_run_for(it, 100);
    CHECK(NIC->admin_up && NIC->carrier && strcmp(NIC->operstate, "up") == 0);
    CHECK(NIC->mtu == 1500 && NIC->speed_mbps == 10000 && strlen(NIC->mac_address) == 17);
    CHECK(NIC->index == if_nametoindex("eth0") && strcmp(NIC->parent, "peer0") == 0);
    CHECK(strcmp(NIC->kind, "veth") == 0 && !NIC->bond_mode[0] && NIC->n_bond_members == 0);
    CHECK(strcmp(NIC->name, "eth0") == 0 && strcmp(NIC->name_source, "flag --client-nic") == 0);

    int64_t began_ms = psd_clock_mono_ms();
    psd_test_net_set_up("eth0", false);
    BECOMES(NIC->state == DOWN);
    CHECK(psd_clock_mono_ms() - began_ms < AT_ONCE_MS);
    CHECK(!NIC->admin_up && strcmp(NIC->state_reason, "administratively down") == 0);
    int64_t since_ms = NIC->state_since_ms;
    CHECK(psd_clock_unix_ms() - since_ms < 5000);

    int64_t up_at_ms = psd_clock_mono_ms();
    psd_test_net_set_up("eth0", true);
    assert_held_back(it, up_at_ms);
    CHECK(NIC->state_since_ms > since_ms);
    psd_test_net_stop(it);
}

static void the_peer_takes_the_carrier(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    psd_test_net_set_up("peer0", false);
    BECOMES(NIC->state == DOWN);
    CHECK(NIC->admin_up && !NIC->carrier && strncmp(NIC->state_reason, "no carrier", 10) == 0);
    int64_t up_at_ms = psd_clock_mono_ms();
    psd_test_net_set_up("peer0", true);
    assert_held_back(it, up_at_ms);
    psd_test_net_stop(it);
}

static void deleted_and_made_anew(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    uint32_t index = NIC->index;
    psd_test_ip("link del eth0");
    BECOMES(NIC->state == ABSENT);
    CHECK(NIC->index == 0 && strcmp(NIC->name, "eth0") == 0 && !NIC->operstate[0]);
    psd_test_ip("link add peer0 type veth peer name eth0");
    BECOMES(NIC->state == DOWN && NIC->raw_state == DOWN);
    CHECK(NIC->index != 0 && NIC->index != index);
    psd_test_ip("link set peer0 up");
    psd_test_ip("link set eth0 up");
    BECOMES(NIC->state == UP);
    psd_test_net_stop(it);
}

/* Between two looks: what is looked at afterwards is up, and was not all the time. */
static void an_instant_counts(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    psd_test_net_run_for(it, 2500); /* until IPv6 has settled its address */
    psd_test_net_set_up("eth0", false);
    psd_test_net_set_up("eth0", true);
    usleep(50000); /* the carrier may come a moment later */
    int64_t up_at_ms = psd_clock_mono_ms();
    psd_test_net_run(it, 1000);
    CHECK(NIC->raw_state == UP && NIC->state == DOWN);
    assert_held_back(it, up_at_ms);

    psd_test_ip("link set eth0 name eth7");
    psd_test_ip("link set eth7 name eth0");
    psd_test_net_run(it, 1000);
    CHECK(NIC->raw_state == UP && NIC->state == DOWN);
    BECOMES(NIC->state == UP);
    psd_test_net_stop(it);
}

static void renamed(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    uint32_t index = NIC->index;
    psd_test_ip("link set eth0 name eth00");
    BECOMES(NIC->state == ABSENT);
    psd_test_ip("link set eth00 name eth0");
    BECOMES(NIC->state == UP);
    CHECK(NIC->index == index);
    psd_test_net_stop(it);
}

/* eth0 is not eth00, and what happens to eth00 is no affair of eth0's. */
static void the_name_is_exact(void)
{
    psd_test_net_enter();
    psd_test_ip("link set eth0 name eth00");
    psd_test_net *it = psd_test_net_start("eth0", 0);
    psd_test_net_scan(it);
    CHECK(NIC->state == ABSENT && strcmp(NIC->state_reason, "no interface of this name exists") == 0);
    psd_test_ip("link set eth00 down");
    psd_test_ip("addr add 10.9.0.1/16 dev eth00");
    psd_test_net_run_for(it, 200);
    CHECK(it->scans > 1 && it->looks == 1);
    psd_test_net_stop(it);
}

static void with_its_parent(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0@peer0");
    CHECK(strcmp(NIC->name, "eth0") == 0 && strcmp(NIC->parent, "peer0") == 0);
    psd_test_ip("link set peer0 name other0");
    BECOMES(strcmp(NIC->parent, "other0") == 0);
    psd_test_net_set_up("eth0", false);
    BECOMES(NIC->state == DOWN);
    psd_test_net_stop(it);

    psd_test_ip("link del eth0");
    it = psd_test_net_start("eth0@peer0", 0);
    psd_test_net_scan(it);
    CHECK(NIC->state == ABSENT && strcmp(NIC->name, "eth0") == 0);
    psd_test_ip("link add eth0 type veth peer name peer0");
    BECOMES(NIC->state == DOWN);
    psd_test_net_stop(it);
}

static void an_alternative_name(void)
{
    psd_test_net_enter();
    psd_test_ip("link property add dev eth0 altname client0");
    psd_test_net *it = psd_test_net_start("client0", 0);
    psd_test_net_scan(it);
    CHECK(NIC->state == UNKNOWN);
    CHECK(strcmp(NIC->state_reason, "'client0' is an alternative name of eth0: configure that one") == 0);
    psd_test_ip("link property del dev eth0 altname client0");
    BECOMES(NIC->state == ABSENT);
    psd_test_net_stop(it);
}

/* No operstate, and it works. */
static void the_loopback(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("lo");
    CHECK(strcmp(NIC->operstate, "unknown") == 0 && NIC->carrier);
    CHECK(!NIC->client_address[0] && strstr(NIC->client_address_reason, "no primary global IPv4 address"));
    psd_test_net_set_up("lo", false);
    BECOMES(NIC->state == DOWN);
    psd_test_net_stop(it);
}

static void five_hundred_flaps(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    for (int i = 0; i < FLAPS; i++) {
        psd_test_net_set_up(i % 2 ? "eth0" : "peer0", false);
        if (i % 3 == 0)
            psd_test_net_run(it, 0);
        psd_test_net_set_up(i % 2 ? "eth0" : "peer0", true);
        if (i % 7 == 0)
            psd_test_net_run(it, 0);
        CHECK(NIC->state == DOWN || it->shown_changes == 1);
        CHECK(NIC->raw_state != ABSENT && NIC->raw_state != UNKNOWN);
    }
    BECOMES(NIC->state == UP);
    psd_test_net_run_for(it, SETTLED_MS);
    CHECK(NIC->state == UP && it->failures == 0);
    /* UP, DOWN, UP; more only if this machine stood still for the delay. */
    CHECK(it->shown_changes == 3);
    CHECK(strcmp(NIC->client_address, "10.1.0.2") == 0 && NIC->client_address_present);
    psd_test_net_stop(it);
}

/* A process with the right to do so tells the scanner that eth0 is down. */
static void nobody_but_the_kernel_is_heard(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    psd_test_net_run_for(it, 2500);
    unsigned looks = it->looks;
    unsigned scans = it->scans;
    struct sockaddr_nl to = {.nl_family = AF_NETLINK};
    socklen_t length = sizeof(to);
    CHECK(getsockname(psd_net_scanner.descriptor(it->scanner), (struct sockaddr *)&to, &length) == 0);
    CHECK(to.nl_pid != 0);
    to.nl_groups = 0;
    psd_test_netlink forged = {.length = 0};
    const struct ifinfomsg body = {.ifi_index = (int)NIC->index};
    psd_test_netlink_message(&forged, RTM_NEWLINK, 0, 0, &body, sizeof(body));
    psd_test_netlink_text(&forged, IFLA_IFNAME, "eth0");
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    CHECK(sendto(fd, forged.bytes, forged.length, 0, (const struct sockaddr *)&to, sizeof(to)) ==
          (ssize_t)forged.length);
    psd_test_net_run_for(it, 100);
    CHECK(it->scans > scans && it->looks == looks && NIC->state == UP);
    close(fd);
    psd_test_net_stop(it);
}

/* ---- looks that fail ---- */

/* Puts a file in the place of the netlink sockets of this process other than KEPT. */
static void break_sockets(int kept)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 3; fd < 64; fd++) {
        struct sockaddr_nl address = {.nl_family = AF_UNSPEC};
        socklen_t length = sizeof(address);
        if (fd != kept && getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
            address.nl_family == AF_NETLINK)
            CHECK(dup2(nothing, fd) == fd);
    }
    close(nothing);
}

static void a_failed_look_changes_nothing(void)
{
    psd_test_net_enter();
    psd_test_net *it = start_up("eth0");
    psd_test_net_run_for(it, 2500);
    unsigned looks = it->looks;
    break_sockets(psd_net_scanner.descriptor(it->scanner));
    psd_test_net_set_up("eth0", false);
    psd_test_net_run(it, 1000);
    CHECK(it->failures == 1 && it->looks == looks && NIC->state == UP);
    CHECK(strstr(it->failure, "net scan: interface 'eth0': cannot ask rtnetlink"));
    CHECK(it->due_ms != INT64_MAX); /* it tries again, without any event */
    BECOMES(NIC->state == DOWN);
    CHECK(it->failures == 1);

    /* The other socket: all is looked at anew. */
    looks = it->looks;
    break_sockets(-1);
    psd_test_net_scan(it);
    CHECK(it->failures == 2 && it->looks == looks && strstr(it->failure, "cannot hear of changes"));
    psd_test_net_set_up("eth0", true);
    BECOMES(NIC->raw_state == UP);
    BECOMES(NIC->state == UP);
    psd_test_net_stop(it);
}

static _Noreturn void make_and_delete(void)
{
    for (int i = 0; i < 30; i++) {
        psd_test_ip("link del eth0");
        psd_test_ip("link add eth0 type veth peer name peer0");
    }
    _exit(0);
}

/* It goes between two questions of a look: absent, not failed. */
static void gone_while_it_is_looked_at(void)
{
    psd_netlink *netlink = NULL;
    psd_nic_view view = {.exists = false};
    psd_error error = PSD_ERROR_INIT;
    int status = 0;
    unsigned absent = 0;
    psd_test_net_enter();
    CHECK(psd_netlink_open(&netlink, &error) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        make_and_delete();
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (psd_nic_look(netlink, "eth0", psd_clock_mono_ms() + 1000, &view, &error) < 0)
            psd_test_fail("%s", error.text);
        absent += !view.exists;
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && absent > 0);
    psd_nic_view_free(&view);
    psd_netlink_close(netlink);
}

/* ---- members ---- */

/* This kernel may have no bonding; a bridge has members as well. */
static void members_of_a_master(void)
{
    psd_test_net_enter();
    psd_test_ip("link add br0 type bridge");
    psd_test_ip("link add eth2 type veth peer name peer2");
    psd_test_ip("link set eth2 master br0");
    psd_test_ip("link set eth0 master br0");
    psd_netlink *netlink = NULL;
    psd_nic_names names = {.count = 0};
    psd_error error = PSD_ERROR_INIT;
    CHECK(psd_netlink_open(&netlink, &error) == 0);
    CHECK(psd_nic_look_members(netlink, if_nametoindex("br0"), psd_clock_mono_ms() + 1000, &names, &error) ==
          0);
    CHECK(names.count == 2 && strcmp(names.items[0], "eth0") == 0 && strcmp(names.items[1], "eth2") == 0);
    free(names.items);
    psd_netlink_close(netlink);
}

int main(void)
{
    down_and_up();
    the_peer_takes_the_carrier();
    deleted_and_made_anew();
    an_instant_counts();
    renamed();
    the_name_is_exact();
    with_its_parent();
    an_alternative_name();
    the_loopback();
    five_hundred_flaps();
    nobody_but_the_kernel_is_heard();
    a_failed_look_changes_nothing();
    gone_while_it_is_looked_at();
    members_of_a_master();
    printf("net_link: passed\n");
    return 0;
}
