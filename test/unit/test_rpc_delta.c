/* Deltas lead from any state to any other; malformed ones are refused. */
#include "common/rpc/delta.h"

#include <stdlib.h>

#include "common/rpc/keyed_list.h"
#include "common/rpc/wire.h"
#include "test/support/check.h"
#include "test/support/inventory.h"

static ProtobufCBinaryData make(const Test__V1__Inventory *old, const Test__V1__Inventory *new)
{
    ProtobufCBinaryData delta = {0, NULL};
    psd_error error = PSD_ERROR_INIT;
    assert_works(
        psd_delta_make(&psd_inventory_resource, &old->base, &new->base, &delta.data, &delta.len, &error),
        &error);
    return delta;
}

static Test__V1__Inventory *apply(const Test__V1__Inventory *old, ProtobufCBinaryData delta)
{
    psd_error error = PSD_ERROR_INIT;
    ProtobufCMessage *result = psd_delta_apply(&psd_inventory_resource, &old->base, delta, &error);
    if (!result)
        fail_msg("%s", error.text);
    return (Test__V1__Inventory *)result;
}

static void test_any_state_leads_to_any_other(void **state)
{
    (void)state;
    srandom(4711);
    for (int round = 0; round < 3000; round++) {
        size_t most = (size_t)random() % 24;
        Test__V1__Inventory *old = psd_test_inventory_random(most);
        Test__V1__Inventory *new = psd_test_inventory_random(random() % 8 ? most : (size_t)random() % 24);
        psd_test_inventory_observe(old, 9, 1);
        psd_test_inventory_observe(new, 9, 2);
        ProtobufCMessage *before = psd_message_copy(&old->base);
        ProtobufCBinaryData delta = make(old, new);
        Test__V1__Inventory *result = apply(old, delta);
        assert_true(psd_message_equal(&result->base, &new->base));
        assert_true(psd_message_equal(before, &old->base)); /* stays as it is */
        /* Applied again, a delta changes nothing more. */
        Test__V1__Inventory *again = apply(result, delta);
        assert_true(psd_message_equal(&again->base, &new->base));
        protobuf_c_message_free_unpacked(before, NULL);
        psd_test_inventory_free(again);
        psd_test_inventory_free(result);
        psd_test_inventory_free(new);
        psd_test_inventory_free(old);
        free(delta.data);
    }
}

static Polarrpc__V1__Delta *parts_of(ProtobufCBinaryData delta)
{
    Polarrpc__V1__Delta *parts = polarrpc__v1__delta__unpack(NULL, delta.len, delta.data);
    assert_non_null(parts);
    return parts;
}

/* One changed item of many travels alone, and a removed one as its key. */
static void test_only_what_changed_travels(void **state)
{
    (void)state;
    Test__V1__Inventory *old = psd_test_inventory_of(1000, 1);
    Test__V1__Inventory *new = psd_test_inventory_of(999, 1);
    new->items[500]->value = 7;
    ProtobufCBinaryData delta = make(old, new);
    Polarrpc__V1__Delta *parts = parts_of(delta);
    Test__V1__Inventory *changed = test__v1__inventory__unpack(NULL, parts->changed.len, parts->changed.data);
    Test__V1__Inventory *removed = test__v1__inventory__unpack(NULL, parts->removed.len, parts->removed.data);
    assert_int_equal(changed->n_items, 1);
    assert_string_equal(changed->items[0]->name, "item-00500");
    assert_int_equal(changed->items[0]->value, 7);
    assert_int_equal(removed->n_items, 1);
    assert_string_equal(removed->items[0]->name, "item-00999");
    assert_int_equal(removed->items[0]->value, 0);
    assert_true(delta.len < 64);
    psd_test_inventory_free(changed);
    psd_test_inventory_free(removed);
    polarrpc__v1__delta__free_unpacked(parts, NULL);
    psd_test_inventory_free(old);
    psd_test_inventory_free(new);
    free(delta.data);
}

