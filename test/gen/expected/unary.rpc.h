/*
 * Made by protoc-gen-polarrpc from unary.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_UNARY_RPC_H
#define PSD_UNARY_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "unary.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* AnswerService answers. */
extern const psd_service psd_answer_service;
extern const psd_method psd_answer_methods[3];

/* Indexes into psd_answer_methods. */
enum {
    PSD_ANSWER_METHOD_ASK = 0,
    PSD_ANSWER_METHOD_GET_HTTP_STATUS = 1,
    PSD_ANSWER_METHOD_FORGET = 2,
};

int psd_answer_ask(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_answer_ask_done)(
    void *arg, const Test__V1__Answer *response, const psd_error *error);
int psd_answer_ask_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_ask_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

/* GetHTTPStatus has a name with a word in capital letters. */
int psd_answer_get_http_status(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_answer_get_http_status_done)(
    void *arg, const Test__V1__Answer *response, const psd_error *error);
int psd_answer_get_http_status_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_get_http_status_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_answer_forget(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_answer_forget_done)(
    void *arg, const Test__V1__Answer *response, const psd_error *error);
int psd_answer_forget_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_answer_forget_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

/* A name that does not end in Service stays whole. */
extern const psd_service psd_other_service;
extern const psd_method psd_other_methods[1];

/* Indexes into psd_other_methods. */
enum {
    PSD_OTHER_METHOD_ASK = 0,
};

int psd_other_ask(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, Test__V1__Answer **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_other_ask_done)(
    void *arg, const Test__V1__Answer *response, const psd_error *error);
int psd_other_ask_async(
    psd_client *client, const Test__V1__Question *request,
    const psd_call_options *options, psd_other_ask_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
