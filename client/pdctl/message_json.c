#include "client/pdctl/message_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static cJSON *checked(cJSON *node)
{
    if (!node)
        abort();
    return node;
}

/* ---- strings ---- */

/* Length of the valid UTF-8 sequence at AT; 0 when there is none. */
static size_t sequence_length(const unsigned char *at)
{
    static const struct {
        unsigned char mask;
        unsigned char lead;
        uint32_t least; /* a smaller number is an overlong form */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t i = 0; i < 4; i++) {
        if ((at[0] & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t point = at[0] & (unsigned char)~forms[i].mask;
        for (size_t k = 1; k <= i; k++) {
            if ((at[k] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (at[k] & 0x3f);
        }
        bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
        return point < forms[i].least || point > 0x10ffff || is_surrogate ? 0 : i + 1;
    }
    return 0;
}

cJSON *psd_string_json(const char *text)
{
    PSD_AUTO_TEXT repaired = PSD_TEXT_INIT;
    for (const char *at = text; *at;) {
        size_t length = sequence_length((const unsigned char *)at);
        if (length > 0)
            psd_text_append(&repaired, at, length);
        else
            psd_text_add(&repaired, "\xef\xbf\xbd");
        at += length > 0 ? length : 1;
    }
    return checked(cJSON_CreateString(psd_text_string(&repaired)));
}

static cJSON *bytes_json(const ProtobufCBinaryData *bytes)
{
    enum { PADDING = 64 };
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t left = bytes->len - i;
        uint32_t group = (uint32_t)bytes->data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes->data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes->data[i + 2] : 0;
        const char quad[] = {digits[group >> 18], digits[group >> 12 & 63],
                             digits[left > 1 ? group >> 6 & 63 : PADDING],
                             digits[left > 2 ? group & 63 : PADDING]};
        psd_text_append(&text, quad, sizeof(quad));
    }
    return checked(cJSON_CreateString(psd_text_string(&text)));
}

/* ---- numbers ---- */

static cJSON *integer_string(const char *format, uint64_t value)
{
    char text[32];
    if (format[0] == 'i')
        snprintf(text, sizeof(text), "%" PRId64, (int64_t)value);
    else
        snprintf(text, sizeof(text), "%" PRIu64, value);
    return checked(cJSON_CreateString(text));
}

static cJSON *real_json(double value)
{
    if (isnan(value))
        return checked(cJSON_CreateString("NaN"));
    if (isinf(value))
        return checked(cJSON_CreateString(value > 0 ? "Infinity" : "-Infinity"));
    return checked(cJSON_CreateNumber(value));
}

const char *psd_enum_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return found ? found->name : NULL;
}

static cJSON *enum_json(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const char *name = psd_enum_name(descriptor, value);
    return checked(name ? cJSON_CreateString(name) : cJSON_CreateNumber(value));
}

/* ---- fields ---- */

/* The value at VALUE, of the field's type. */
static cJSON *value_json(const ProtobufCFieldDescriptor *field, const void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return checked(cJSON_CreateNumber(*(const int32_t *)value));
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return checked(cJSON_CreateNumber(*(const uint32_t *)value));
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return integer_string("i", (uint64_t) * (const int64_t *)value);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return integer_string("u", *(const uint64_t *)value);
    case PROTOBUF_C_TYPE_FLOAT:
        return real_json((double)*(const float *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return real_json(*(const double *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return checked(cJSON_CreateBool(*(const protobuf_c_boolean *)value));
    case PROTOBUF_C_TYPE_ENUM:
        return enum_json(field->descriptor, *(const int *)value);
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        return psd_string_json(text ? text : "");
    }
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_json(value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return psd_message_json(*(ProtobufCMessage *const *)value);
    }
    abort(); /* not a type of protobuf */
}

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static cJSON *list_json(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(base + field->quantifier_offset);
    const char *values = *(char *const *)(base + field->offset);
    cJSON *list = checked(cJSON_CreateArray());
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, value_json(field, values + i * value_size(field)));
    return list;
}

static bool is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    const void *pointer = base + field->offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return *(const uint32_t *)(base + field->quantifier_offset) == field->id;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(void *const *)pointer != NULL;
    if (field->label != PROTOBUF_C_LABEL_OPTIONAL) /* only proto2 has scalars that may be missing */
        return true;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(void *const *)pointer != NULL && *(void *const *)pointer != field->default_value;
    return *(const protobuf_c_boolean *)(base + field->quantifier_offset);
}

/* "next_page_token" becomes "nextPageToken". */
static void add_field(cJSON *object, const ProtobufCFieldDescriptor *field, cJSON *value)
{
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    bool upper = false;
    for (const char *at = field->name; *at; at++) {
        char letter = *at;
        if (upper)
            letter = (char)toupper((unsigned char)letter);
        if (*at != '_')
            psd_text_append(&name, &letter, 1);
        upper = *at == '_';
    }
    if (!cJSON_AddItemToObject(object, psd_text_string(&name), value))
        abort();
}

cJSON *psd_message_json(const ProtobufCMessage *message)
{
    cJSON *object = checked(cJSON_CreateObject());
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            add_field(object, field, list_json(field, message));
        else if (is_set(field, message))
            add_field(object, field, value_json(field, (const char *)message + field->offset));
    }
    return object;
}
