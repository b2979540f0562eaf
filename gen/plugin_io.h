/*
 * plugin_io.h - what protoc says to a plugin.
 */
#ifndef PSD_GEN_PLUGIN_IO_H
#define PSD_GEN_PLUGIN_IO_H

#include "common/error.h"
#include "google/protobuf/compiler/plugin.pb-c.h"

typedef Google__Protobuf__Compiler__CodeGeneratorRequest psd_plugin_request;

/* Reads the request from stdin. *REQUEST is owned by the caller:
 * psd_plugin_request_free(). */
int psd_plugin_read_request(psd_plugin_request **request, psd_error *error) PSD_MUST_CHECK;

/* Fits PSD_AUTO(psd_plugin_request_free). */
void psd_plugin_request_free(psd_plugin_request **request);

#endif
