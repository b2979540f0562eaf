/*
 * model.h - the .proto files of a request, with the C names of what is made of
 * them. Building a model refuses nothing: what is missing is NULL or zero, and
 * check.h says so. Everything belongs to the arena, or to the request.
 */
#ifndef PSD_GEN_MODEL_H
#define PSD_GEN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gen/arena.h"
#include "gen/plugin_io.h"
#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorProto psd_proto_file;
typedef Google__Protobuf__DescriptorProto psd_proto_message;
typedef Google__Protobuf__FieldDescriptorProto psd_proto_field;
typedef Google__Protobuf__ServiceDescriptorProto psd_proto_service;
typedef Google__Protobuf__MethodDescriptorProto psd_proto_method;

/* Where something stands in its .proto. */
typedef struct psd_source {
    int line;            /* counted from 1; 0 when protoc did not tell */
    const char *comment; /* as written; NULL when there is none */
} psd_source;

/* A field with (polarrpc.v1.list_key). */
typedef struct psd_model_list {
    const psd_proto_field *field;
    psd_source source;
    const char *key_name;
    const struct psd_model_message *element; /* NULL: the field is no repeated message */
    const psd_proto_field *key;              /* NULL: the element has no such field */
} psd_model_list;

typedef struct psd_model_message {
    const psd_proto_file *file;
    const psd_proto_message *proto;
    psd_source source;
    const char *full_name; /* "polarstack.v1.PortUsage" */
    const char *c_type;    /* "Polarstack__V1__PortUsage" */
    const char *c_symbol;  /* "polarstack__v1__port_usage" */
    /* True when field 1 is `polarrpc.v1.Observation observation`: topics can
     * carry it, and a psd_resource is made for it. */
    bool is_resource;
    const char *snake; /* "port_usage"; that of a nested message has its parents' names before it */
    psd_model_list *lists;
    size_t list_count;
} psd_model_message;

/* The messages of all files that the request names, imports included. */
typedef struct psd_model_schema {
    psd_model_message *messages;
    size_t message_count;
} psd_model_schema;

typedef struct psd_model_method {
    const psd_proto_method *proto;
    psd_source source;
    const char *full_name; /* "/polarstack.v1.PortUsageService/GetPortUsage" */
    const char *call;      /* "psd_port_usage_get_port_usage" */
    const char *member;    /* "get_port_usage" */
    const char *index;     /* "PSD_PORT_USAGE_METHOD_GET_PORT_USAGE" */
    const psd_model_message *request;
    const psd_model_message *response;
    uint64_t role;
    bool no_side_effects;
    bool streaming; /* the server streams */
    const char *topic;
    const struct psd_model_method *get; /* of a streaming method; NULL when the service has none */
} psd_model_method;

typedef struct psd_model_service {
    const psd_proto_service *proto;
    psd_source source;
    const char *full_name; /* "polarstack.v1.PortUsageService" */
    const char *snake;     /* "port_usage" */
    psd_model_method *methods;
    size_t method_count;
} psd_model_service;

typedef struct psd_model_file {
    const psd_proto_file *proto;
    const char *base; /* "polarstack/v1/port_usage" */
    psd_model_service *services;
    size_t service_count;
    const psd_model_schema *schema;
} psd_model_file;

void psd_model_schema_build(psd_arena *arena, const psd_plugin_request *request, psd_model_schema *schema);

/* Of the file PROTO, one of those that SCHEMA was built from. */
void psd_model_file_build(psd_arena *arena, const psd_model_schema *schema, const psd_proto_file *proto,
                          psd_model_file *file);

/* "READER", "OPERATOR" or "ADMIN"; NULL for any other number. */
const char *psd_model_role_name(uint64_t role);

#endif
