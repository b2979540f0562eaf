/* Made by protoc-gen-polarrpc from keywords.proto; edits are lost. */
#include "keywords.server.h"

const psd_resource psd_default_resource = {
    .message = &register__import__default__descriptor,
};

static bool short_int_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_short_handlers *typed = handlers;
    if (!typed->int_)
        return false;
    typed->int_(call, (const Register__Import__Int *)request, arg);
    return true;
}

static bool short_default_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_short_handlers *typed = handlers;
    if (!typed->default_)
        return false;
    typed->default_(call, (const Register__Import__Int__Struct *)request, arg);
    return true;
}

static bool short_register_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_short_handlers *typed = handlers;
    if (!typed->register_)
        return false;
    typed->register_(call, (const Register__Import__Default *)request, arg);
    return true;
}

static bool short_linux_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_short_handlers *typed = handlers;
    if (!typed->linux_)
        return false;
    typed->linux_(call, (const Register__Import__Default *)request, arg);
    return true;
}

static bool short_get_default_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_short_handlers *typed = handlers;
    if (!typed->get_default)
        return false;
    typed->get_default(call, (const Register__Import__Default *)request, arg);
    return true;
}

const psd_method psd_short_methods[6] = {
    [PSD_SHORT_METHOD_INT] = {
        .full_name = "/register.import.short/Int",
        .name = "Int",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__int__descriptor,
        .response = &register__import__int__descriptor,
        .invoke = short_int_invoke,
    },
    [PSD_SHORT_METHOD_DEFAULT] = {
        .full_name = "/register.import.short/default",
        .name = "default",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__int__struct__descriptor,
        .response = &register__import__int__descriptor,
        .invoke = short_default_invoke,
    },
    [PSD_SHORT_METHOD_REGISTER] = {
        .full_name = "/register.import.short/Register",
        .name = "Register",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__default__descriptor,
        .response = &register__import__default__descriptor,
        .invoke = short_register_invoke,
    },
    [PSD_SHORT_METHOD_LINUX] = {
        .full_name = "/register.import.short/Linux",
        .name = "Linux",
        .comment = "unix and linux are macros of the compiler.",
        .role = PSD_ROLE_READER,
        .request = &register__import__default__descriptor,
        .response = &register__import__default__descriptor,
        .invoke = short_linux_invoke,
    },
    [PSD_SHORT_METHOD_GET_DEFAULT] = {
        .full_name = "/register.import.short/GetDefault",
        .name = "GetDefault",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__default__descriptor,
        .response = &register__import__default__descriptor,
        .invoke = short_get_default_invoke,
    },
    [PSD_SHORT_METHOD_SWITCH] = {
        .full_name = "/register.import.short/Switch",
        .name = "Switch",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__default__descriptor,
        .response = &register__import__default__descriptor,
        .topic = "default",
        .resource = &psd_default_resource,
        .get = &psd_short_methods[PSD_SHORT_METHOD_GET_DEFAULT],
    },
};

const psd_service psd_short_service = {
    .full_name = "register.import.short",
    .comment = "",
    .methods = psd_short_methods,
    .method_count = 6,
};

static bool service_rpc_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_service_handlers *typed = handlers;
    if (!typed->rpc)
        return false;
    typed->rpc(call, (const Register__Import__Default *)request, arg);
    return true;
}

const psd_method psd_service_methods[1] = {
    [PSD_SERVICE_METHOD_RPC] = {
        .full_name = "/register.import.Service/rpc",
        .name = "rpc",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &register__import__default__descriptor,
        .response = &register__import__default__descriptor,
        .invoke = service_rpc_invoke,
    },
};

const psd_service psd_service_service = {
    .full_name = "register.import.Service",
    .comment = "",
    .methods = psd_service_methods,
    .method_count = 1,
};
