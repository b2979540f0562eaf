/* Made by protoc-gen-polarrpc from shared_messages.proto; edits are lost. */
#include "shared_messages.rpc.h"
