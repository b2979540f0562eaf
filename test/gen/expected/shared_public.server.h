/*
 * Made by protoc-gen-polarrpc from shared_public.proto; edits are lost.
 *
 * common/rpc/server.h says what a handler may do. A handler that is NULL answers
 * UNIMPLEMENTED.
 */
#ifndef PSD_SHARED_PUBLIC_SERVER_H
#define PSD_SHARED_PUBLIC_SERVER_H

#include "shared_public.rpc.h"
#include "common/rpc/server.h"

#endif
