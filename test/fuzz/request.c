/* The body of a request, from the wire to its handler and back: server_call.c
 * and dedupe.c as they are, with this file in the place of server.c. */
#include <nng/nng.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/rpc/server_call.h"
#include "common/rpc/wire.h"
#include "test/fuzz/fuzz.h"
#include "test/v1/echo.server.h"

struct psd_server {
    psd_server_options options;
    psd_dedupe *dedupe;
    unsigned born;
    unsigned died;
    unsigned counted;
    unsigned sent;
};

/* Some calls are answered at once, some later, some with an error. */
static psd_call *kept;

static void echo(psd_call *call, const Test__V1__EchoRequest *request, void *arg)
{
    (void)arg;
    must(psd_call_role(call) >= PSD_ROLE_READER);
    must(psd_call_deadline(call) > 0);
    Test__V1__EchoResponse response = TEST__V1__ECHO_RESPONSE__INIT;
    response.text = request->text;
    if (request->delay_ms % 3 == 1 && !kept) {
        kept = call;
    } else if (request->delay_ms % 3 == 2) {
        psd_error error = PSD_ERROR_INIT;
        psd_error_set(&error, PSD_NOT_FOUND, "no '%s'", request->text);
        psd_call_fail(call, &error);
    } else {
        psd_call_reply(call, &response.base);
    }
}

static const psd_echo_handlers handlers = {.echo = echo, .count = echo};

void psd_worker_send(psd_worker *worker, nng_msg *message)
{
    must(message);
    ProtobufCMessage *response = psd_wire_unpack(&polarrpc__v1__response__descriptor,
                                                 (psd_bytes){nng_msg_body(message), nng_msg_len(message)},
                                                 "it", NULL);
    must(response);
    must(nng_msg_len(message) <= PSD_WIRE_MAX);
    protobuf_c_message_free_unpacked(response, NULL);
    nng_msg_free(message);
    worker->server->sent++;
}

const psd_method *psd_server_find(const psd_server *server, const char *full_name, const void **found,
                                  void **arg)
{
    (void)server;
    static const psd_service *const services[] = {&psd_echo_service, &psd_inventory_service};
    *arg = NULL;
    *found = &handlers;
    for (size_t s = 0; s < PSD_ARRAY_SIZE(services); s++)
        for (size_t m = 0; m < services[s]->method_count; m++)
            if (strcmp(services[s]->methods[m].full_name, full_name) == 0)
                return services[s] == &psd_inventory_service && !services[s]->methods[m].topic
                           ? NULL
                           : &services[s]->methods[m];
    return NULL;
}

static psd_role by_token(const psd_peer *peer, void *arg)
{
    (void)arg;
    return strcmp(peer->token, "r") == 0 ? PSD_ROLE_READER : PSD_ROLE_ADMIN;
}

const psd_server_options *psd_server_get_options(const psd_server *server)
{
    return &server->options;
}

psd_dedupe *psd_server_dedupe(psd_server *server)
{
    return server->dedupe;
}

void psd_server_watch_deadline(psd_server *server, int64_t deadline_ms)
{
    (void)server;
    must(deadline_ms > 0);
}

void psd_server_count(psd_server *server, bool rejected, bool repeated)
{
    must(!(rejected && repeated));
    server->counted++;
}

void psd_server_count_late(psd_server *server)
{
    must(server->counted > 0);
}

void psd_server_call_born(psd_server *server)
{
    server->born++;
}

void psd_server_call_died(psd_server *server)
{
    server->died++;
}

static void handle(psd_worker *worker, const uint8_t *data, size_t size)
{
    nng_msg *message = NULL;
    if (nng_msg_alloc(&message, size) != 0)
        abort();
    if (size > 0)
        memcpy(nng_msg_body(message), data, size);
    psd_worker_handle(worker, message);
}

/* The same body three times, on a context each: the second and third may be
 * repeats of the first, running or ended. Each one is answered exactly once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    psd_log_set_level(PSD_LOG_ERROR);
    psd_server server = {.options = {.authorize = by_token, .default_timeout_ms = 1000}};
    server.dedupe = psd_dedupe_new();
    must(server.dedupe);
    psd_worker workers[3];
    memset(workers, 0, sizeof(workers));
    psd_error late = PSD_ERROR_INIT;
    psd_error_set(&late, PSD_DEADLINE_EXCEEDED, "late");
    for (size_t i = 0; i < 3; i++) {
        workers[i].server = &server;
        pthread_mutex_init(&workers[i].mutex, NULL);
        handle(&workers[i], data, size);
        if (i == 1 && kept) {
            psd_worker_expire(&workers[0], size % 2 ? 0 : INT64_MAX, &late);
            psd_call *call = kept;
            kept = NULL;
            psd_call_fail(call, &late);
        }
    }
    if (kept)
        psd_call_fail(kept, &late);
    kept = NULL;
    must(server.sent == 3);
    must(server.counted == 3);
    must(server.born == server.died);
    for (size_t i = 0; i < 3; i++) {
        must(!workers[i].call);
        pthread_mutex_destroy(&workers[i].mutex);
    }
    psd_dedupe_free(server.dedupe);
    return 0;
}
