/* Made by protoc-gen-polarrpc from no_service.proto; edits are lost. */
#include "no_service.server.h"
