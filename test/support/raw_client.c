#include "test/support/raw_client.h"

#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>

#include "test/v1/echo.pb-c.h"

static void must(int result, const char *what)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, nng_strerror(result));
    abort();
}

nng_socket psd_raw_open(const char *url, int timeout_ms)
{
    nng_socket socket;
    must(nng_req0_open(&socket), "req0_open");
    must(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), "resend time");
    must(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, timeout_ms), "receive timeout");
    must(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, timeout_ms), "send timeout");
    must(nng_dial(socket, url, NULL, 0), url);
    return socket;
}

nng_msg *psd_raw_request(const char *method, uint64_t call_id, const char *text, uint32_t delay_ms)
{
    Test__V1__EchoRequest request = TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t)text;
    request.delay_ms = delay_ms;
    uint8_t packed[1024];
    if (protobuf_c_message_get_packed_size(&request.base) > sizeof(packed))
        abort();
    size_t length = protobuf_c_message_pack(&request.base, packed);
    return psd_wire_request(method, call_id, 5000, NULL, (psd_bytes){packed, length}, (psd_bytes){NULL, 0});
}

nng_ctx psd_raw_send(nng_socket socket, nng_msg *message)
{
    nng_ctx ctx;
    nng_aio *aio = NULL;
    must(nng_ctx_open(&ctx, socket), "ctx_open");
    must(nng_aio_alloc(&aio, NULL, NULL), "aio_alloc");
    nng_aio_set_timeout(aio, 5000);
    nng_aio_set_msg(aio, message);
    nng_ctx_send(ctx, aio);
    nng_aio_wait(aio);
    must(nng_aio_result(aio), "send");
    nng_aio_free(aio);
    return ctx;
}

Polarrpc__V1__Response *psd_raw_receive(nng_ctx ctx)
{
    nng_aio *aio = NULL;
    must(nng_aio_alloc(&aio, NULL, NULL), "aio_alloc");
    nng_ctx_recv(ctx, aio);
    nng_aio_wait(aio);
    nng_msg *message = nng_aio_result(aio) == 0 ? nng_aio_get_msg(aio) : NULL;
    nng_aio_free(aio);
    nng_ctx_close(ctx);
    if (!message)
        return NULL;
    Polarrpc__V1__Response *response = polarrpc__v1__response__unpack(NULL, nng_msg_len(message),
                                                                      nng_msg_body(message));
    nng_msg_free(message);
    if (!response)
        abort(); /* a server must never send what cannot be read */
    return response;
}

Polarrpc__V1__Response *psd_raw_exchange(nng_socket socket, nng_msg *message)
{
    return psd_raw_receive(psd_raw_send(socket, message));
}
