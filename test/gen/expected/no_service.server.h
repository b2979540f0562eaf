/*
 * Made by protoc-gen-polarrpc from no_service.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_NO_SERVICE_SERVER_H
#define PSD_NO_SERVICE_SERVER_H

#include "no_service.rpc.h"
#include "common/rpc/server.h"

#endif
