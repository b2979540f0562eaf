/* net_conditions.c - the conditions NodeClientIP, NodeClientNetworkUnavailable and
 * NodeOobIP, from the resource NodeNetStatus. Pure, but for the Events. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/node_config_part.h"
#include "k8s/mirror/rows.h"
#include "polarstack/v1/node_net.pb-c.h"

/* Behind a reason: the value is the last one known, and this is why. */
static const char note_mark[] = ", not current: ";

/* Readers take this for "none". */
static const char no_address[] = "0.0.0.0";

static const Polarstack__V1__NodeNetStatus *status_of(const psd_mirror_source *source)
{
    return (const Polarstack__V1__NodeNetStatus *)source->resource;
}

/* NULL while nothing was seen. */
static const Polarstack__V1__ClientNic *nic_of(const psd_mirror_source *source)
{
    const Polarstack__V1__NodeNetStatus *status = status_of(source);
    bool is_seen = status && status->observation &&
                   status->observation->state != POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    return is_seen ? status->client_nic : NULL;
}

static const char *text_of(const cJSON *found, const char *member)
{
    const char *text = psd_json_string(found, member);
    return text ? text : "";
}

static void set(psd_wanted_condition *wanted, const char *status, const char *reason, const char *message)
{
    wanted->known = true;
    wanted->status = status;
    snprintf(wanted->reason, sizeof(wanted->reason), "%s", reason);
    snprintf(wanted->message, sizeof(wanted->message), "%s", message);
}

static const char *constant_of(const char *status)
{
    return strcmp(status, "True") == 0 ? "True" : strcmp(status, "False") == 0 ? "False" : "Unknown";
}

/* What stands there stays, and says why it may be old. */
static void keep_with_note(const cJSON *found, const char *note, psd_wanted_condition *wanted)
{
    if (!found)
        return;
    char reason[sizeof(wanted->reason)];
    snprintf(reason, sizeof(reason), "%s", text_of(found, "reason"));
    char *mark = strstr(reason, note_mark);
    if (mark)
        *mark = '\0';
    set(wanted, constant_of(text_of(found, "status")), reason, text_of(found, "message"));
    size_t length = strlen(wanted->reason);
    snprintf(wanted->reason + length, sizeof(wanted->reason) - length, "%s%s", note_mark, note);
}

/* The address of ours that was known last: the daemon's, else what stands there. */
static const char *last_address(const char *known, const cJSON *found)
{
    struct in_addr parsed;
    const char *there = text_of(found, "message");
    if (known[0])
        return known;
    return inet_pton(AF_INET, there, &parsed) == 1 ? there : no_address;
}

/* ---- NodeClientIP ---- */

/* An interface that cannot be told may have any address: what is known stays. */
void psd_want_client_ip(const psd_mirror_source *source, psd_wanted_condition *wanted)
{
    const Polarstack__V1__ClientNic *nic = nic_of(source);
    if (source->stale) {
        keep_with_note(source->found, source->stale, wanted);
        return;
    }
    if (!nic)
        return;
    if (nic->client_address_present)
        set(wanted, "True", nic->name, nic->client_address);
    else if (nic->state == POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN)
        keep_with_note(source->found, nic->state_reason, wanted);
    else
        set(wanted, "False", nic->name, last_address(nic->client_address, source->found));
}

void psd_tell_client_ip(const cJSON *found, const psd_wanted_condition *wanted, psd_events *events)
{
    const char *before = text_of(found, "message");
    if (strcmp(wanted->status, "True") == 0 && before[0] && strcmp(before, no_address) != 0 &&
        strcmp(before, wanted->message) != 0)
        psd_events_tell(events, PSD_EVENT_CLIENT_ADDRESS_CHANGED, "client address of %s is %s, was %s",
                        wanted->reason, wanted->message, before);
}

/* ---- NodeClientNetworkUnavailable ---- */

/* The condition's words for a state of the link. An absent interface is UNKNOWN: its
 * name may be the mistake, and True costs a node. */
static const struct word {
    Polarstack__V1__LinkState state;
    const char *status;
    const char *reason;
} words[] = {
    {POLARSTACK__V1__LINK_STATE__LINK_UP, "False", "StateUP"},
    {POLARSTACK__V1__LINK_STATE__LINK_DOWN, "True", "StateDown"},
};

static void set_network(psd_wanted_condition *wanted, const char *status, const char *reason, const char *nic)
{
    set(wanted, status, reason, "");
    snprintf(wanted->message, sizeof(wanted->message), "%s %s", nic, reason);
}

/* The interface's name in a message that stands there: "bond0 StateUP". */
static void name_there(const cJSON *found, char name[64])
{
    const char *message = text_of(found, "message");
    snprintf(name, 64, "%.*s", (int)strcspn(message, " "), message);
}

void psd_want_client_network(const psd_mirror_source *source, psd_wanted_condition *wanted)
{
    const Polarstack__V1__ClientNic *nic = nic_of(source);
    char name[64];
    if (!nic && !source->stale)
        return;
    name_there(source->found, name);
    if (nic && nic->name[0])
        snprintf(name, sizeof(name), "%s", nic->name);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(words) && !source->stale; i++) {
        if (words[i].state == nic->state) {
            set_network(wanted, words[i].status, words[i].reason, name);
            return;
        }
    }
    if (name[0]) /* without a name nobody ever asked for the condition */
        set_network(wanted, "Unknown", "StateUnKnown", name);
}

void psd_tell_client_network(const cJSON *found, const psd_wanted_condition *wanted, psd_events *events)
{
    const char *before = text_of(found, "status");
    bool was_down = strcmp(before, "True") == 0;
    bool is_down = strcmp(wanted->status, "True") == 0;
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(wanted->message, " "), wanted->message);
    if (is_down && !was_down)
        psd_events_tell(events, PSD_EVENT_CLIENT_NETWORK_DOWN, "client network interface %s is down", name);
    else if (was_down && strcmp(wanted->status, "False") == 0)
        psd_events_tell(events, PSD_EVENT_CLIENT_NETWORK_UP, "client network interface %s is up again", name);
}

/* ---- NodeOobIP ---- */

static void set_bmc_failure(const psd_mirror_source *source, const Polarstack__V1__Bmc *bmc, const char *why,
                            psd_wanted_condition *wanted)
{
    set(wanted, "False", "", last_address(bmc->address, source->found));
    snprintf(wanted->reason, sizeof(wanted->reason), "error: %s", why);
}

void psd_want_oob_ip(const psd_mirror_source *source, psd_wanted_condition *wanted)
{
    const Polarstack__V1__Bmc *bmc = nic_of(source) ? status_of(source)->bmc : NULL;
    /* The daemon asks until it is told not to: that is nothing to write before. */
    if (!source->config || !psd_node_config_part(source->config, "check_bmc") || !source->config->check_bmc)
        return;
    if (source->stale) {
        keep_with_note(source->found, source->stale, wanted);
        return;
    }
    switch (bmc ? bmc->state : POLARSTACK__V1__BMC_STATE__BMC_UNKNOWN) {
    case POLARSTACK__V1__BMC_STATE__BMC_ANSWERING:
        set(wanted, "True", "PowerOn", bmc->address);
        break;
    case POLARSTACK__V1__BMC_STATE__BMC_FAILED:
        set_bmc_failure(source, bmc, bmc->error, wanted);
        break;
    case POLARSTACK__V1__BMC_STATE__BMC_ABSENT:
        set_bmc_failure(source, bmc, "this host has no IPMI device", wanted);
        break;
    default: /* not asked (yet): what stands there stays */
        break;
    }
}
