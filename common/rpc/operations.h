/*
 * operations.h - work that outlives the call that began it, remembered by id.
 *
 * An operation is a message of any type, which the one who works replaces as the
 * work goes on; whoever knows the id reads it. The memory is bounded: the oldest
 * one that is done makes room. All functions are thread-safe.
 */
#ifndef PSD_COMMON_RPC_OPERATIONS_H
#define PSD_COMMON_RPC_OPERATIONS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { PSD_OPERATION_ID_SIZE = 17 };

typedef struct psd_operations psd_operations;

/* A memory of MOST operations. NULL when out of memory. */
psd_operations *psd_operations_new(size_t most);
void psd_operations_free(psd_operations *operations); /* NULL is ignored */

/* A new random id, 16 hexadecimal digits. */
void psd_operation_id(char id[PSD_OPERATION_ID_SIZE]);

/* Remembers MESSAGE as it is now under ID, in place of an earlier one. One that is
 * not DONE is never forgotten. RESOURCE_EXHAUSTED: all that are remembered run. */
int psd_operations_put(psd_operations *operations, const char *id, const ProtobufCMessage *message, bool done,
                       psd_error *error) PSD_MUST_CHECK;

/* Sets *PACKED to a copy of the message, packed, for free(). NOT_FOUND: the one of
 * this id is forgotten, or there never was one. */
int psd_operations_get(psd_operations *operations, const char *id, uint8_t **packed, size_t *length,
                       psd_error *error) PSD_MUST_CHECK;

/* Forgets the operation, of which nobody was told. */
void psd_operations_forget(psd_operations *operations, const char *id);

#endif
