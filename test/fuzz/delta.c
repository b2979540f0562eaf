/* A delta applied to any state, and the delta made between any two states: the
 * latter must lead from the one to the other. */
#include "common/rpc/delta.h"
#include "common/rpc/keyed_list.h"
#include "common/rpc/wire.h"
#include "test/fuzz/fuzz.h"
#include "test/v1/echo.rpc.h"

/* protobuf-c takes a few odd encodings of unknown fields that it does not take
 * back once it has packed them itself: those are left out. */
static ProtobufCMessage *inventory_of(const uint8_t *data, size_t size)
{
    ProtobufCMessage *first = psd_wire_unpack(&test__v1__inventory__descriptor, (psd_bytes){data, size}, "it",
                                              NULL);
    if (!first)
        return NULL;
    ProtobufCMessage *copy = psd_message_copy(first);
    protobuf_c_message_free_unpacked(first, NULL);
    return copy;
}

/* True when the lists keep the promise that a delta relies on. */
static bool is_sorted(const ProtobufCMessage *message)
{
    for (size_t l = 0; l < psd_inventory_resource.list_count; l++) {
        psd_list_view view = psd_list_view_of(&psd_inventory_resource.lists[l], message);
        for (size_t i = 1; i < *view.count; i++)
            if (psd_list_compare(&view, (*view.items)[i - 1], (*view.items)[i]) >= 0)
                return false;
    }
    return true;
}

static void check_both_ways(const ProtobufCMessage *old, const ProtobufCMessage *new)
{
    ProtobufCBinaryData delta = {0, NULL};
    must(psd_delta_make(&psd_inventory_resource, old, new, &delta.data, &delta.len, NULL) == 0);
    ProtobufCMessage *result = psd_delta_apply(&psd_inventory_resource, old, delta, NULL);
    must(result);
    if (is_sorted(old) && is_sorted(new))
        must(psd_message_equal(result, new));
    protobuf_c_message_free_unpacked(result, NULL);
    free(delta.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t length = 0;
    const uint8_t *part = fuzz_part(&data, &size, &length);
    ProtobufCMessage *old = inventory_of(part, length);
    part = fuzz_part(&data, &size, &length);
    ProtobufCMessage *new = inventory_of(part, length);
    if (old) {
        ProtobufCBinaryData delta = {size, (uint8_t *)(uintptr_t)data};
        ProtobufCMessage *result = psd_delta_apply(&psd_inventory_resource, old, delta, NULL);
        if (result)
            protobuf_c_message_free_unpacked(result, NULL);
    }
    if (old && new)
        check_both_ways(old, new);
    if (old)
        protobuf_c_message_free_unpacked(old, NULL);
    if (new)
        protobuf_c_message_free_unpacked(new, NULL);
    return 0;
}
