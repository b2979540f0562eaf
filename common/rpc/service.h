/*
 * service.h - what the generated code knows of a service. Made by
 * protoc-gen-polarrpc, read by both halves of the runtime; constant data.
 */
#ifndef PSD_COMMON_RPC_SERVICE_H
#define PSD_COMMON_RPC_SERVICE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default) /* part of libpolarstack */

#ifdef __cplusplus
extern "C" {
#endif

/* Same numbers as polarrpc.v1.Role. Each role includes the smaller ones. */
typedef enum psd_role {
    PSD_ROLE_NONE = 0, /* nobody: every method is denied */
    PSD_ROLE_READER = 1,
    PSD_ROLE_OPERATOR = 2,
    PSD_ROLE_ADMIN = 3,
} psd_role;

/* "NONE", "READER", "OPERATOR", "ADMIN". */
const char *psd_role_name(psd_role role);

/* A keyed list inside a resource message (option polarrpc.v1.list_key). */
typedef struct psd_keyed_list {
    unsigned field; /* number of the repeated message field */
    unsigned key;   /* number of the key field (uint32, uint64 or string) in its elements */
} psd_keyed_list;

/* A message that a topic publishes. Its field 1 is a polarrpc.v1.Observation. */
typedef struct psd_resource {
    const ProtobufCMessageDescriptor *message;
    const psd_keyed_list *lists;
    size_t list_count;
} psd_resource;

struct psd_call; /* common/rpc/server.h */

typedef struct psd_method {
    const char *full_name; /* "/polarstack.v1.PortUsageService/GetPortUsage" */
    const char *name;      /* "GetPortUsage" */
    const char *comment;   /* from the .proto; "" when there is none */
    psd_role role;         /* smallest role that may call it; never NONE */
    bool no_side_effects;  /* idempotency_level NO_SIDE_EFFECTS: may be repeated freely */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *response;

    /* Streaming methods only; NULL otherwise. */
    const char *topic;
    const psd_resource *resource;
    const struct psd_method *get; /* the unary Get… method of the same resource */

    /* Calls the typed handler in HANDLERS. False when that one is NULL. NULL
     * for streaming methods. */
    bool (*invoke)(const void *handlers, struct psd_call *call, const ProtobufCMessage *request, void *arg);
} psd_method;

typedef struct psd_service {
    const char *full_name; /* "polarstack.v1.PortUsageService" */
    const char *comment;
    const psd_method *methods;
    size_t method_count;
} psd_service;

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop
#endif
