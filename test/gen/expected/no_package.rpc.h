/*
 * Made by protoc-gen-polarrpc from no_package.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_NO_PACKAGE_RPC_H
#define PSD_NO_PACKAGE_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "no_package.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const psd_service psd_lonely_service;
extern const psd_method psd_lonely_methods[1];

/* Indexes into psd_lonely_methods. */
enum {
    PSD_LONELY_METHOD_GET = 0,
};

int psd_lonely_get(
    psd_client *client, const LonelyMessage *request,
    const psd_call_options *options, LonelyMessage **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_lonely_get_done)(
    void *arg, const LonelyMessage *response, const psd_error *error);
int psd_lonely_get_async(
    psd_client *client, const LonelyMessage *request,
    const psd_call_options *options, psd_lonely_get_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
