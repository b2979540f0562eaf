/*
 * delta.h - what changed between two states of a resource, and back.
 *
 * Works on descriptors: no code for each resource. Keyed lists must be sorted
 * by their keys, without repeats. docs/wire-protocol.md has the format.
 */
#ifndef PSD_COMMON_RPC_DELTA_H
#define PSD_COMMON_RPC_DELTA_H

#include "common/error.h"
#include "common/rpc/service.h"
#include "polarrpc/v1/envelope.pb-c.h"

/* Makes the packed Delta that leads from OLD to NEW. *BYTES is owned by the
 * caller (free). */
int psd_delta_make(const psd_resource *resource, const ProtobufCMessage *old, const ProtobufCMessage *new,
                   uint8_t **bytes, size_t *length, psd_error *error) PSD_MUST_CHECK;

/* Applies a packed Delta to OLD, which stays as it is. NULL when the delta is
 * malformed. The result is owned by the caller. */
ProtobufCMessage *psd_delta_apply(const psd_resource *resource, const ProtobufCMessage *old,
                                  ProtobufCBinaryData delta, psd_error *error) PSD_MUST_CHECK;

#endif
