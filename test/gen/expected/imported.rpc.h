/*
 * Made by protoc-gen-polarrpc from imported.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_IMPORTED_RPC_H
#define PSD_IMPORTED_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "imported.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A nested resource. */
extern const psd_resource psd_machine_state_resource;

extern const psd_service psd_machine_service;
extern const psd_method psd_machine_methods[4];

/* Indexes into psd_machine_methods. */
enum {
    PSD_MACHINE_METHOD_GET_STATE = 0,
    PSD_MACHINE_METHOD_WATCH_STATE = 1,
    PSD_MACHINE_METHOD_GET_CPU = 2,
    PSD_MACHINE_METHOD_WATCH_CPU = 3,
};

int psd_machine_get_state(
    psd_client *client, const Test__V1__Machine__Query *request,
    const psd_call_options *options, Test__V1__Machine__State **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_machine_get_state_done)(
    void *arg, const Test__V1__Machine__State *response, const psd_error *error);
int psd_machine_get_state_async(
    psd_client *client, const Test__V1__Machine__Query *request,
    const psd_call_options *options, psd_machine_get_state_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_machine_watch_state_event)(
    void *arg, const psd_watch_event *event, const Test__V1__Machine__State *resource);
int psd_machine_watch_state(
    psd_client *client, const psd_watch_options *options,
    psd_machine_watch_state_event callback, void *arg, psd_watch **watch,
    psd_error *error) PSD_MUST_CHECK;

int psd_machine_get_cpu(
    psd_client *client, const Test__Shared__V2__CPUInfo__TopologyHints *request,
    const psd_call_options *options, Test__Shared__V2__CPUInfo **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_machine_get_cpu_done)(
    void *arg, const Test__Shared__V2__CPUInfo *response, const psd_error *error);
int psd_machine_get_cpu_async(
    psd_client *client, const Test__Shared__V2__CPUInfo__TopologyHints *request,
    const psd_call_options *options, psd_machine_get_cpu_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_machine_watch_cpu_event)(
    void *arg, const psd_watch_event *event, const Test__Shared__V2__CPUInfo *resource);
int psd_machine_watch_cpu(
    psd_client *client, const psd_watch_options *options,
    psd_machine_watch_cpu_event callback, void *arg, psd_watch **watch,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
