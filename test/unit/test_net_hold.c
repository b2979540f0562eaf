/* What is shown of a NIC that flaps, and of an address that comes and goes. */
#include <arpa/inet.h>
#include <stdio.h>

#include "common/macros.h"
#include "server/scan/net/hold.h"
#include "test/support/check.h"

enum {
    UP = POLARSTACK__V1__LINK_STATE__LINK_UP,
    DOWN = POLARSTACK__V1__LINK_STATE__LINK_DOWN,
    ABSENT = POLARSTACK__V1__LINK_STATE__LINK_ABSENT,
    UNKNOWN = POLARSTACK__V1__LINK_STATE__LINK_UNKNOWN,
    DELAY = 2000,
};

/* ---- the state ---- */

typedef struct step {
    int64_t at_ms;
    int raw;
    int shown;
    int64_t due_ms; /* 0: never */
} step;

static void walk(const step *steps, size_t count, int64_t delay_ms)
{
    psd_state_hold hold = {.begun = false};
    for (size_t i = 0; i < count; i++) {
        int before = (int)hold.shown;
        bool changed = psd_state_hold_see(&hold, (Polarstack__V1__LinkState)steps[i].raw, steps[i].at_ms,
                                          delay_ms);
        if ((int)hold.shown != steps[i].shown)
            fail_msg("step %zu: shows %d, wanted %d", i, (int)hold.shown, steps[i].shown);
        assert_int_equal(changed, i == 0 || before != steps[i].shown);
        int64_t due_ms = psd_state_hold_due(&hold, delay_ms);
        assert_int_equal(due_ms, steps[i].due_ms ? steps[i].due_ms : PSD_HOLD_NEVER);
    }
}

#define WALK(DELAY_MS, ...)                               \
    do {                                                  \
        const step steps_[] = {__VA_ARGS__};              \
        walk(steps_, PSD_ARRAY_SIZE(steps_), (DELAY_MS)); \
    } while (0)

static void the_first_look_shows_at_once(void **state)
{
    (void)state;
    WALK(DELAY, {100, UP, UP, 0});
    WALK(DELAY, {100, DOWN, DOWN, 0});
    WALK(DELAY, {100, ABSENT, ABSENT, 0});
    WALK(DELAY, {100, UNKNOWN, UNKNOWN, 0});
}

static void up_waits_and_down_does_not(void **state)
{
    (void)state;
    WALK(DELAY, {100, UP, UP, 0}, {200, DOWN, DOWN, 0}, {300, UP, DOWN, 2300}, {2299, UP, DOWN, 2300},
         {2300, UP, UP, 0}, {2400, DOWN, DOWN, 0});
}

static void a_break_begins_anew(void **state)
{
    (void)state;
    WALK(DELAY, {100, DOWN, DOWN, 0}, {200, UP, DOWN, 2200}, {1900, DOWN, DOWN, 0}, {2000, UP, DOWN, 4000},
         {3999, UP, DOWN, 4000}, {4001, UP, UP, 0});
}

static void what_came_back_is_not_absent(void **state)
{
    (void)state;
    WALK(DELAY, {100, UP, UP, 0}, {200, ABSENT, ABSENT, 0}, {300, UP, UNKNOWN, 2300},
         {400, ABSENT, ABSENT, 0}, {500, DOWN, DOWN, 0}, {600, UP, DOWN, 2600}, {2600, UP, UP, 0});
    WALK(DELAY, {100, UNKNOWN, UNKNOWN, 0}, {200, UP, UNKNOWN, 2200}, {300, UNKNOWN, UNKNOWN, 0});
}

static void without_a_delay_all_shows_at_once(void **state)
{
    (void)state;
    WALK(0, {100, DOWN, DOWN, 0}, {100, UP, UP, 0}, {100, DOWN, DOWN, 0}, {101, UP, UP, 0});
}

static void five_hundred_flaps(void **state)
{
    (void)state;
    psd_state_hold hold = {.begun = false};
    psd_state_hold_see(&hold, POLARSTACK__V1__LINK_STATE__LINK_UP, 0, DELAY);
    int64_t now_ms = 1000;
    unsigned changes = 0;
    for (int i = 0; i < 500; i++, now_ms += 20) {
        changes += psd_state_hold_see(&hold, POLARSTACK__V1__LINK_STATE__LINK_DOWN, now_ms, DELAY);
        changes += psd_state_hold_see(&hold, POLARSTACK__V1__LINK_STATE__LINK_UP, now_ms + 10, DELAY);
        assert_int_equal(hold.shown, DOWN);
    }
    assert_int_equal(changes, 1);
    psd_state_hold_see(&hold, POLARSTACK__V1__LINK_STATE__LINK_UP, psd_state_hold_due(&hold, DELAY), DELAY);
    assert_int_equal(hold.shown, UP);
}

/* ---- the address ---- */

typedef struct nic {
    psd_address_hold hold;
    psd_address items[3];
    psd_addresses list;
    psd_route gateway;
    const char *name;
} nic;

