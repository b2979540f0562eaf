#include "gen/options.h"

/* Numbers of the extensions in options.proto. */
enum { ROLE = 50501, TOPIC = 50502, LIST_KEY = 50503 };

/* As in the binary format, the last one wins. */
static const ProtobufCMessageUnknownField *find(const ProtobufCMessage *options, uint32_t number,
                                                ProtobufCWireType wire_type)
{
    const ProtobufCMessageUnknownField *found = NULL;
    for (unsigned i = 0; options && i < options->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
        if (field->tag == number && field->wire_type == wire_type)
            found = field;
    }
    return found;
}

/* Reads a varint at *POSITION and steps over it. */
static uint64_t read_varint(const ProtobufCMessageUnknownField *field, size_t *position)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *position < field->len && shift < 64; shift += 7) {
        uint8_t byte = field->data[(*position)++];
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
    }
    return value;
}

static uint64_t number_option(const ProtobufCMessage *options, uint32_t number)
{
    const ProtobufCMessageUnknownField *field = find(options, number, PROTOBUF_C_WIRE_TYPE_VARINT);
    size_t position = 0;
    return field ? read_varint(field, &position) : 0;
}

static const char *string_option(psd_arena *arena, const ProtobufCMessage *options, uint32_t number)
{
    const ProtobufCMessageUnknownField *field = find(options, number, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
    if (!field)
        return NULL;
    size_t position = 0;
    uint64_t length = read_varint(field, &position);
    if (length > field->len - position)
        return NULL;
    return psd_arena_format(arena, "%.*s", (int)length, (const char *)field->data + position);
}

uint64_t psd_option_role(const Google__Protobuf__MethodDescriptorProto *method)
{
    return number_option((const ProtobufCMessage *)method->options, ROLE);
}

const char *psd_option_topic(psd_arena *arena, const Google__Protobuf__MethodDescriptorProto *method)
{
    return string_option(arena, (const ProtobufCMessage *)method->options, TOPIC);
}

const char *psd_option_list_key(psd_arena *arena, const Google__Protobuf__FieldDescriptorProto *field)
{
    return string_option(arena, (const ProtobufCMessage *)field->options, LIST_KEY);
}
