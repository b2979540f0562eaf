#include "server/scan/net/net_scanner.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"
#include "server/scan/net/hold.h"
#include "server/scan/net/net_message.h"
#include "server/scan/net/netlink.h"
#include "server/scan/net/nic_look.h"

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 60000,
    REASON_SIZE = 160,
};

typedef struct net_scanner {
    psd_net_state *wishes;
    int64_t delay_ms;
    int receive_buffer;
    psd_netlink *netlink;
    int events; /* -1: not open */

    psd_nic_choice choice; /* looked at */
    bool was_down;         /* for an instant at least, since it was last seen */
    bool seen;             /* view is that of a complete look at it */
    unsigned failures;     /* in a row */
    psd_nic_view view;
    int64_t observed_at_ms; /* Unix */
    Polarstack__V1__LinkState raw_state;
    char raw_reason[REASON_SIZE]; /* why it is not UP */

    char held_reason[REASON_SIZE]; /* why what is UP does not show so */
    psd_state_hold state;
    int64_t state_since_ms; /* Unix */
    psd_address_hold address;
    Polarstack__V1__Bmc *bmc; /* owned */
    uint64_t bmc_seen;
    psd_net_message message;
} net_scanner;

/* What was heard since the last scan. */
typedef struct news {
    const net_scanner *scanner;
    bool concerns; /* the NIC: look */
    bool was_down; /* the NIC, for an instant at least */
} news;

static void fini(void *state)
{
    net_scanner *scanner = state;
    if (scanner->events >= 0)
        close(scanner->events);
    psd_netlink_close(scanner->netlink);
    psd_nic_view_free(&scanner->view);
    psd_net_message_free(&scanner->message);
    if (scanner->bmc)
        polarstack__v1__bmc__free_unpacked(scanner->bmc, NULL);
    free(scanner);
}

