/*
 * server.h - serves services and publishes topics.
 *
 * Life: new, add services, listen, start … stop (answers what it has accepted),
 * free. Handlers run on threads of the runtime and must not block; one that
 * needs time keeps the call and replies later, from any thread.
 */
#ifndef PSD_COMMON_RPC_SERVER_H
#define PSD_COMMON_RPC_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "common/rpc/service.h"

/* One request being answered. Exactly one psd_call_reply…, psd_call_fail must
 * follow; it ends the caller's use of the call. Once its deadline has passed
 * the client gets DEADLINE_EXCEEDED and the late reply is dropped. */
typedef struct psd_call psd_call;

/* Replies with RESPONSE (of the method's response type). */
void psd_call_reply(psd_call *call, const ProtobufCMessage *response);
/* Replies with bytes that are already packed. */
void psd_call_reply_packed(psd_call *call, const void *bytes, size_t length);
/* Replies with ERROR's code and text. */
void psd_call_fail(psd_call *call, const psd_error *error);
/* Monotonic ms (psd_clock_mono_ms) at which the client gives up. */
int64_t psd_call_deadline(const psd_call *call);
psd_role psd_call_role(const psd_call *call);

/* Who is on the other end, as far as the transport tells. */
typedef struct psd_peer {
    bool is_ipc;
    uid_t uid;         /* ipc only; (uid_t)-1 otherwise */
    const char *token; /* bearer token of this request; "" when there is none */
} psd_peer;

/* Decides the role of a peer. Called for each request; must be fast and
 * thread-safe. */
typedef psd_role (*psd_authorize)(const psd_peer *peer, void *arg);

/* root and the own uid are ADMIN, other local users READER (the socket's mode
 * decides who gets that far). TCP: ARG, a const psd_role *; READER when it is NULL. */
psd_role psd_authorize_local(const psd_peer *peer, void *arg);

typedef struct psd_server psd_server;

typedef struct psd_server_options {
    unsigned max_in_flight;      /* requests answered at the same time; 0: 64 */
    uint32_t default_timeout_ms; /* for requests that name none; 0: 30,000 */
    psd_authorize authorize;     /* NULL: psd_authorize_local */
    void *authorize_arg;
    const char *operator_hint; /* how one who comes over TCP becomes OPERATOR; NULL: not at all */
} psd_server_options;

int psd_server_new(const psd_server_options *options, psd_server **server, psd_error *error) PSD_MUST_CHECK;

/* HANDLERS is the generated struct of typed handlers; it and ARG must outlive
 * the server. Before psd_server_start(). */
int psd_server_add(psd_server *server, const psd_service *service, const void *handlers, void *arg,
                   psd_error *error) PSD_MUST_CHECK;

/* Services added so far, in order of their addition; for reflection. */
size_t psd_server_services(const psd_server *server, const psd_service *const **services);

/* Listens for requests on URL and for subscribers on its stream url. An ipc
 * path is locked first (PATH.lock): ALREADY_EXISTS when a live server has it;
 * a stale socket file is replaced. MODE is that of the socket files. */
int psd_server_listen(psd_server *server, const char *url, mode_t mode, psd_error *error) PSD_MUST_CHECK;

/* Begins to answer. */
int psd_server_start(psd_server *server, psd_error *error) PSD_MUST_CHECK;

/* Accepts nothing new, waits up to GRACE_MS for the requests in flight (those
 * left get CANCELLED), sends the answers. Thread-safe, once. */
void psd_server_stop(psd_server *server, uint32_t grace_ms);

/* After psd_server_stop(). NULL is ignored. */
void psd_server_free(psd_server *server);

/* Sends one event to all subscribers; never blocks. BYTES is a packed
 * polarrpc.v1.Event. */
void psd_server_publish(psd_server *server, const char *topic, const void *bytes, size_t length);

typedef struct psd_server_stats {
    uint64_t requests;  /* answered, with whatever code */
    uint64_t rejected;  /* of those: not decodable, unknown, denied or too late */
    uint64_t repeats;   /* of those: answered from memory */
    uint64_t published; /* events sent */
    unsigned in_flight;
} psd_server_stats;

void psd_server_get_stats(psd_server *server, psd_server_stats *stats);

#endif
