/*
 * options.h - the project's own options (proto/polarrpc/v1/options.proto) on
 * methods and fields. descriptor.proto does not know them: they arrive as
 * unknown fields of the options message.
 */
#ifndef PSD_GEN_OPTIONS_H
#define PSD_GEN_OPTIONS_H

#include <stdint.h>

#include "gen/arena.h"
#include "google/protobuf/descriptor.pb-c.h"

/* (polarrpc.v1.role); 0 when not stated. */
uint64_t psd_option_role(const Google__Protobuf__MethodDescriptorProto *method);

/* (polarrpc.v1.topic), owned by the arena; NULL when not stated. */
const char *psd_option_topic(psd_arena *arena, const Google__Protobuf__MethodDescriptorProto *method);

/* (polarrpc.v1.list_key), owned by the arena; NULL when not stated. */
const char *psd_option_list_key(psd_arena *arena, const Google__Protobuf__FieldDescriptorProto *field);

#endif
