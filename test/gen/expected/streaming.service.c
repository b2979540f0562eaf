/* Made by protoc-gen-polarrpc from streaming.proto; edits are lost. */
#include "streaming.server.h"

static const psd_keyed_list disks_lists[] = {
    { .field = 2, .key = 1 }, /* by_name, name */
    { .field = 3, .key = 4 }, /* by_serial, serial */
    { .field = 5, .key = 7 }, /* partitions, number */
};

const psd_resource psd_disks_resource = {
    .message = &test__v1__disks__descriptor,
    .lists = disks_lists,
    .list_count = 3,
};

const psd_resource psd_load_resource = {
    .message = &test__v1__load__descriptor,
};

static bool disk_scan_disks_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_disk_handlers *typed = handlers;
    if (!typed->scan_disks)
        return false;
    typed->scan_disks(call, (const Test__V1__Nothing *)request, arg);
    return true;
}

static bool disk_get_load_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_disk_handlers *typed = handlers;
    if (!typed->get_load)
        return false;
    typed->get_load(call, (const Test__V1__Nothing *)request, arg);
    return true;
}

static bool disk_get_disks_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_disk_handlers *typed = handlers;
    if (!typed->get_disks)
        return false;
    typed->get_disks(call, (const Test__V1__Nothing *)request, arg);
    return true;
}

const psd_method psd_disk_methods[5] = {
    [PSD_DISK_METHOD_WATCH_DISKS] = {
        .full_name = "/test.v1.DiskService/WatchDisks",
        .name = "WatchDisks",
        .comment = "The stream may stand before its Get… method.",
        .role = PSD_ROLE_READER,
        .request = &test__v1__nothing__descriptor,
        .response = &test__v1__disks__descriptor,
        .topic = "test.v1.Disks",
        .resource = &psd_disks_resource,
        .get = &psd_disk_methods[PSD_DISK_METHOD_GET_DISKS],
    },
    [PSD_DISK_METHOD_SCAN_DISKS] = {
        .full_name = "/test.v1.DiskService/ScanDisks",
        .name = "ScanDisks",
        .comment = "",
        .role = PSD_ROLE_OPERATOR,
        .request = &test__v1__nothing__descriptor,
        .response = &test__v1__disks__descriptor,
        .invoke = disk_scan_disks_invoke,
    },
    [PSD_DISK_METHOD_GET_LOAD] = {
        .full_name = "/test.v1.DiskService/GetLoad",
        .name = "GetLoad",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__nothing__descriptor,
        .response = &test__v1__load__descriptor,
        .invoke = disk_get_load_invoke,
    },
    [PSD_DISK_METHOD_GET_DISKS] = {
        .full_name = "/test.v1.DiskService/GetDisks",
        .name = "GetDisks",
        .comment = "",
        .role = PSD_ROLE_READER,
        .no_side_effects = true,
        .request = &test__v1__nothing__descriptor,
        .response = &test__v1__disks__descriptor,
        .invoke = disk_get_disks_invoke,
    },
    [PSD_DISK_METHOD_WATCH_LOAD] = {
        .full_name = "/test.v1.DiskService/WatchLoad",
        .name = "WatchLoad",
        .comment = "",
        .role = PSD_ROLE_OPERATOR,
        .request = &test__v1__nothing__descriptor,
        .response = &test__v1__load__descriptor,
        .topic = "test.v1.\"Load\"",
        .resource = &psd_load_resource,
        .get = &psd_disk_methods[PSD_DISK_METHOD_GET_LOAD],
    },
};

const psd_service psd_disk_service = {
    .full_name = "test.v1.DiskService",
    .comment = "",
    .methods = psd_disk_methods,
    .method_count = 5,
};
