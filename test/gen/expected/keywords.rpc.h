/*
 * Made by protoc-gen-polarrpc from keywords.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_KEYWORDS_RPC_H
#define PSD_KEYWORDS_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "keywords.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const psd_resource psd_default_resource;

extern const psd_service psd_short_service;
extern const psd_method psd_short_methods[6];

/* Indexes into psd_short_methods. */
enum {
    PSD_SHORT_METHOD_INT = 0,
    PSD_SHORT_METHOD_DEFAULT = 1,
    PSD_SHORT_METHOD_REGISTER = 2,
    PSD_SHORT_METHOD_LINUX = 3,
    PSD_SHORT_METHOD_GET_DEFAULT = 4,
    PSD_SHORT_METHOD_SWITCH = 5,
};

int psd_short_int(
    psd_client *client, const Register__Import__Int *request,
    const psd_call_options *options, Register__Import__Int **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_int_done)(
    void *arg, const Register__Import__Int *response, const psd_error *error);
int psd_short_int_async(
    psd_client *client, const Register__Import__Int *request,
    const psd_call_options *options, psd_short_int_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_short_default(
    psd_client *client, const Register__Import__Int__Struct *request,
    const psd_call_options *options, Register__Import__Int **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_default_done)(
    void *arg, const Register__Import__Int *response, const psd_error *error);
int psd_short_default_async(
    psd_client *client, const Register__Import__Int__Struct *request,
    const psd_call_options *options, psd_short_default_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_short_register(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_register_done)(
    void *arg, const Register__Import__Default *response, const psd_error *error);
int psd_short_register_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_register_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

/* unix and linux are macros of the compiler. */
int psd_short_linux(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_linux_done)(
    void *arg, const Register__Import__Default *response, const psd_error *error);
int psd_short_linux_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_linux_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_short_get_default(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_get_default_done)(
    void *arg, const Register__Import__Default *response, const psd_error *error);
int psd_short_get_default_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_short_get_default_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_short_switch_event)(
    void *arg, const psd_watch_event *event, const Register__Import__Default *resource);
int psd_short_switch(
    psd_client *client, const psd_watch_options *options,
    psd_short_switch_event callback, void *arg, psd_watch **watch,
    psd_error *error) PSD_MUST_CHECK;

extern const psd_service psd_service_service;
extern const psd_method psd_service_methods[1];

/* Indexes into psd_service_methods. */
enum {
    PSD_SERVICE_METHOD_RPC = 0,
};

int psd_service_rpc(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, Register__Import__Default **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_service_rpc_done)(
    void *arg, const Register__Import__Default *response, const psd_error *error);
int psd_service_rpc_async(
    psd_client *client, const Register__Import__Default *request,
    const psd_call_options *options, psd_service_rpc_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
