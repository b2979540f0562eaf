/* observation.h - the Observation of any resource: its field 1. */
#ifndef PSD_COMMON_RPC_OBSERVATION_H
#define PSD_COMMON_RPC_OBSERVATION_H

#include "polarrpc/v1/observation.pb-c.h"

/* Where the resource points to its observation. */
static inline Polarrpc__V1__Observation **psd_observation_slot(const ProtobufCMessage *resource)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(resource->descriptor, 1);
    return (Polarrpc__V1__Observation **)((uintptr_t)resource + field->offset);
}

/* NULL in a message that came without one. */
static inline const Polarrpc__V1__Observation *psd_observation_of(const ProtobufCMessage *resource)
{
    return *psd_observation_slot(resource);
}

#endif
