/* Made by protoc-gen-polarrpc from shared_public.proto; edits are lost. */
#include "shared_public.server.h"
