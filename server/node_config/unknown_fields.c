#include "server/node_config/unknown_fields.h"

#include <stdlib.h>

#include "common/cleanup.h"

static void forget_own(ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        free(message->unknown_fields[i].data);
    free(psd_take(message->unknown_fields));
    message->n_unknown_fields = 0;
}

static void forget_inside(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->type != PROTOBUF_C_TYPE_MESSAGE)
        return;
    void *member = (char *)message + field->offset;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *one = *(ProtobufCMessage **)member;
        if (one)
            psd_forget_unknown_fields(one);
        return;
    }
    size_t count = *(size_t *)(void *)((char *)message + field->quantifier_offset);
    ProtobufCMessage **items = *(ProtobufCMessage ***)member;
    for (size_t i = 0; i < count; i++)
        psd_forget_unknown_fields(items[i]);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the messages' types */
void psd_forget_unknown_fields(ProtobufCMessage *message)
{
    forget_own(message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        forget_inside(message, &message->descriptor->fields[i]);
}
