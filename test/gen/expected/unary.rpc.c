/* Made by protoc-gen-polarrpc from unary.proto; edits are lost. */
#include "unary.rpc.h"

int psd_answer_ask(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_answer_methods[PSD_ANSWER_METHOD_ASK],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Answer *)message;
    return 0;
}

static void answer_ask_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_answer_ask_done)done)(arg, (const Test__V1__Answer *)response, error);
}

int psd_answer_ask_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_ask_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_answer_methods[PSD_ANSWER_METHOD_ASK],
                                 &request->base, options, answer_ask_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_answer_get_http_status(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_answer_methods[PSD_ANSWER_METHOD_GET_HTTP_STATUS],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Answer *)message;
    return 0;
}

static void answer_get_http_status_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_answer_get_http_status_done)done)(arg, (const Test__V1__Answer *)response, error);
}

int psd_answer_get_http_status_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_get_http_status_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_answer_methods[PSD_ANSWER_METHOD_GET_HTTP_STATUS],
                                 &request->base, options, answer_get_http_status_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_answer_forget(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_answer_methods[PSD_ANSWER_METHOD_FORGET],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Answer *)message;
    return 0;
}

static void answer_forget_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_answer_forget_done)done)(arg, (const Test__V1__Answer *)response, error);
}

int psd_answer_forget_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_forget_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_answer_methods[PSD_ANSWER_METHOD_FORGET],
                                 &request->base, options, answer_forget_shim,
                                 (psd_any_function)done, arg, error);
}

int psd_other_ask(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error)
{
    ProtobufCMessage *message = NULL;
    if (psd_client_call(client, &psd_other_methods[PSD_OTHER_METHOD_ASK],
                        &request->base, options, &message, error) < 0)
        return -1;
    *response = (Test__V1__Answer *)message;
    return 0;
}

static void other_ask_shim(
    psd_any_function done, void *arg, const ProtobufCMessage *response,
    const psd_error *error)
{
    ((psd_other_ask_done)done)(arg, (const Test__V1__Answer *)response, error);
}

int psd_other_ask_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_other_ask_done done, void *arg,
    psd_error *error)
{
    return psd_client_call_async(client, &psd_other_methods[PSD_OTHER_METHOD_ASK],
                                 &request->base, options, other_ask_shim,
                                 (psd_any_function)done, arg, error);
}
