/* Made by protoc-gen-polarrpc from unary.proto; edits are lost. */
#include "unary.server.h"

static bool answer_ask_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_answer_handlers *typed = handlers;
    if (!typed->ask)
        return false;
    typed->ask(call, (const Test__V1__Question *)request, arg);
    return true;
}

static bool answer_get_http_status_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_answer_handlers *typed = handlers;
    if (!typed->get_http_status)
        return false;
    typed->get_http_status(call, (const Test__V1__Question *)request, arg);
    return true;
}

static bool answer_forget_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_answer_handlers *typed = handlers;
    if (!typed->forget)
        return false;
    typed->forget(call, (const Test__V1__Question *)request, arg);
    return true;
}

const psd_method psd_answer_methods[3] = {
    [PSD_ANSWER_METHOD_ASK] = {
        .full_name = "/test.v1.AnswerService/Ask",
        .name = "Ask",
        .comment = "",
        .role = PSD_ROLE_READER,
        .no_side_effects = true,
        .request = &test__v1__question__descriptor,
        .response = &test__v1__answer__descriptor,
        .invoke = answer_ask_invoke,
    },
    [PSD_ANSWER_METHOD_GET_HTTP_STATUS] = {
        .full_name = "/test.v1.AnswerService/GetHTTPStatus",
        .name = "GetHTTPStatus",
        .comment = "GetHTTPStatus has a name with a word in capital letters.",
        .role = PSD_ROLE_OPERATOR,
        .request = &test__v1__question__descriptor,
        .response = &test__v1__answer__descriptor,
        .invoke = answer_get_http_status_invoke,
    },
    [PSD_ANSWER_METHOD_FORGET] = {
        .full_name = "/test.v1.AnswerService/Forget",
        .name = "Forget",
        .comment = "",
        .role = PSD_ROLE_ADMIN,
        .request = &test__v1__question__descriptor,
        .response = &test__v1__answer__descriptor,
        .invoke = answer_forget_invoke,
    },
};

const psd_service psd_answer_service = {
    .full_name = "test.v1.AnswerService",
    .comment = "AnswerService answers.",
    .methods = psd_answer_methods,
    .method_count = 3,
};

static bool other_ask_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_other_handlers *typed = handlers;
    if (!typed->ask)
        return false;
    typed->ask(call, (const Test__V1__Question *)request, arg);
    return true;
}

const psd_method psd_other_methods[1] = {
    [PSD_OTHER_METHOD_ASK] = {
        .full_name = "/test.v1.Other/Ask",
        .name = "Ask",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__question__descriptor,
        .response = &test__v1__answer__descriptor,
        .invoke = other_ask_invoke,
    },
};

const psd_service psd_other_service = {
    .full_name = "test.v1.Other",
    .comment = "A name that does not end in Service stays whole.",
    .methods = psd_other_methods,
    .method_count = 1,
};
