/* Made by protoc-gen-polarrpc from imported.proto; edits are lost. */
#include "imported.rpc.h"

int psd_machine_get_state(
    psd_client *client, const Test__V1__Machine__Query *request,
    const psd_call_options *options, Test__V1__Machine__State **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_machine_methods[PSD_MACHINE_METHOD_GET_STATE],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Machine__State *)message;
    return 0;
}

static void machine_get_state_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_machine_get_state_done)done)(arg, (const Test__V1__Machine__State *)response, error);
}

int psd_machine_get_state_async(
    psd_client *client, const Test__V1__Machine__Query *request,
    const psd_call_options *options, psd_machine_get_state_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_machine_methods[PSD_MACHINE_METHOD_GET_STATE],
                                 &request->base, options, machine_get_state_shim,
                                 (psd_any_function)done, arg, error);
}

static void machine_watch_state_shim(
    psd_any_function callback, void *arg, const psd_watch_event *event,
    const ProtobufCMessage *resource)
{
    ((psd_machine_watch_state_event)callback)(arg, event, (const Test__V1__Machine__State *)resource);
}

int psd_machine_watch_state(
    psd_client *client, const psd_watch_options *options,
    psd_machine_watch_state_event callback, void *arg, psd_watch **watch,
    psd_error *error)
{
    return psd_client_watch(client, &psd_machine_methods[PSD_MACHINE_METHOD_WATCH_STATE],
                            options, machine_watch_state_shim,
                            (psd_any_function)callback, arg, watch, error);
}

int psd_machine_get_cpu(
    psd_client *client, const Test__Shared__V2__CPUInfo__TopologyHints *request,
    const psd_call_options *options, Test__Shared__V2__CPUInfo **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_machine_methods[PSD_MACHINE_METHOD_GET_CPU],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__Shared__V2__CPUInfo *)message;
    return 0;
}

static void machine_get_cpu_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_machine_get_cpu_done)done)(arg, (const Test__Shared__V2__CPUInfo *)response, error);
}

int psd_machine_get_cpu_async(
    psd_client *client, const Test__Shared__V2__CPUInfo__TopologyHints *request,
    const psd_call_options *options, psd_machine_get_cpu_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_machine_methods[PSD_MACHINE_METHOD_GET_CPU],
                                 &request->base, options, machine_get_cpu_shim,
                                 (psd_any_function)done, arg, error);
}

static void machine_watch_cpu_shim(
    psd_any_function callback, void *arg, const psd_watch_event *event,
    const ProtobufCMessage *resource)
{
    ((psd_machine_watch_cpu_event)callback)(arg, event, (const Test__Shared__V2__CPUInfo *)resource);
}

int psd_machine_watch_cpu(
    psd_client *client, const psd_watch_options *options,
    psd_machine_watch_cpu_event callback, void *arg, psd_watch **watch,
    psd_error *error)
{
    return psd_client_watch(client, &psd_machine_methods[PSD_MACHINE_METHOD_WATCH_CPU],
                            options, machine_watch_cpu_shim,
                            (psd_any_function)callback, arg, watch, error);
}
