/*
 * unknown_fields.h - what a newer program put into a message.
 */
#ifndef PSD_SERVER_NODE_CONFIG_UNKNOWN_FIELDS_H
#define PSD_SERVER_NODE_CONFIG_UNKNOWN_FIELDS_H

#include <protobuf-c/protobuf-c.h>

/* Removes the unknown fields of an unpacked message, and of those inside it. */
void psd_forget_unknown_fields(ProtobufCMessage *message);

#endif
