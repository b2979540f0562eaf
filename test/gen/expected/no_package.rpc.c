/* Made by protoc-gen-polarrpc from no_package.proto; edits are lost. */
#include "no_package.rpc.h"

int psd_lonely_get(
    psd_client *client, const LonelyMessage *request,
    const psd_call_options *options, LonelyMessage **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_lonely_methods[PSD_LONELY_METHOD_GET],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (LonelyMessage *)message;
    return 0;
}

static void lonely_get_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_lonely_get_done)done)(arg, (const LonelyMessage *)response, error);
}

int psd_lonely_get_async(
    psd_client *client, const LonelyMessage *request,
    const psd_call_options *options, psd_lonely_get_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_lonely_methods[PSD_LONELY_METHOD_GET],
                                 &request->base, options, lonely_get_shim,
                                 (psd_any_function)done, arg, error);
}
