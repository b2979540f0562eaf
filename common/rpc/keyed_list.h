/*
 * keyed_list.h - access to the keyed lists of a resource through its
 * descriptors. Internal to common/rpc and the store.
 */
#ifndef PSD_COMMON_RPC_KEYED_LIST_H
#define PSD_COMMON_RPC_KEYED_LIST_H

#include "common/rpc/service.h"

/* A repeated message field of one message. */
typedef struct psd_list_view {
    size_t *count;
    ProtobufCMessage ***items;
    const ProtobufCFieldDescriptor *key; /* field of the items */
} psd_list_view;

psd_list_view psd_list_view_of(const psd_keyed_list *list, const ProtobufCMessage *message);

/* Order of two items by their key: below, at or above 0. */
int psd_list_compare(const psd_list_view *view, const ProtobufCMessage *a, const ProtobufCMessage *b);

/* True when the two pack to the same bytes. */
bool psd_message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b);

/* A deep copy of its own; NULL when out of memory. */
ProtobufCMessage *psd_message_copy(const ProtobufCMessage *message);

#endif
