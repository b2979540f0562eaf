/*
 * port_table.h - from sockets to ports: which are in use, by what, and whether
 * a server could bind them.
 *
 * The verdicts follow the kernel's bind conflict rules (inet_csk_bind_conflict)
 * for a socket with SO_REUSEADDR and without SO_REUSEPORT that binds any
 * address and listens.
 */
#ifndef PSD_SERVER_SCAN_PORT_PORT_TABLE_H
#define PSD_SERVER_SCAN_PORT_PORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/port_set.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "server/scan/port/socket.h"

/* Whether a socket keeps a server from its port; a larger one outweighs. */
typedef enum psd_conflict {
    PSD_CONFLICT_NONE = 0,
    PSD_CONFLICT_UNKNOWN = 1,
    PSD_CONFLICT_CERTAIN = 2,
} psd_conflict;

/* The two servers that verdicts are given for. */
typedef enum psd_server_kind {
    PSD_SERVER_DUAL_STACK = 0, /* [::] with IPV6_V6ONLY off */
    PSD_SERVER_IPV4 = 1,       /* 0.0.0.0 */
    PSD_SERVER_KINDS = 2,
} psd_server_kind;

psd_conflict psd_socket_conflict(const psd_socket *socket, psd_server_kind server);

/* What is known of one port. All zero: no socket. */
typedef struct psd_port_facts {
    uint8_t port_class; /* Polarstack__V1__PortClass */
    uint8_t uses;       /* private bits */
    uint8_t conflicts[PSD_SERVER_KINDS];
} psd_port_facts;

void psd_port_facts_add(psd_port_facts *facts, const psd_socket *socket);
/* Fills a message that is already initialized. */
void psd_port_facts_describe(const psd_port_facts *facts, unsigned number, Polarstack__V1__Port *port);

/* All ports; keeps its memory from one use to the next. */
typedef struct psd_port_table psd_port_table;

/* Ports outside RANGES (copied) are ignored. */
int psd_port_table_new(const psd_port_set *ranges, psd_port_table **table, psd_error *error) PSD_MUST_CHECK;

/* Other ranges from now on; the table has to be filled anew. On failure the old ones stay. */
int psd_port_table_set_ranges(psd_port_table *table, const psd_port_set *ranges,
                              psd_error *error) PSD_MUST_CHECK;

/* NULL is ignored. */
void psd_port_table_free(psd_port_table *table);

void psd_port_table_clear(psd_port_table *table);
void psd_port_table_add(psd_port_table *table, const psd_sockets *sockets);

/* The ports with an unknown verdict; false when there are none. */
bool psd_port_table_unknown(const psd_port_table *table, psd_port_set *ports);

/* The resource without its observation; owned by the table, good until the
 * next call. */
int psd_port_table_usage(psd_port_table *table, const Polarstack__V1__PortUsage **usage,
                         psd_error *error) PSD_MUST_CHECK;

#endif
