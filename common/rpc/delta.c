#include "common/rpc/delta.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/rpc/keyed_list.h"
#include "common/rpc/wire.h"

/* A message struct without the things it points to. */
static void free_shell(ProtobufCMessage **shell)
{
    free(*shell);
}

static ProtobufCMessage *new_shell(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *shell = malloc(type->sizeof_message);
    if (!shell)
        abort(); /* some hundred bytes */
    protobuf_c_message_init(type, shell);
    return shell;
}

/* An item with nothing but the key of ITEM, whose string it borrows. */
static ProtobufCMessage *key_only(const psd_list_view *view, const ProtobufCMessage *item)
{
    ProtobufCMessage *shell = new_shell(item->descriptor);
    size_t size = view->key->type == PROTOBUF_C_TYPE_STRING   ? sizeof(char *)
                  : view->key->type == PROTOBUF_C_TYPE_UINT64 ? sizeof(uint64_t)
                                                              : sizeof(uint32_t);
    memcpy((char *)shell + view->key->offset, (const char *)item + view->key->offset, size);
    return shell;
}

/* The two messages of a Delta under construction. `changed` borrows from the
 * new resource; its lists, and the list items of `removed`, are its own. */
typedef struct draft {
    const psd_resource *resource;
    ProtobufCMessage *changed;
    ProtobufCMessage *removed;
} draft;

static void free_draft(draft *d)
{
    for (size_t i = 0; d->changed && i < d->resource->list_count; i++) {
        psd_list_view changed = psd_list_view_of(&d->resource->lists[i], d->changed);
        psd_list_view removed = psd_list_view_of(&d->resource->lists[i], d->removed);
        free(*changed.items);
        for (size_t k = 0; k < *removed.count; k++)
            free((*removed.items)[k]);
        free(*removed.items);
    }
    free_shell(&d->changed);
    free_shell(&d->removed);
}

static ProtobufCMessage **room_for(size_t count)
{
    ProtobufCMessage **items = calloc(count + 1, sizeof(ProtobufCMessage *));
    if (!items)
        abort();
    return items;
}

/* Walks both sorted lists side by side. */
static void diff_list(const psd_list_view *old, const psd_list_view *new, psd_list_view *changed,
                      psd_list_view *removed)
{
    size_t o = 0;
    size_t n = 0;
    while (o < *old->count || n < *new->count) {
        int order = o == *old->count   ? 1
                    : n == *new->count ? -1
                                       : psd_list_compare(old, (*old->items)[o], (*new->items)[n]);
        if (order < 0) {
            (*removed->items)[(*removed->count)++] = key_only(old, (*old->items)[o++]);
            continue;
        }
        if (order > 0 || !psd_message_equal((*old->items)[o], (*new->items)[n]))
            (*changed->items)[(*changed->count)++] = (*new->items)[n];
        o += order == 0;
        n++;
    }
}

int psd_delta_make(const psd_resource *resource, const ProtobufCMessage *old, const ProtobufCMessage *new,
                   uint8_t **bytes, size_t *length, psd_error *error)
{
    __attribute__((cleanup(free_draft))) draft d = {.resource = resource,
                                                    .changed = new_shell(resource->message),
                                                    .removed = new_shell(resource->message)};
    memcpy(d.changed, new, resource->message->sizeof_message);
    for (size_t i = 0; i < resource->list_count; i++) {
        psd_list_view old_list = psd_list_view_of(&resource->lists[i], old);
        psd_list_view new_list = psd_list_view_of(&resource->lists[i], new);
        psd_list_view changed = psd_list_view_of(&resource->lists[i], d.changed);
        psd_list_view removed = psd_list_view_of(&resource->lists[i], d.removed);
        *changed.items = room_for(*new_list.count);
        *changed.count = 0;
        *removed.items = room_for(*old_list.count);
        diff_list(&old_list, &new_list, &changed, &removed);
    }
    size_t changed_size = protobuf_c_message_get_packed_size(d.changed);
    size_t removed_size = protobuf_c_message_get_packed_size(d.removed);
    *length = psd_wire_field_size(1, changed_size) + psd_wire_field_size(2, removed_size);
    *bytes = malloc(*length);
    if (!*bytes)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for a delta of %zu bytes", *length);
    uint8_t *at = psd_wire_write_field_header(*bytes, 1, changed_size);
    at += protobuf_c_message_pack(d.changed, at);
    at = psd_wire_write_field_header(at, 2, removed_size);
    protobuf_c_message_pack(d.removed, at);
    return 0;
}

/* Puts copies of those items of OLD between those of MERGED that the delta
 * says nothing about. */
static int merge_list(const psd_list_view *old, const psd_list_view *removed, psd_list_view *merged)
{
    PSD_AUTO_FREE ProtobufCMessage **changed = *merged->items;
    size_t changed_count = *merged->count;
    *merged->items = room_for(*old->count + changed_count);
    *merged->count = 0;
    int result = 0;
    size_t o = 0;
    size_t r = 0;
    for (size_t c = 0; o < *old->count || c < changed_count;) {
        int order = o == *old->count     ? 1
                    : c == changed_count ? -1
                                         : psd_list_compare(old, (*old->items)[o], changed[c]);
        if (order >= 0) {
            (*merged->items)[(*merged->count)++] = changed[c++];
            o += order == 0;
            continue;
        }
        const ProtobufCMessage *item = (*old->items)[o++];
        while (r < *removed->count && psd_list_compare(old, (*removed->items)[r], item) < 0)
            r++;
        if (r < *removed->count && psd_list_compare(old, (*removed->items)[r], item) == 0)
            continue;
        ProtobufCMessage *copy = psd_message_copy(item);
        if (copy)
            (*merged->items)[(*merged->count)++] = copy;
        else
            result = -1;
    }
    return result;
}

static void free_message(ProtobufCMessage **message)
{
    if (*message)
        protobuf_c_message_free_unpacked(*message, NULL);
}

ProtobufCMessage *psd_delta_apply(const psd_resource *resource, const ProtobufCMessage *old,
                                  ProtobufCBinaryData delta, psd_error *error)
{
    PSD_AUTO(free_message)
    ProtobufCMessage *parts = psd_wire_unpack(&polarrpc__v1__delta__descriptor,
                                              (psd_bytes){delta.data, delta.len}, "the delta", error);
    if (!parts)
        return NULL;
    const Polarrpc__V1__Delta *d = (const Polarrpc__V1__Delta *)parts;
    PSD_AUTO(free_message)
    ProtobufCMessage *merged = psd_wire_unpack(
        resource->message, (psd_bytes){d->changed.data, d->changed.len}, "the delta's changes", error);
    PSD_AUTO(free_message)
    ProtobufCMessage *removed = psd_wire_unpack(
        resource->message, (psd_bytes){d->removed.data, d->removed.len}, "the delta's removals", error);
    if (!merged || !removed)
        return NULL;
    for (size_t i = 0; i < resource->list_count; i++) {
        psd_list_view old_list = psd_list_view_of(&resource->lists[i], old);
        psd_list_view removed_list = psd_list_view_of(&resource->lists[i], removed);
        psd_list_view merged_list = psd_list_view_of(&resource->lists[i], merged);
        if (merge_list(&old_list, &removed_list, &merged_list) < 0) {
            psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
            return NULL;
        }
    }
    return psd_take(merged);
}