/* The addresses are those of TEXT ("10.0.0.1 10.1.0.1"), all of them candidates. */
static void see(nic *it, const char *text, int64_t now_ms)
{
    char copy[128];
    snprintf(copy, sizeof(copy), "%s", text);
    it->list = (psd_addresses){.items = it->items};
    char *rest = copy;
    for (char *word = strsep(&rest, " "); word && word[0]; word = strsep(&rest, " ")) {
        psd_address *address = &it->items[it->list.count++];
        *address = (psd_address){.family = AF_INET, .prefix_length = 24};
        assert_int_equal(inet_pton(AF_INET, word, address->bytes), 1);
    }
    psd_client_question question = {
        .nic = it->name ? it->name : "eth0", .addresses = &it->list, .gateway = &it->gateway};
    psd_address_hold_see(&it->hold, question, now_ms, DELAY);
}

/* ADDRESS NULL: never known. */
static void assert_shown(const nic *it, const char *address, bool present, int64_t due_ms, const char *reason)
{
    char text[INET6_ADDRSTRLEN];
    assert_int_equal(it->hold.known, address != NULL);
    if (address)
        assert_string_equal(psd_address_text(&it->hold.address, text), address);
    assert_int_equal(it->hold.present, present);
    assert_int_equal(psd_address_hold_due(&it->hold, DELAY), due_ms ? due_ms : PSD_HOLD_NEVER);
    if (!strstr(it->hold.reason, reason))
        fail_msg("the reason is '%s', wanted '%s'", it->hold.reason, reason);
}

static void an_address_comes_at_once(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "", 100);
    assert_shown(&it, NULL, false, 0, "eth0 has no address");
    see(&it, "10.0.0.1", 200);
    assert_shown(&it, "10.0.0.1", true, 0, "the only primary");
}

static void a_short_absence_does_not_show(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    see(&it, "", 200);
    assert_shown(&it, "10.0.0.1", true, 2200, "the only primary");
    see(&it, "", 2199);
    assert_shown(&it, "10.0.0.1", true, 2200, "the only primary");
    see(&it, "10.0.0.1", 2199);
    assert_shown(&it, "10.0.0.1", true, 0, "the only primary");
    see(&it, "", 3000); /* counts from here */
    assert_shown(&it, "10.0.0.1", true, 5000, "the only primary");
}

static void a_long_absence_shows_and_the_address_stays_known(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    see(&it, "", 200);
    see(&it, "", 2200);
    assert_shown(&it, "10.0.0.1", false, 0, "the last one known, of eth0; now eth0 has no address");
    psd_address_hold_lose(&it.hold, "eth0 does not exist", 9000, DELAY);
    assert_shown(&it, "10.0.0.1", false, 0, "the last one known, of eth0; now eth0 does not exist");
    see(&it, "10.0.0.1", 9100);
    assert_shown(&it, "10.0.0.1", true, 0, "the only primary");
}

static void another_address_takes_over_after_the_delay(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    see(&it, "10.1.0.1 10.0.0.1", 150);
    assert_shown(&it, "10.0.0.1", true, 0, "it is in use and stays so");
    see(&it, "10.1.0.1", 200);
    assert_shown(&it, "10.0.0.1", true, 2200, "");
    see(&it, "10.1.0.1", 2200);
    assert_shown(&it, "10.1.0.1", true, 0, "the only primary");
    see(&it, "10.0.0.1 10.1.0.1", 2300); /* the old one comes back too late */
    assert_shown(&it, "10.1.0.1", true, 0, "it is in use and stays so");
}

/* Gone for long, then another one: there is nothing to wait for. */
static void another_address_takes_over_from_none(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    see(&it, "", 200);
    see(&it, "", 2300);
    see(&it, "10.1.0.1", 2400);
    assert_shown(&it, "10.1.0.1", true, 0, "the only primary");
}

static void the_nic_vanishes(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    psd_address_hold_lose(&it.hold, "eth0 does not exist", 200, DELAY);
    assert_shown(&it, "10.0.0.1", true, 2200, "the only primary");
    psd_address_hold_lose(&it.hold, "eth0 does not exist", 2300, DELAY);
    assert_shown(&it, "10.0.0.1", false, 0, "now eth0 does not exist");
}

static void another_nic_shows_at_once(void **state)
{
    (void)state;
    nic it = {.hold = {.begun = false}};
    see(&it, "10.0.0.1", 100);
    see(&it, "", 150);
    psd_address_hold_begin_anew(&it.hold);
    it.name = "eth1";
    see(&it, "10.7.0.1", 200);
    assert_shown(&it, "10.7.0.1", true, 0, "address of eth1");
    psd_address_hold_begin_anew(&it.hold);
    it.name = "eth2";
    see(&it, "", 300);
    assert_shown(&it, "10.7.0.1", false, 0, "the last one known, of eth1; now eth2 has no address");
    nic never = {.hold = {.begun = false}};
    psd_address_hold_lose(&never.hold, "the client NIC is not known", 300, DELAY);
    assert_shown(&never, NULL, false, 0, "the client NIC is not known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_look_shows_at_once),
        cmocka_unit_test(up_waits_and_down_does_not),
        cmocka_unit_test(a_break_begins_anew),
        cmocka_unit_test(what_came_back_is_not_absent),
        cmocka_unit_test(without_a_delay_all_shows_at_once),
        cmocka_unit_test(five_hundred_flaps),
        cmocka_unit_test(an_address_comes_at_once),
        cmocka_unit_test(a_short_absence_does_not_show),
        cmocka_unit_test(a_long_absence_shows_and_the_address_stays_known),
        cmocka_unit_test(another_address_takes_over_after_the_delay),
        cmocka_unit_test(another_address_takes_over_from_none),
        cmocka_unit_test(the_nic_vanishes),
        cmocka_unit_test(another_nic_shows_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
