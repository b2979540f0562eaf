/* Made by protoc-gen-polarrpc from comments.proto; edits are lost. */
#include "comments.rpc.h"

int psd_comment_delimiters(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_comment_methods[PSD_COMMENT_METHOD_DELIMITERS],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Empty *)message;
    return 0;
}

static void comment_delimiters_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_comment_delimiters_done)done)(arg, (const Test__V1__Empty *)response, error);
}

int psd_comment_delimiters_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_delimiters_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_comment_methods[PSD_COMMENT_METHOD_DELIMITERS],
                                 &request->base, options, comment_delimiters_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_comment_quotes(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_comment_methods[PSD_COMMENT_METHOD_QUOTES],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Empty *)message;
    return 0;
}

static void comment_quotes_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_comment_quotes_done)done)(arg, (const Test__V1__Empty *)response, error);
}

int psd_comment_quotes_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_quotes_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_comment_methods[PSD_COMMENT_METHOD_QUOTES],
                                 &request->base, options, comment_quotes_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_comment_trailing(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_comment_methods[PSD_COMMENT_METHOD_TRAILING],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Empty *)message;
    return 0;
}

static void comment_trailing_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_comment_trailing_done)done)(arg, (const Test__V1__Empty *)response, error);
}

int psd_comment_trailing_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_trailing_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_comment_methods[PSD_COMMENT_METHOD_TRAILING],
                                 &request->base, options, comment_trailing_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_comment_blank(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_comment_methods[PSD_COMMENT_METHOD_BLANK],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Empty *)message;
    return 0;
}

static void comment_blank_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_comment_blank_done)done)(arg, (const Test__V1__Empty *)response, error);
}

int psd_comment_blank_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_blank_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_comment_methods[PSD_COMMENT_METHOD_BLANK],
                                 &request->base, options, comment_blank_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_comment_none(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_comment_methods[PSD_COMMENT_METHOD_NONE],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Empty *)message;
    return 0;
}

static void comment_none_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_comment_none_done)done)(arg, (const Test__V1__Empty *)response, error);
}

int psd_comment_none_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_none_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_comment_methods[PSD_COMMENT_METHOD_NONE],
                                 &request->base, options, comment_none_shim,
                                 (psd_any_function)done, arg, error);
}
