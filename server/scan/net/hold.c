#include "server/scan/net/hold.h"

#include <stdio.h>
#include <string.h>

/* ---- the state ---- */

bool psd_state_hold_see(psd_state_hold *hold, Polarstack__V1__LinkState raw, int64_t now_ms, int64_t delay_ms)
{
    const Polarstack__V1__LinkState up = POLARSTACK__V1__LINK_STATE__LINK_UP;
    Polarstack__V1__LinkState before = hold->shown;
    if (!hold->begun || raw != up || hold->shown == up) {
        hold->held = false;
        hold->shown = raw;
    } else {
        if (!hold->held)
            hold->up_since_ms = now_ms;
        hold->held = now_ms - hold->up_since_ms < delay_ms;
        if (!hold->held)
            hold->shown = up;
        else if (hold->shown == POLARSTACK__V1__LINK_STATE__LINK_ABSENT)
            hold->shown = POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN; /* it exists, and nobody saw it down */
    }
    bool first = !hold->begun;
    hold->begun = true;
    return first || hold->shown != before;
}

int64_t psd_state_hold_due(const psd_state_hold *hold, int64_t delay_ms)
{
    return hold->held ? hold->up_since_ms + delay_ms : PSD_HOLD_NEVER;
}

/* ---- the address ---- */

static void take(psd_address_hold *hold, const psd_client_question *question, const psd_client_answer *answer)
{
    hold->known = true;
    hold->present = true;
    hold->going = false;
    hold->address = *answer->address;
    snprintf(hold->nic, sizeof(hold->nic), "%s", question->nic);
    snprintf(hold->reason, sizeof(hold->reason), "%s", answer->reason);
}

/* The address is not seen. True while that does not show yet. */
static bool keep(psd_address_hold *hold, int64_t now_ms, int64_t delay_ms)
{
    if (!hold->begun || !hold->present)
        return false;
    if (!hold->going)
        hold->gone_since_ms = now_ms;
    hold->going = now_ms - hold->gone_since_ms < delay_ms;
    return hold->going;
}

/* REASON says why there is none now. */
static void drop(psd_address_hold *hold, const char *reason)
{
    hold->present = false;
    hold->going = false;
    if (hold->known)
        snprintf(hold->reason, sizeof(hold->reason), "the last one known, of %s; now %s", hold->nic, reason);
    else
        snprintf(hold->reason, sizeof(hold->reason), "%s", reason);
}

void psd_address_hold_see(psd_address_hold *hold, psd_client_question question, int64_t now_ms,
                          int64_t delay_ms)
{
    psd_client_answer answer;
    question.current = hold->known ? &hold->address : NULL;
    psd_client_address_choose(&question, &answer);
    bool is_same = answer.address && hold->known && psd_client_address_same(answer.address, &hold->address);
    if (is_same || !keep(hold, now_ms, delay_ms)) {
        if (answer.address)
            take(hold, &question, &answer);
        else
            drop(hold, answer.reason);
    }
    hold->begun = true;
}

void psd_address_hold_lose(psd_address_hold *hold, const char *reason, int64_t now_ms, int64_t delay_ms)
{
    if (!keep(hold, now_ms, delay_ms))
        drop(hold, reason);
    hold->begun = true;
}

void psd_address_hold_begin_anew(psd_address_hold *hold)
{
    hold->begun = false;
    hold->going = false;
}

int64_t psd_address_hold_due(const psd_address_hold *hold, int64_t delay_ms)
{
    return hold->going ? hold->gone_since_ms + delay_ms : PSD_HOLD_NEVER;
}
