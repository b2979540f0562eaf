/*
 * Made by protoc-gen-polarrpc from shared_messages.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_SHARED_MESSAGES_SERVER_H
#define PSD_SHARED_MESSAGES_SERVER_H

#include "shared_messages.rpc.h"
#include "common/rpc/server.h"

#endif
