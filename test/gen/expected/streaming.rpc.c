/* Made by protoc-gen-polarrpc from streaming.proto; edits are lost. */
#include "streaming.rpc.h"

static void disk_watch_disks_shim(
    psd_any_function callback, void *arg, const psd_watch_event *event,
    const ProtobufCMessage *resource)
{
    ((psd_disk_watch_disks_event)callback)(arg, event, (const Test__V1__Disks *)resource);
}

int psd_disk_watch_disks(
    psd_client *client, const psd_watch_options *options,
    psd_disk_watch_disks_event callback, void *arg, psd_watch **watch,
    psd_error *error)
{
    return psd_client_watch(client, &psd_disk_methods[PSD_DISK_METHOD_WATCH_DISKS],
                            options, disk_watch_disks_shim,
                            (psd_any_function)callback, arg, watch, error);
}

int psd_disk_scan_disks(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Disks **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_disk_methods[PSD_DISK_METHOD_SCAN_DISKS],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Disks *)message;
    return 0;
}

static void disk_scan_disks_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_disk_scan_disks_done)done)(arg, (const Test__V1__Disks *)response, error);
}

int psd_disk_scan_disks_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_scan_disks_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_disk_methods[PSD_DISK_METHOD_SCAN_DISKS],
                                 &request->base, options, disk_scan_disks_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_disk_get_load(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Load **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_disk_methods[PSD_DISK_METHOD_GET_LOAD],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Load *)message;
    return 0;
}

static void disk_get_load_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_disk_get_load_done)done)(arg, (const Test__V1__Load *)response, error);
}

int psd_disk_get_load_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_get_load_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_disk_methods[PSD_DISK_METHOD_GET_LOAD],
                                 &request->base, options, disk_get_load_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_disk_get_disks(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Disks **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_disk_methods[PSD_DISK_METHOD_GET_DISKS],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Disks *)message;
    return 0;
}

static void disk_get_disks_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_disk_get_disks_done)done)(arg, (const Test__V1__Disks *)response, error);
}

int psd_disk_get_disks_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_get_disks_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_disk_methods[PSD_DISK_METHOD_GET_DISKS],
                                 &request->base, options, disk_get_disks_shim,
                                 (psd_any_function)done, arg, error);
}

static void disk_watch_load_shim(
    psd_any_function callback, void *arg, const psd_watch_event *event,
    const ProtobufCMessage *resource)
{
    ((psd_disk_watch_load_event)callback)(arg, event, (const Test__V1__Load *)resource);
}

int psd_disk_watch_load(
    psd_client *client, const psd_watch_options *options,
    psd_disk_watch_load_event callback, void *arg, psd_watch **watch,
    psd_error *error)
{
    return psd_client_watch(client, &psd_disk_methods[PSD_DISK_METHOD_WATCH_LOAD],
                            options, disk_watch_load_shim,
                            (psd_any_function)callback, arg, watch, error);
}
