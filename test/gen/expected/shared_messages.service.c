/* Made by protoc-gen-polarrpc from shared_messages.proto; edits are lost. */
#include "shared_messages.server.h"

const psd_resource psd_cpu_info_resource = {
    .message = &test__shared__v2__cpuinfo__descriptor,
};