static void test_nothing_changed(void **state)
{
    (void)state;
    Test__V1__Inventory *same = psd_test_inventory_of(10, 1);
    ProtobufCBinaryData delta = make(same, same);
    assert_int_equal(delta.len, 4); /* two empty fields */
    Test__V1__Inventory *result = apply(same, delta);
    assert_true(psd_message_equal(&result->base, &same->base));
    psd_test_inventory_free(result);
    psd_test_inventory_free(same);
    free(delta.data);
}

static void assert_refused(const Test__V1__Inventory *old, const void *bytes, size_t length, const char *says)
{
    psd_error error = PSD_ERROR_INIT;
    ProtobufCBinaryData delta = {length, (uint8_t *)(uintptr_t)bytes};
    assert_null(psd_delta_apply(&psd_inventory_resource, &old->base, delta, &error));
    assert_int_equal(error.code, PSD_INVALID_ARGUMENT);
    assert_non_null(strstr(error.text, says));
}

static void test_malformed_deltas(void **state)
{
    (void)state;
    Test__V1__Inventory *old = psd_test_inventory_of(3, 1);
    assert_refused(old, "\xff", 1, "the delta is not a valid polarrpc.v1.Delta");
    assert_refused(old, "\x0a\x05xy", 4, "the delta is not");
    assert_refused(old, "\x0a\x02\x1a\x7f", 4, "the delta's changes is not a valid test.v1.Inventory");
    assert_refused(old, "\x12\x02\x1a\x7f", 4, "the delta's removals is not");
    psd_test_inventory_free(old);
}

/* Unsorted and repeated keys break the promise of the sender: any result will
 * do, but no fault. Cut and flipped bytes likewise. */
static void test_hostile_deltas(void **state)
{
    (void)state;
    srandom(99);
    for (int round = 0; round < 4000; round++) {
        Test__V1__Inventory *old = psd_test_inventory_random(12);
        Test__V1__Inventory *new = psd_test_inventory_random(12);
        for (size_t i = 1; i < new->n_items; i++) { /* shuffled */
            size_t other = (size_t)random() % i;
            Test__V1__Item *kept = new->items[i];
            new->items[i] = new->items[other];
            new->items[other] = kept;
        }
        ProtobufCBinaryData delta = make(old, new);
        for (int flips = (int)(random() % 3); flips > 0; flips--)
            delta.data[(size_t)random() % delta.len] = (uint8_t)random();
        size_t length = random() % 2 ? delta.len : (size_t)random() % delta.len;
        ProtobufCMessage *result = psd_delta_apply(&psd_inventory_resource, &old->base,
                                                   (ProtobufCBinaryData){length, delta.data}, NULL);
        if (result)
            protobuf_c_message_free_unpacked(result, NULL);
        psd_test_inventory_free(new);
        psd_test_inventory_free(old);
        free(delta.data);
    }
}

static void test_order_of_keys(void **state)
{
    (void)state;
    Test__V1__Inventory *inventory = psd_test_inventory_of(2, 1);
    psd_list_view items = psd_list_view_of(&psd_inventory_resource.lists[0], &inventory->base);
    assert_int_equal(*items.count, 2);
    assert_true(psd_list_compare(&items, (*items.items)[0], (*items.items)[1]) < 0);
    assert_true(psd_list_compare(&items, (*items.items)[1], (*items.items)[0]) > 0);
    assert_int_equal(psd_list_compare(&items, (*items.items)[0], (*items.items)[0]), 0);
    psd_list_view slots = psd_list_view_of(&psd_inventory_resource.lists[1], &inventory->base);
    Test__V1__Slot low = TEST__V1__SLOT__INIT;
    Test__V1__Slot high = TEST__V1__SLOT__INIT;
    high.number = UINT64_C(1) << 32; /* beyond uint32 */
    assert_true(psd_list_compare(&slots, &low.base, &high.base) < 0);
    high.number = UINT64_MAX;
    assert_true(psd_list_compare(&slots, &high.base, &low.base) > 0);
    assert_false(psd_message_equal(&low.base, &high.base));
    psd_test_inventory_free(inventory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_state_leads_to_any_other),
        cmocka_unit_test(test_only_what_changed_travels),
        cmocka_unit_test(test_nothing_changed),
        cmocka_unit_test(test_malformed_deltas),
        cmocka_unit_test(test_hostile_deltas),
        cmocka_unit_test(test_order_of_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
