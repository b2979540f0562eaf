/* resource.h - how get and watch show a resource; everything else about it they take from its descriptors. */
#ifndef PSD_CLIENT_PDCTL_RESOURCE_H
#define PSD_CLIENT_PDCTL_RESOURCE_H

#include <cjson/cJSON.h>

#include "client/pdctl/command.h"
#include "common/rpc/observation.h"

/* A column of the list's table. */
typedef struct psd_cli_column {
    const char *title;
    bool wide; /* only with -o wide */
    int width; /* of usual cells; keeps the lines of a watch in step */
    /* Adds the element's cell to an empty text. */
    psd_cli_color (*print)(const ProtobufCMessage *element, psd_text *cell);
} psd_cli_column;

typedef struct psd_cli_resource {
    const char *kind;        /* "port", as in port/5400 */
    const char *plural;      /* "ports" */
    const psd_method *watch; /* the generated streaming method; its resource has one keyed list */
    const psd_cli_column *columns;
    size_t column_count;
    /* The request of the Get… method; owned by the caller:
     * protobuf_c_message_free_unpacked(). */
    ProtobufCMessage *(*request)(const psd_cli_settings *settings);
    /* Whether that request selects an element; for watches, whose requests are empty. */
    bool (*selects)(const ProtobufCMessage *request, const ProtobufCMessage *element);
} psd_cli_resource;

/* The list's elements in MESSAGE, in *COUNT. */
ProtobufCMessage **psd_cli_elements(const psd_cli_resource *resource, const ProtobufCMessage *message,
                                    size_t *count);

/* "port/5400" */
void psd_cli_add_name(const psd_cli_resource *resource, const ProtobufCMessage *element, psd_text *out);

/* "FRESH, observed 1.2s ago, revision 17, node n1", "STALE for 3m0s: reason",
 * "UNKNOWN: reason", seen at NOW_MS (Unix). */
psd_cli_color psd_cli_add_freshness(const Polarrpc__V1__Observation *observation, int64_t now_ms,
                                    psd_text *out);

/* Handlers for any command with a resource. */
int psd_cli_get(psd_cli_call *call, psd_error *error);
int psd_cli_watch(psd_cli_call *call, psd_error *error);

/* Shows an answer as `get` does. Returns a psd_cli_exit. */
int psd_cli_show_resource(psd_cli_call *call, const ProtobufCMessage *message);

/* Prints a whole tree or message to stdout, as JSON or YAML. */
void psd_cli_print_tree(const cJSON *tree, bool yaml);
void psd_cli_print_message(const ProtobufCMessage *message, bool yaml);

extern const psd_cli_resource psd_cli_ports;

#endif