static int init(const void *settings, void **state, psd_error *error)
{
    const psd_net_scanner_settings *wanted = settings;
    if (wanted->up_delay_ms < 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the delay of UP cannot be negative");
    net_scanner *scanner = calloc(1, sizeof(*scanner));
    if (!scanner)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the net scanner");
    scanner->wishes = wanted->state;
    scanner->delay_ms = wanted->up_delay_ms;
    scanner->receive_buffer = wanted->receive_buffer;
    scanner->events = -1;
    char delay[PSD_DURATION_TEXT_SIZE];
    snprintf(scanner->held_reason, sizeof(scanner->held_reason),
             "it is up, which shows when it has been so for %s",
             psd_format_duration(scanner->delay_ms, delay));
    if (psd_netlink_open(&scanner->netlink, error) < 0) {
        fini(scanner);
        return -1;
    }
    *state = scanner;
    return 0;
}

static int descriptor(void *state)
{
    return ((const net_scanner *)state)->events;
}

/* ---- hearing ---- */

static bool has_the_name(const net_scanner *scanner, const char *name)
{
    char base[PSD_INTERFACE_NAME_SIZE];
    psd_interface_name_base(scanner->choice.text, base);
    return strcmp(name, scanner->choice.text) == 0 || strcmp(name, base) == 0;
}

/* Bonds and alternative names hang on other links: any of them may matter. */
static bool concerns_nic(const net_scanner *scanner, const psd_link *link)
{
    const psd_nic_view *view = &scanner->view;
    if (has_the_name(scanner, link->name) || view->alias_of[0])
        return true;
    return view->exists && (link->index == view->link.index || link->index == view->link.lower ||
                            link->master == view->link.index || view->link.is_bond);
}

static void hear_link(news *heard, const psd_link *link, bool is_gone)
{
    const psd_nic_view *view = &heard->scanner->view;
    const char *reason = "";
    heard->concerns = heard->concerns || concerns_nic(heard->scanner, link);
    if (!view->exists || link->index != view->link.index || link->family != AF_UNSPEC)
        return;
    bool is_down = is_gone || strcmp(link->name, view->link.name) != 0 ||
                   psd_link_state(link, &reason) != POLARSTACK__V1__LINK_STATE__LINK_UP;
    heard->was_down = heard->was_down || is_down;
}

static int hear_message(void *arg, const psd_netlink_message *message, psd_error *error)
{
    news *heard = arg;
    const psd_nic_view *view = &heard->scanner->view;
    psd_link link;
    psd_address address;
    psd_route route;
    switch (message->type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        if (psd_link_parse(message->payload, message->length, &link, error) < 0)
            return -1;
        hear_link(heard, &link, message->type == RTM_DELLINK);
        return 0;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        if (psd_address_parse(message->payload, message->length, &address, error) < 0)
            return -1;
        heard->concerns = heard->concerns || (view->exists && address.index == view->link.index);
        return 0;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        if (psd_route_parse(message->payload, message->length, 0, &route, error) < 0)
            return -1;
        heard->concerns = heard->concerns || (view->exists && route.is_default);
        return 0;
    default:
        return 0;
    }
}

/* The groups are joined before the first look: nothing falls in between. */
static int hear(net_scanner *scanner, news *heard, psd_error *error)
{
    if (scanner->events < 0) {
        heard->concerns = true;
        return psd_netlink_listen(scanner->receive_buffer, &scanner->events, error);
    }
    bool lost = false;
    if (psd_netlink_hear(scanner->netlink, scanner->events, hear_message, heard, &lost, error) < 0) {
        close(psd_take_fd(&scanner->events));
        return -1;
    }
    heard->concerns = heard->concerns || lost;
    return 0;
}

/* ---- judging ---- */

static void judge_link(net_scanner *scanner)
{
    const char *name = scanner->choice.text;
    const char *reason = "";
    char *text = scanner->raw_reason;
    if (!name[0]) {
        scanner->raw_state = POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN;
        snprintf(text, REASON_SIZE,
                 "nobody says which one it is: set NET_CARD_NAME in the cluster's ConfigMap ccm-config, or "
                 "start the daemon with --client-nic");
    } else if (scanner->view.exists) {
        scanner->raw_state = psd_link_state(&scanner->view.link, &reason);
        snprintf(text, REASON_SIZE, "%s", reason);
    } else if (scanner->view.alias_of[0]) {
        scanner->raw_state = POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN;
        snprintf(text, REASON_SIZE, "'%s' is an alternative name of %s: configure that one", name,
                 scanner->view.alias_of);
    } else {
        scanner->raw_state = POLARSTACK__V1__LINK_STATE__LINK_ABSENT;
        snprintf(text, REASON_SIZE, "no interface of this name exists");
    }
}

static void judge_address(net_scanner *scanner, int64_t now_ms)
{
    char reason[REASON_SIZE];
    const psd_client_question question = {.nic = scanner->view.link.name,
                                          .addresses = &scanner->view.addresses,
                                          .gateway = &scanner->view.gateway};
    if (scanner->view.exists) {
        psd_address_hold_see(&scanner->address, question, now_ms, scanner->delay_ms);
        return;
    }
    if (scanner->choice.text[0])
        snprintf(reason, sizeof(reason), "%s does not exist", scanner->choice.text);
    else
        snprintf(reason, sizeof(reason), "the client NIC is not known");
    psd_address_hold_lose(&scanner->address, reason, now_ms, scanner->delay_ms);
}

static const char *state_name(Polarstack__V1__LinkState state)
{
    return protobuf_c_enum_descriptor_get_value(&polarstack__v1__link_state__descriptor, (int)state)->name;
}

static const char *shown_reason(const net_scanner *scanner)
{
    return scanner->state.held ? scanner->held_reason : scanner->raw_reason;
}

/* Sees the view as of now. */
static void judge(net_scanner *scanner, int64_t now_ms)
{
    Polarstack__V1__LinkState before = scanner->state.shown;
    bool changed = false;
    judge_link(scanner);
    if (scanner->was_down && scanner->state.begun)
        changed = psd_state_hold_see(&scanner->state, POLARSTACK__V1__LINK_STATE__LINK_DOWN, now_ms,
                                     scanner->delay_ms);
    changed = psd_state_hold_see(&scanner->state, scanner->raw_state, now_ms, scanner->delay_ms) || changed;
    if (changed && (before != scanner->state.shown || scanner->state_since_ms == 0)) {
        scanner->state_since_ms = psd_clock_unix_ms();
        psd_log(PSD_LOG_INFO, "state of the client NIC", "nic=%s state=%s reason=\"%s\"",
                scanner->choice.text, state_name(scanner->state.shown), shown_reason(scanner));
    }
    scanner->was_down = false;
    judge_address(scanner, now_ms);
}

static bool is_due(const net_scanner *scanner, int64_t now_ms)
{
    return psd_state_hold_due(&scanner->state, scanner->delay_ms) <= now_ms ||
           psd_address_hold_due(&scanner->address, scanner->delay_ms) <= now_ms;
}

static int64_t pause_until_due(const net_scanner *scanner)
{
    int64_t due_ms = psd_state_hold_due(&scanner->state, scanner->delay_ms);
    int64_t address_ms = psd_address_hold_due(&scanner->address, scanner->delay_ms);
    if (address_ms < due_ms)
        due_ms = address_ms;
    if (due_ms == PSD_HOLD_NEVER)
        return PSD_SCANNER_NEVER;
    int64_t left_ms = due_ms - psd_clock_mono_ms();
    return left_ms > 0 ? left_ms : 0;
}

/* ---- one scan ---- */

/* Another interface from now on. True when only its source or nothing differs. */
static bool follow_choice(net_scanner *scanner, bool *other_source)
{
    psd_nic_choice wanted;
    psd_net_state_nic(scanner->wishes, &wanted);
    bool same = strcmp(wanted.text, scanner->choice.text) == 0;
    *other_source = strcmp(wanted.source, scanner->choice.source) != 0;
    scanner->choice = wanted;
    if (same)
        return true;
    scanner->state = (psd_state_hold){.begun = false};
    scanner->state_since_ms = 0;
    psd_address_hold_begin_anew(&scanner->address);
    return false;
}

static int look(net_scanner *scanner, int64_t deadline_ms, psd_error *error)
{
    if (!scanner->choice.text[0])
        psd_nic_view_free(&scanner->view);
    else if (psd_nic_look(scanner->netlink, scanner->choice.text, deadline_ms, &scanner->view, error) < 0)
        return -1;
    scanner->observed_at_ms = psd_clock_unix_ms();
    scanner->seen = true;
    return 0;
}

static int publish(net_scanner *scanner, const psd_sink *sink, psd_error *error)
{
    const psd_net_facts facts = {
        .choice = &scanner->choice,
        .view = &scanner->view,
        .raw_state = scanner->raw_state,
        .state_reason = shown_reason(scanner),
        .state = &scanner->state,
        .state_since_ms = scanner->state_since_ms,
        .address = &scanner->address,
        .bmc = scanner->bmc,
    };
    if (psd_net_message_fill(&scanner->message, &facts, error) < 0)
        return -1;
    const psd_look seen = {
        .resource = &scanner->message.status.base,
        .observed_at_ms = scanner->observed_at_ms,
        .limitations = scanner->message.limitations,
        .limitation_count = scanner->message.limitation_count,
    };
    return sink->publish(sink->arg, &seen, error);
}

static int scan_now(net_scanner *scanner, const psd_scan_request *request, const psd_sink *sink,
                    psd_error *error)
{
    news heard = {.scanner = scanner};
    bool other_source = false;
    bool same_nic = follow_choice(scanner, &other_source);
    bool other_bmc = psd_net_state_bmc(scanner->wishes, &scanner->bmc_seen, &scanner->bmc);
    if (hear(scanner, &heard, error) < 0)
        return -1;
    scanner->was_down = same_nic && (scanner->was_down || heard.was_down);
    bool must_look = request->asked || !scanner->seen || !same_nic || heard.concerns;
    if (must_look && look(scanner, request->deadline_ms, error) < 0)
        return -1;
    int64_t now_ms = psd_clock_mono_ms();
    if (!must_look && !other_bmc && !other_source && !is_due(scanner, now_ms))
        return 0;
    judge(scanner, now_ms);
    return publish(scanner, sink, error);
}

static int scan(void *state, const psd_scan_request *request, const psd_sink *sink, int64_t *next_ms,
                psd_error *error)
{
    net_scanner *scanner = state;
    if (scan_now(scanner, request, sink, error) < 0) {
        scanner->seen = false; /* the view may be half of one, or what was heard is lost */
        *next_ms = psd_backoff_ms(scanner->failures++, RETRY_FIRST_MS, RETRY_MOST_MS);
        return psd_error_prefix(error, "net scan");
    }
    scanner->failures = 0;
    *next_ms = pause_until_due(scanner);
    return 0;
}

const psd_scanner_type psd_net_scanner = {
    .name = "net",
    .init = init,
    .scan = scan,
    .descriptor = descriptor,
    .stop = NULL, /* the kernel answers in milliseconds, or the deadline ends it */
    .fini = fini,
};
