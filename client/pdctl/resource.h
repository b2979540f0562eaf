/* resource.h - how get and watch show a resource; everything else about it they take from its descriptors. */
#ifndef PSD_CLIENT_PDCTL_RESOURCE_H
#define PSD_CLIENT_PDCTL_RESOURCE_H

#include <cjson/cJSON.h>

#include "client/pdctl/command.h"
#include "common/rpc/observation.h"

/* A part of a resource that is no list, as a row of a table for people. */
typedef struct psd_cli_fact {
    const char *name; /* of the field; a constant */
    psd_text value;
    psd_cli_color color; /* of the value */
    psd_text source;     /* where it comes from */
    psd_text version;    /* of the source */
    int64_t read_at_ms;  /* Unix; 0: not known */
    psd_text stale;      /* why it is old; empty when it is not */
} psd_cli_fact;

enum { PSD_CLI_MAX_FACTS = 24 };

typedef struct psd_cli_facts {
    psd_cli_fact items[PSD_CLI_MAX_FACTS];
    size_t count;
} psd_cli_facts;

/* A column of the table. */
typedef struct psd_cli_column {
    const char *title;
    bool wide; /* only with -o wide */
    int width; /* of usual cells; keeps the lines of a watch in step */
    /* Adds the cell of ROW to an empty text: an element of the list (a
     * ProtobufCMessage), or a psd_cli_fact. */
    psd_cli_color (*print)(const void *row, psd_text *cell);
} psd_cli_column;

typedef struct psd_cli_resource {
    const char *kind;        /* "port", as in port/5400 */
    const char *unknown;     /* "the ports of this host are not known" */
    const char *hint;        /* what to do then */
    const psd_method *watch; /* the generated streaming method */
    const psd_cli_column *columns;
    size_t column_count;
    /* The request of the Get… method; owned by the caller:
     * protobuf_c_message_free_unpacked(). */
    ProtobufCMessage *(*request)(const psd_cli_settings *settings);
    /* Whether that request selects an element; for watches, whose requests are
     * empty. NULL: every one. */
    bool (*selects)(const ProtobufCMessage *request, const ProtobufCMessage *element);
    /* NULL: the resource is a list, and its first keyed list's elements are the
     * rows. Otherwise it is no list, and this adds its parts, always the same
     * ones in the same order. */
    void (*add_facts)(const ProtobufCMessage *message, psd_cli_facts *facts);
} psd_cli_resource;

/* The list's elements in MESSAGE, in *COUNT. */
ProtobufCMessage **psd_cli_elements(const psd_cli_resource *resource, const ProtobufCMessage *message,
                                    size_t *count);

/* A new fact, empty; owned by FACTS. */
psd_cli_fact *psd_cli_facts_add(psd_cli_facts *facts, const char *name);
void psd_cli_facts_free(psd_cli_facts *facts);

/* Whether a reader would see another value, source or reason; ages do not count. */
bool psd_cli_fact_equal(const psd_cli_fact *a, const psd_cli_fact *b);

/* The resource's rows, in *COUNT, for free(); they live as long as MESSAGE and FACTS. */
const void **psd_cli_rows(const psd_cli_resource *resource, const ProtobufCMessage *message,
                          psd_cli_facts *facts, size_t *count);

/* Columns of facts. */
psd_cli_color psd_cli_print_fact_name(const void *row, psd_text *cell);
psd_cli_color psd_cli_print_fact_value(const void *row, psd_text *cell);
psd_cli_color psd_cli_print_fact_source(const void *row, psd_text *cell);
psd_cli_color psd_cli_print_fact_version(const void *row, psd_text *cell);
/* "3m12s", or "3m12s, STALE: reason". */
psd_cli_color psd_cli_print_fact_age(const void *row, psd_text *cell);

/* "port/5400" */
void psd_cli_add_name(const psd_cli_resource *resource, const void *row, psd_text *out);

/* "FRESH, observed 1.2s ago, revision 17, node n1", "STALE for 3m0s: reason",
 * "UNKNOWN: reason", seen at NOW_MS (Unix). */
psd_cli_color psd_cli_add_freshness(const Polarrpc__V1__Observation *observation, int64_t now_ms,
                                    psd_text *out);

/* Handlers for any command with a resource. */
int psd_cli_get(psd_cli_call *call, psd_error *error);
int psd_cli_watch(psd_cli_call *call, psd_error *error);

/* Shows an answer as `get` does. Returns a psd_cli_exit. */
int psd_cli_show_resource(psd_cli_call *call, const ProtobufCMessage *message);

/* Says on stderr that nothing is known, where an empty list would look like
 * "nothing in use". Returns PSD_CLI_NEGATIVE. */
int psd_cli_report_unknown(const psd_cli_call *call, const Polarrpc__V1__Observation *observation);

/* Prints a whole tree or message to stdout, as JSON or YAML. */
void psd_cli_print_tree(const cJSON *tree, bool yaml);
void psd_cli_print_message(const ProtobufCMessage *message, bool yaml);

extern const psd_cli_resource psd_cli_ports;
extern const psd_cli_resource psd_cli_config;
extern const psd_cli_resource psd_cli_net;
extern const psd_cli_resource psd_cli_versions;

#endif
