/* Made by protoc-gen-polarrpc from comments.proto; edits are lost. */
#include "comments.server.h"

static bool comment_delimiters_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_comment_handlers *typed = handlers;
    if (!typed->delimiters)
        return false;
    typed->delimiters(call, (const Test__V1__Empty *)request, arg);
    return true;
}

static bool comment_quotes_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_comment_handlers *typed = handlers;
    if (!typed->quotes)
        return false;
    typed->quotes(call, (const Test__V1__Empty *)request, arg);
    return true;
}

static bool comment_trailing_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_comment_handlers *typed = handlers;
    if (!typed->trailing)
        return false;
    typed->trailing(call, (const Test__V1__Empty *)request, arg);
    return true;
}

static bool comment_blank_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_comment_handlers *typed = handlers;
    if (!typed->blank)
        return false;
    typed->blank(call, (const Test__V1__Empty *)request, arg);
    return true;
}

static bool comment_none_invoke(
    const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg)
{
    const psd_comment_handlers *typed = handlers;
    if (!typed->none)
        return false;
    typed->none(call, (const Test__V1__Empty *)request, arg);
    return true;
}

const psd_method psd_comment_methods[5] = {
    [PSD_COMMENT_METHOD_DELIMITERS] = {
        .full_name = "/test.v1.CommentService/Delimiters",
        .name = "Delimiters",
        .comment = "Ends a comment */ int x; /* and begins one; also /*/ and */*.",
        .role = PSD_ROLE_READER,
        .request = &test__v1__empty__descriptor,
        .response = &test__v1__empty__descriptor,
        .invoke = comment_delimiters_invoke,
    },
    [PSD_COMMENT_METHOD_QUOTES] = {
        .full_name = "/test.v1.CommentService/Quotes",
        .name = "Quotes",
        .comment = "Says \"hello\\n\" \\ with \?\?/ trigraphs, 100 % of $call$ and ünïcödé.\nA second paragraph - with an indented line\nand a third one.",
        .role = PSD_ROLE_READER,
        .request = &test__v1__empty__descriptor,
        .response = &test__v1__empty__descriptor,
        .invoke = comment_quotes_invoke,
    },
    [PSD_COMMENT_METHOD_TRAILING] = {
        .full_name = "/test.v1.CommentService/Trailing",
        .name = "Trailing",
        .comment = "Stands behind the method.",
        .role = PSD_ROLE_READER,
        .request = &test__v1__empty__descriptor,
        .response = &test__v1__empty__descriptor,
        .invoke = comment_trailing_invoke,
    },
    [PSD_COMMENT_METHOD_BLANK] = {
        .full_name = "/test.v1.CommentService/Blank",
        .name = "Blank",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__empty__descriptor,
        .response = &test__v1__empty__descriptor,
        .invoke = comment_blank_invoke,
    },
    [PSD_COMMENT_METHOD_NONE] = {
        .full_name = "/test.v1.CommentService/None",
        .name = "None",
        .comment = "",
        .role = PSD_ROLE_READER,
        .request = &test__v1__empty__descriptor,
        .response = &test__v1__empty__descriptor,
        .invoke = comment_none_invoke,
    },
};

const psd_service psd_comment_service = {
    .full_name = "test.v1.CommentService",
    .comment = "A service with a \"quoted\" name in a block comment.",
    .methods = psd_comment_methods,
    .method_count = 5,
};
