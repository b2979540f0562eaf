#include "common/rpc/keyed_list.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static void *member(const ProtobufCMessage *message, unsigned offset)
{
    return (char *)(uintptr_t)message + offset;
}

psd_list_view psd_list_view_of(const psd_keyed_list *list, const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(message->descriptor,
                                                                                    list->field);
    const ProtobufCMessageDescriptor *item = field->descriptor;
    return (psd_list_view){
        .count = member(message, field->quantifier_offset),
        .items = member(message, field->offset),
        .key = protobuf_c_message_descriptor_get_field(item, list->key),
    };
}

static uint64_t number_key(const psd_list_view *view, const ProtobufCMessage *item)
{
    const void *at = member(item, view->key->offset);
    if (view->key->type == PROTOBUF_C_TYPE_UINT64)
        return *(const uint64_t *)at;
    return *(const uint32_t *)at;
}

int psd_list_compare(const psd_list_view *view, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    if (view->key->type == PROTOBUF_C_TYPE_STRING)
        return strcmp(*(char *const *)member(a, view->key->offset),
                      *(char *const *)member(b, view->key->offset));
    uint64_t key_a = number_key(view, a);
    uint64_t key_b = number_key(view, b);
    return (key_a > key_b) - (key_a < key_b);
}

bool psd_message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    size_t size = protobuf_c_message_get_packed_size(a);
    if (size != protobuf_c_message_get_packed_size(b))
        return false;
    uint8_t small[512];
    PSD_AUTO_FREE uint8_t *large = NULL;
    uint8_t *at = small;
    if (size > sizeof(small) / 2) {
        large = malloc(size * 2);
        if (!large)
            return false; /* taken for a change: costs a message, loses nothing */
        at = large;
    }
    protobuf_c_message_pack(a, at);
    protobuf_c_message_pack(b, at + size);
    return memcmp(at, at + size, size) == 0;
}

ProtobufCMessage *psd_message_copy(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    PSD_AUTO_FREE uint8_t *packed = malloc(size + 1);
    if (!packed)
        return NULL;
    protobuf_c_message_pack(message, packed);
    return protobuf_c_message_unpack(message->descriptor, NULL, size, packed);
}
