/*
 * Made by protoc-gen-polarrpc from comments.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_COMMENTS_RPC_H
#define PSD_COMMENTS_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "comments.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A service with a "quoted" name
 * in a block comment. */
extern const psd_service psd_comment_service;
extern const psd_method psd_comment_methods[5];

/* Indexes into psd_comment_methods. */
enum {
    PSD_COMMENT_METHOD_DELIMITERS = 0,
    PSD_COMMENT_METHOD_QUOTES = 1,
    PSD_COMMENT_METHOD_TRAILING = 2,
    PSD_COMMENT_METHOD_BLANK = 3,
    PSD_COMMENT_METHOD_NONE = 4,
};

/* Ends a comment * / int x; / * and begins one; also / * / and * / *. */
int psd_comment_delimiters(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_comment_delimiters_done)(
    void *arg, const Test__V1__Empty *response, const psd_error *error);
int psd_comment_delimiters_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_delimiters_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

/* Says "hello\n" \ with ??/ trigraphs, 100 % of $call$ and ünïcödé.
 *
 * A second paragraph
 *   - with an indented line
 *
 * and a third one. */
int psd_comment_quotes(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_comment_quotes_done)(
    void *arg, const Test__V1__Empty *response, const psd_error *error);
int psd_comment_quotes_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_quotes_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

/* Stands behind the method. */
int psd_comment_trailing(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_comment_trailing_done)(
    void *arg, const Test__V1__Empty *response, const psd_error *error);
int psd_comment_trailing_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_trailing_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_comment_blank(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_comment_blank_done)(
    void *arg, const Test__V1__Empty *response, const psd_error *error);
int psd_comment_blank_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_blank_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_comment_none(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, Test__V1__Empty **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_comment_none_done)(
    void *arg, const Test__V1__Empty *response, const psd_error *error);
int psd_comment_none_async(
    psd_client *client, const Test__V1__Empty *request,
    const psd_call_options *options, psd_comment_none_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
