/* Made by protoc-gen-polarrpc from imported.proto; edits are lost. */
#include "imported.server.h"
#include "shared_messages.rpc.h"

static const psd_keyed_list machine_state_lists[] = {
    { .field = 9, .key = 3 }, /* units, name */
};

const psd_resource psd_machine_state_resource = {
    .message = &test__v1__machine__state__descriptor,
    .lists = machine_state_lists,
    .list_count = 1,
};

static bool machine_get_state_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_machine_handlers *typed = handlers;
    if (!typed->get_state)
        return false;
    typed->get_state(call, (const Test__V1__Machine__Query *)request, arg);
    return true;
}

static bool machine_get_cpu_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_machine_handlers *typed = handlers;
    if (!typed->get_cpu)
        return false;
    typed->get_cpu(call, (const Test__Shared__V2__CPUInfo__TopologyHints *)request, arg);
    return true;
}

const psd_method psd_machine_methods[4] = {
    [PSD_MACHINE_METHOD_GET_STATE] = {
        .full_name = "/test.v1.MachineService/GetState",
        .name = "GetState",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__machine__query__descriptor,
        .response = &test__v1__machine__state__descriptor,
        .invoke = machine_get_state_invoke,
    },
    [PSD_MACHINE_METHOD_WATCH_STATE] = {
        .full_name = "/test.v1.MachineService/WatchState",
        .name = "WatchState",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__machine__query__filter_list__descriptor,
        .response = &test__v1__machine__state__descriptor,
        .topic = "test.v1.Machine.State",
        .resource = &psd_machine_state_resource,
        .get = &psd_machine_methods[PSD_MACHINE_METHOD_GET_STATE],
    },
    [PSD_MACHINE_METHOD_GET_CPU] = {
        .full_name = "/test.v1.MachineService/GetCpu",
        .name = "GetCpu",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__shared__v2__cpuinfo__topology_hints__descriptor,
        .response = &test__shared__v2__cpuinfo__descriptor,
        .invoke = machine_get_cpu_invoke,
    },
    [PSD_MACHINE_METHOD_WATCH_CPU] = {
        .full_name = "/test.v1.MachineService/WatchCpu",
        .name = "WatchCpu",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__machine__query__descriptor,
        .response = &test__shared__v2__cpuinfo__descriptor,
        .topic = "test.shared.v2.CPUInfo",
        .resource = &psd_cpu_info_resource,
        .get = &psd_machine_methods[PSD_MACHINE_METHOD_GET_CPU],
    },
};

const psd_service psd_machine_service = {
    .full_name = "test.v1.MachineService",
    .comment = "",
    .methods = psd_machine_methods,
    .method_count = 4,
};
