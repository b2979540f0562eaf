/*
 * message_json.h - any message as JSON or YAML, through its descriptor.
 *
 * The proto3 JSON mapping: lowerCamelCase names, enums by name (by number when
 * the number has none), 64-bit integers as strings, bytes as base64, NaN and
 * infinities as strings. Scalars and lists are always there, default or not, so
 * that a script finds every field; a message field that is not set is left
 * out. Strings that are not valid UTF-8 get U+FFFD for each faulty byte.
 */
#ifndef PSD_CLIENT_PDCTL_MESSAGE_JSON_H
#define PSD_CLIENT_PDCTL_MESSAGE_JSON_H

#include <cjson/cJSON.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Owned by the caller: cJSON_Delete(). Running out of memory ends the program. */
cJSON *psd_message_json(const ProtobufCMessage *message);

/* TEXT as a JSON string, repaired as above. */
cJSON *psd_string_json(const char *text);

/* Name of VALUE in the enum; NULL when it has none. */
const char *psd_enum_name(const ProtobufCEnumDescriptor *descriptor, int value);

#endif
