/* Made by protoc-gen-polarrpc from keywords.proto; edits are lost. */
#include "keywords.rpc.h"

int psd_short_int(
    psd_client *client, const Register__Import__Int *request,
    const psd_call_options *options, Register__Import__Int **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_short_methods[PSD_SHORT_METHOD_INT],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Int *)message;
    return 0;
}

static void short_int_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_short_int_done)done)(arg, (const Register__Import__Int *)response, error);
}

int psd_short_int_async(
    psd_client *client, const Register__Import__Int *request,
    const psd_call_options *options, psd_short_int_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_short_methods[PSD_SHORT_METHOD_INT],
                                 &request->base, options, short_int_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_short_default(
    psd_client *client, const Register__Import__Int__Struct *request,
    const psd_call_options *options, Register__Import__Int **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_short_methods[PSD_SHORT_METHOD_DEFAULT],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Int *)message;
    return 0;
}

static void short_default_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_short_default_done)done)(arg, (const Register__Import__Int *)response, error);
}

int psd_short_default_async(
    psd_client *client, const Register__Import__Int__Struct *request,
    const psd_call_options *options, psd_short_default_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_short_methods[PSD_SHORT_METHOD_DEFAULT],
                                 &request->base, options, short_default_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_short_register(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_short_methods[PSD_SHORT_METHOD_REGISTER],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Default *)message;
    return 0;
}

static void short_register_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_short_register_done)done)(arg, (const Register__Import__Default *)response, error);
}

int psd_short_register_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_register_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_short_methods[PSD_SHORT_METHOD_REGISTER],
                                 &request->base, options, short_register_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_short_linux(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_short_methods[PSD_SHORT_METHOD_LINUX],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Default *)message;
    return 0;
}

static void short_linux_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_short_linux_done)done)(arg, (const Register__Import__Default *)response, error);
}

int psd_short_linux_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_linux_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_short_methods[PSD_SHORT_METHOD_LINUX],
                                 &request->base, options, short_linux_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_short_get_default(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_short_methods[PSD_SHORT_METHOD_GET_DEFAULT],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Default *)message;
    return 0;
}

static void short_get_default_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_short_get_default_done)done)(arg, (const Register__Import__Default *)response, error);
}

int psd_short_get_default_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_get_default_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_short_methods[PSD_SHORT_METHOD_GET_DEFAULT],
                                 &request->base, options, short_get_default_shim,
                                 (psd_any_function)done, arg, error);
}

static void short_switch_shim(
    psd_any_function callback, void *arg, const psd_watch_event *event,
    const ProtobufCMessage *resource)
{
    ((psd_short_switch_event)callback)(arg, event, (const Register__Import__Default *)resource);
}

int psd_short_switch(
    psd_client *client, const psd_watch_options *options,
    psd_short_switch_event callback, void *arg, psd_watch **watch,
    psd_error *error)
{
    return psd_client_watch(client, &psd_short_methods[PSD_SHORT_METHOD_SWITCH],
                            options, short_switch_shim,
                            (psd_any_function)callback, arg, watch, error);
}

int psd_service_rpc(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_service_methods[PSD_SERVICE_METHOD_RPC],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Register__Import__Default *)message;
    return 0;
}

static void service_rpc_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_service_rpc_done)done)(arg, (const Register__Import__Default *)response, error);
}

int psd_service_rpc_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_service_rpc_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_service_methods[PSD_SERVICE_METHOD_RPC],
                                 &request->base, options, service_rpc_shim,
                                 (psd_any_function)done, arg, error);
}
