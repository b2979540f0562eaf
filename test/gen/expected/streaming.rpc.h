/*
 * Made by protoc-gen-polarrpc from streaming.proto; edits are lost.
 *
 * common/rpc/client.h and common/rpc/watch.h say how calls and watches behave.
 * The caller frees a response: protobuf_c_message_free_unpacked(&response->base, NULL).
 */
#ifndef PSD_STREAMING_RPC_H
#define PSD_STREAMING_RPC_H

#include "common/rpc/client.h"
#include "common/rpc/service.h"
#include "common/rpc/watch.h"
#include "streaming.pb-c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The disks of a node. */
extern const psd_resource psd_disks_resource;

/* A resource without lists. */
extern const psd_resource psd_load_resource;

extern const psd_service psd_disk_service;
extern const psd_method psd_disk_methods[5];

/* Indexes into psd_disk_methods. */
enum {
    PSD_DISK_METHOD_WATCH_DISKS = 0,
    PSD_DISK_METHOD_SCAN_DISKS = 1,
    PSD_DISK_METHOD_GET_LOAD = 2,
    PSD_DISK_METHOD_GET_DISKS = 3,
    PSD_DISK_METHOD_WATCH_LOAD = 4,
};

/* The stream may stand before its Get… method. */
typedef void (*psd_disk_watch_disks_event)(
    void *arg, const psd_watch_event *event, const Test__V1__Disks *resource);
int psd_disk_watch_disks(
    psd_client *client, const psd_watch_options *options,
    psd_disk_watch_disks_event callback, void *arg, psd_watch **watch,
    psd_error *error) PSD_MUST_CHECK;

int psd_disk_scan_disks(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Disks **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_disk_scan_disks_done)(
    void *arg, const Test__V1__Disks *response, const psd_error *error);
int psd_disk_scan_disks_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_scan_disks_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_disk_get_load(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Load **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_disk_get_load_done)(
    void *arg, const Test__V1__Load *response, const psd_error *error);
int psd_disk_get_load_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_get_load_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

int psd_disk_get_disks(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, Test__V1__Disks **response,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_disk_get_disks_done)(
    void *arg, const Test__V1__Disks *response, const psd_error *error);
int psd_disk_get_disks_async(
    psd_client *client, const Test__V1__Nothing *request,
    const psd_call_options *options, psd_disk_get_disks_done done, void *arg,
    psd_error *error) PSD_MUST_CHECK;

typedef void (*psd_disk_watch_load_event)(
    void *arg, const psd_watch_event *event, const Test__V1__Load *resource);
int psd_disk_watch_load(
    psd_client *client, const psd_watch_options *options,
    psd_disk_watch_load_event callback, void *arg, psd_watch **watch,
    psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
