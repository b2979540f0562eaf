/* Made by protoc-gen-polarrpc from no_package.proto; edits are lost. */
#include "no_package.server.h"

static bool lonely_get_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_lonely_handlers *typed = handlers;
    if (!typed->get)
        return false;
    typed->get(call, (const LonelyMessage *)request, arg);
    return true;
}

const psd_method psd_lonely_methods[1] = {
    [PSD_LONELY_METHOD_GET] = {
        .full_name = "/LonelyService/Get",
        .name = "Get",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &lonely_message__descriptor,
        .response = &lonely_message__descriptor,
        .invoke = lonely_get_invoke,
    },
};

const psd_service psd_lonely_service = {
    .full_name = "LonelyService",
    .comment = "",
    .methods = psd_lonely_methods,
    .method_count = 1,
};
