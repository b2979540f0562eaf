#include "common/rpc/operations.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/thread.h"

typedef struct operation {
    char id[PSD_OPERATION_ID_SIZE]; /* "": a free place */
    uint64_t number;                /* in order of their beginning */
    bool done;
    uint8_t *packed; /* owned */
    size_t length;
} operation;

struct psd_operations {
    pthread_mutex_t mutex; /* guards all below */
    uint64_t begun;
    size_t most;
    operation places[];
};

psd_operations *psd_operations_new(size_t most)
{
    psd_operations *made = calloc(1, sizeof(*made) + most * sizeof(operation));
    if (!made)
        return NULL;
    made->most = most;
    pthread_mutex_init(&made->mutex, NULL);
    return made;
}

void psd_operations_free(psd_operations *operations)
{
    if (!operations)
        return;
    for (size_t i = 0; i < operations->most; i++)
        free(operations->places[i].packed);
    pthread_mutex_destroy(&operations->mutex);
    free(operations);
}

void psd_operation_id(char id[PSD_OPERATION_ID_SIZE])
{
    uint64_t number = 0;
    arc4random_buf(&number, sizeof(number));
    snprintf(id, PSD_OPERATION_ID_SIZE, "%016" PRIx64, number);
}

static operation *find(psd_operations *operations, const char *id)
{
    for (size_t i = 0; i < operations->most; i++) {
        operation *place = &operations->places[i];
        if (place->id[0] && strcmp(place->id, id) == 0)
            return place;
    }
    return NULL;
}

/* A free place, else that of the oldest one that is done. Free places have the
 * number 0. NULL: there is none. */
static operation *make_room(psd_operations *operations)
{
    operation *oldest = NULL;
    for (size_t i = 0; i < operations->most; i++) {
        operation *place = &operations->places[i];
        if ((place->done || !place->id[0]) && (!oldest || place->number < oldest->number))
            oldest = place;
    }
    return oldest;
}

int psd_operations_put(psd_operations *operations, const char *id, const ProtobufCMessage *message, bool done,
                       psd_error *error)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    PSD_AUTO_FREE uint8_t *packed = malloc(length + 1);
    if (!packed)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for an operation");
    protobuf_c_message_pack(message, packed);
    PSD_LOCKED(&operations->mutex);
    operation *place = find(operations, id);
    if (!place) {
        place = make_room(operations);
        if (!place)
            return psd_error_set(error, PSD_RESOURCE_EXHAUSTED,
                                 "%zu operations run already: try again when one has ended",
                                 operations->most);
        snprintf(place->id, sizeof(place->id), "%s", id);
        place->number = ++operations->begun;
    }
    free(place->packed);
    place->packed = psd_take(packed);
    place->length = length;
    place->done = done;
    return 0;
}

void psd_operations_forget(psd_operations *operations, const char *id)
{
    PSD_LOCKED(&operations->mutex);
    operation *place = find(operations, id);
    if (!place)
        return;
    free(place->packed);
    *place = (operation){.number = 0};
}

int psd_operations_get(psd_operations *operations, const char *id, uint8_t **packed, size_t *length,
                       psd_error *error)
{
    PSD_LOCKED(&operations->mutex);
    const operation *place = find(operations, id);
    if (!place)
        return psd_error_set(error, PSD_NOT_FOUND,
                             "no operation '%.40s' is remembered: only the last %zu are, and none that was "
                             "begun before the last start",
                             id, operations->most);
    *packed = malloc(place->length + 1);
    if (!*packed)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    memcpy(*packed, place->packed, place->length);
    *length = place->length;
    return 0;
}
