/*
 * client.h - calls to one server. The generated stubs (….rpc.h) give each
 * method a typed form of the functions here; use those.
 *
 * A psd_client is a connection, kept and renewed in the background, and a
 * second one when calls run side by side. All functions may be called from any
 * thread. Callbacks run on threads of the library: they must not block for
 * long, and must not call a blocking function of the same client.
 */
#ifndef PSD_COMMON_RPC_CLIENT_H
#define PSD_COMMON_RPC_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/rpc/service.h"

#pragma GCC visibility push(default) /* part of libpolarstack */

#ifdef __cplusplus
extern "C" {
#endif

typedef struct psd_client psd_client;

typedef struct psd_client_options {
    /* "ipc:///run/polarstack/daemon.sock" or "tcp://127.0.0.1:9000". NULL: the
     * daemon of this host, found as runtime_dir.h says. */
    const char *url;
    /* Where the streams are. NULL: derived from url (…/daemon.stream.sock, or
     * the next port). */
    const char *stream_url;
    /* Bearer token sent with each call. NULL: none. */
    const char *token;
    /* For calls that name no timeout of their own. 0: 10,000. */
    uint32_t timeout_ms;
    /* False: opening fails at once, UNAVAILABLE, when nobody listens, and so
     * does a call while the connection is down. True: opening succeeds anyway
     * and a call waits for the connection until its timeout. */
    bool wait_for_ready;
} psd_client_options;

/* OPTIONS may be NULL. *CLIENT is owned by the caller: psd_client_close(). */
int psd_client_open(const psd_client_options *options, psd_client **client, psd_error *error) PSD_MUST_CHECK;

/* Ends calls (their callbacks run with CANCELLED), waits for callbacks that
 * run, and frees. Its watches must have been stopped before. Not from a
 * callback. NULL is ignored. */
void psd_client_close(psd_client *client);

/* The url in use; owned by the client. */
const char *psd_client_url(const psd_client *client);

typedef struct psd_call_options {
    uint32_t timeout_ms; /* 0: the client's */
    bool wait_for_ready; /* true: waits for the connection even if the client does not */
} psd_call_options;

/* Calls METHOD and waits. *RESPONSE is owned by the caller:
 * protobuf_c_message_free_unpacked(). OPTIONS may be NULL.
 *
 * A method without side effects is repeated by the client when the connection
 * is lost, within the timeout. Any other then fails with UNAVAILABLE, and
 * whether it ran is not known.
 * Errors: the server's code and text; UNAVAILABLE (sys_errno ENOTCONN tells it from
 * an answer of the server), DEADLINE_EXCEEDED,
 * CANCELLED (client closed), RESOURCE_EXHAUSTED (request over the size limit),
 * DATA_LOSS (the answer cannot be decoded). */
int psd_client_call(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                    const psd_call_options *options, ProtobufCMessage **response,
                    psd_error *error) PSD_MUST_CHECK;

/* RESPONSE is NULL on failure, ERROR is NULL on success; both belong to the
 * library and end with the callback. Called exactly once. */
typedef void (*psd_client_done)(void *arg, const ProtobufCMessage *response, const psd_error *error);

/* Starts a call. On -1 nothing was started and DONE is not called. DONE is a
 * typed function of the stub's user; SHIM, made by the generator, calls it. */
typedef void (*psd_any_function)(void);
typedef void (*psd_client_done_shim)(psd_any_function done, void *arg, const ProtobufCMessage *response,
                                     const psd_error *error);
int psd_client_call_async(psd_client *client, const psd_method *method, const ProtobufCMessage *request,
                          const psd_call_options *options, psd_client_done_shim shim, psd_any_function done,
                          void *arg, psd_error *error) PSD_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#pragma GCC visibility pop
#endif
