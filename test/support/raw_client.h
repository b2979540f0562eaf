/* raw_client.h - a REQ socket without the client library, for bodies that the
 * library would never send. Failures end the program. */
#ifndef PSD_TEST_SUPPORT_RAW_CLIENT_H
#define PSD_TEST_SUPPORT_RAW_CLIENT_H

#include <nng/nng.h>

#include "common/rpc/wire.h"

nng_socket psd_raw_open(const char *url, int timeout_ms);

/* The packed envelope of a call of METHOD with TEXT as an EchoRequest. */
nng_msg *psd_raw_request(const char *method, uint64_t call_id, const char *text, uint32_t delay_ms);

/* Sends MESSAGE (taken) and waits. NULL when no answer comes in time. Owned by
 * the caller. */
Polarrpc__V1__Response *psd_raw_exchange(nng_socket socket, nng_msg *message);

/* The two halves of an exchange on a context of its own. */
nng_ctx psd_raw_send(nng_socket socket, nng_msg *message);
Polarrpc__V1__Response *psd_raw_receive(nng_ctx ctx);

#endif
