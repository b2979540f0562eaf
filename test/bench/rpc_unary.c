/*
 * rpc_unary: GetPortUsage with 64 used ports through the generated client,
 * against bare nng REQ/REP that carries the same bytes with the same number of
 * contexts; 1 and 16 callers, server in a process of its own.
 */
#include <inttypes.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/rpc/wire.h"
#include "polarstack/v1/port_usage.rpc.h"
#include "server/services/services.h"
#include "server/topics.h"
#include "test/support/bench.h"
#include "test/support/temp_dir.h"

enum { USED_PORTS = 64, CONTEXTS = 64, ROUNDS = 7, ROUND_MS = 700, MAX_CALLERS = 16, MAX_SAMPLES = 400000 };

/* --- the daemon's own service, with a canned look ----------------------- */

static void publish_ports(psd_daemon *daemon)
{
    static Polarstack__V1__Port ports[USED_PORTS];
    static Polarstack__V1__Port *pointers[USED_PORTS];
    for (unsigned i = 0; i < USED_PORTS; i++) {
        polarstack__v1__port__init(&ports[i]);
        ports[i].port = 30000 + i * 7;
        ports[i].class_ = POLARSTACK__V1__PORT_CLASS__LISTENING;
        ports[i].tcp4 = 1;
        ports[i].bindable = POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE;
        ports[i].bindable_ipv4 = POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE;
        pointers[i] = &ports[i];
    }
    Polarstack__V1__PortUsage usage = POLARSTACK__V1__PORT_USAGE__INIT;
    usage.ports = pointers;
    usage.n_ports = USED_PORTS;
    psd_look look = {.resource = &usage.base, .observed_at_ms = psd_clock_unix_ms()};
    psd_bench_check(psd_topic_publish(daemon->topics[PSD_TOPIC_PORT_USAGE], &look, NULL), "publish");
}

static void serve_generated(const char *url)
{
    static psd_daemon daemon = {.node = "bench", .epoch = 1};
    psd_server_options options = {.max_in_flight = CONTEXTS};
    psd_bench_check(psd_server_new(&options, &daemon.server, NULL), "server");
    psd_bench_check(psd_topics_init(&daemon, NULL), "topics");
    psd_bench_check(psd_services_add(&daemon, NULL), "services");
    publish_ports(&daemon);
    psd_bench_check(psd_server_listen(daemon.server, url, 0600, NULL), "listen");
    psd_bench_check(psd_server_start(daemon.server, NULL), "start");
    for (;;)
        pause();
}

/* --- the same bytes over bare nng --------------------------------------- */

typedef struct bare_worker {
    nng_ctx ctx;
    nng_aio *aio;
    bool sending;
} bare_worker;

static uint8_t answer[65536];
static size_t answer_length;

static void bare_step(void *arg)
{
    bare_worker *worker = arg;
    if (nng_aio_result(worker->aio) != 0)
        return;
    if (worker->sending) {
        worker->sending = false;
        nng_ctx_recv(worker->ctx, worker->aio);
        return;
    }
    nng_msg_free(nng_aio_get_msg(worker->aio));
    nng_msg *reply = NULL;
    psd_bench_check(nng_msg_alloc(&reply, answer_length), "reply");
    memcpy(nng_msg_body(reply), answer, answer_length);
    worker->sending = true;
    nng_aio_set_msg(worker->aio, reply);
    nng_ctx_send(worker->ctx, worker->aio);
}

static void serve_bare(const char *url)
{
    static bare_worker workers[CONTEXTS];
    nng_socket socket;
    psd_bench_check(nng_rep0_open(&socket), "rep0");
    for (unsigned i = 0; i < CONTEXTS; i++) {
        psd_bench_check(nng_aio_alloc(&workers[i].aio, bare_step, &workers[i]), "aio");
        psd_bench_check(nng_ctx_open(&workers[i].ctx, socket), "context");
        nng_ctx_recv(workers[i].ctx, workers[i].aio);
    }
    psd_bench_check(nng_listen(socket, url, NULL, 0), "listen");
    for (;;)
        pause();
}

/* --- callers ------------------------------------------------------------ */

typedef struct caller {
    pthread_t thread;
    psd_client *client; /* generated */
    nng_socket socket;  /* bare */
    int64_t until_us;
    double *latencies;
    size_t calls;
} caller;

static void *call_generated(void *arg)
{
    caller *self = arg;
    Polarstack__V1__GetPortUsageRequest request = POLARSTACK__V1__GET_PORT_USAGE_REQUEST__INIT;
    for (int64_t begin = psd_clock_mono_us(); begin < self->until_us && self->calls < MAX_SAMPLES;) {
        Polarstack__V1__PortUsage *usage = NULL;
        psd_bench_check(psd_port_usage_get_port_usage(self->client, &request, NULL, &usage, NULL), "call");
        polarstack__v1__port_usage__free_unpacked(usage, NULL);
        int64_t end = psd_clock_mono_us();
        self->latencies[self->calls++] = (double)(end - begin);
        begin = end;
    }
    return NULL;
}

static void *call_bare(void *arg)
{
    caller *self = arg;
    nng_ctx ctx;
    nng_aio *aio = NULL;
    psd_bench_check(nng_ctx_open(&ctx, self->socket), "context");
    psd_bench_check(nng_aio_alloc(&aio, NULL, NULL), "aio");
    for (int64_t begin = psd_clock_mono_us(); begin < self->until_us && self->calls < MAX_SAMPLES;) {
        nng_msg *message = psd_wire_request("/polarstack.v1.PortUsageService/GetPortUsage", 0, 10000, NULL,
                                            (psd_bytes){NULL, 0}, (psd_bytes){NULL, 0});
        nng_aio_set_msg(aio, message);
        nng_ctx_send(ctx, aio);
        nng_aio_wait(aio);
        psd_bench_check(nng_aio_result(aio), "send");
        nng_ctx_recv(ctx, aio);
        nng_aio_wait(aio);
        psd_bench_check(nng_aio_result(aio), "receive");
        nng_msg_free(nng_aio_get_msg(aio));
        int64_t end = psd_clock_mono_us();
        self->latencies[self->calls++] = (double)(end - begin);
        begin = end;
    }
    nng_aio_free(aio);
    nng_ctx_close(ctx);
    return NULL;
}

typedef struct outcome {
    double per_second;
    double median_us;
} outcome;

static double samples[MAX_CALLERS][MAX_SAMPLES];
static double all_samples[MAX_CALLERS * MAX_SAMPLES];

static outcome measure(void *(*call)(void *), psd_client *client, nng_socket socket, unsigned callers)
{
    caller each[MAX_CALLERS];
    int64_t begin = psd_clock_mono_us();
    for (unsigned i = 0; i < callers; i++) {
        each[i] = (caller){.client = client,
                           .socket = socket,
                           .latencies = samples[i],
                           .until_us = begin + ROUND_MS * INT64_C(1000)};
        psd_bench_check(pthread_create(&each[i].thread, NULL, call, &each[i]), "thread");
    }
    size_t calls = 0;
    for (unsigned i = 0; i < callers; i++) {
        pthread_join(each[i].thread, NULL);
        memcpy(all_samples + calls, samples[i], each[i].calls * sizeof(double));
        calls += each[i].calls;
    }
    double seconds = (double)(psd_clock_mono_us() - begin) / 1e6;
    return (outcome){(double)calls / seconds, psd_bench_percentile(all_samples, calls, 0.5)};
}

static void compare(psd_client *client, nng_socket socket, unsigned callers)
{
    double throughput[ROUNDS];
    double latency[ROUNDS];
    double calls[ROUNDS];
    double medians[ROUNDS];
    measure(call_generated, client, socket, callers); /* warm up */
    measure(call_bare, client, socket, callers);
    for (unsigned i = 0; i < ROUNDS; i++) {
        outcome ours = measure(call_generated, client, socket, callers);
        outcome bare = measure(call_bare, client, socket, callers);
        throughput[i] = ours.per_second / bare.per_second;
        latency[i] = ours.median_us / bare.median_us;
        calls[i] = ours.per_second;
        medians[i] = ours.median_us;
    }
    char metric[64];
    snprintf(metric, sizeof(metric), "throughput_ratio_%u", callers);
    psd_bench_at_least("rpc_unary", metric, psd_bench_percentile(throughput, ROUNDS, 0.5), "ratio", 0.85);
    snprintf(metric, sizeof(metric), "median_latency_ratio_%u", callers);
    psd_bench_at_most("rpc_unary", metric, psd_bench_percentile(latency, ROUNDS, 0.5), "ratio", 1.15);
    snprintf(metric, sizeof(metric), "calls_%u", callers);
    psd_bench_report("rpc_unary", metric, psd_bench_percentile(calls, ROUNDS, 0.5), "1/s");
    snprintf(metric, sizeof(metric), "median_latency_%u", callers);
    psd_bench_report("rpc_unary", metric, psd_bench_percentile(medians, ROUNDS, 0.5), "us");
}

/* The bytes of one real answer, for the bare server to send. */
static void read_answer(const char *url)
{
    nng_socket socket;
    psd_bench_check(nng_req0_open(&socket), "req0");
    psd_bench_check(nng_dial(socket, url, NULL, 0), "dial");
    nng_msg *message = psd_wire_request("/polarstack.v1.PortUsageService/GetPortUsage", 0, 10000, NULL,
                                        (psd_bytes){NULL, 0}, (psd_bytes){NULL, 0});
    psd_bench_check(nng_sendmsg(socket, message, 0), "send");
    psd_bench_check(nng_recvmsg(socket, &message, 0), "receive");
    answer_length = nng_msg_len(message);
    memcpy(answer, nng_msg_body(message), answer_length);
    nng_msg_free(message);
    nng_close(socket);
}

static pid_t start_server(void (*serve)(const char *), const char *url, const char *path)
{
    pid_t pid = fork();
    if (pid == 0) {
        serve(url);
        _exit(0);
    }
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        usleep(10000);
    usleep(50000);
    return pid;
}

/* nng's threads do not survive a fork, so everything that uses nng runs in a
 * child: the two servers, one reader of the answer, and the callers. */
static int run_callers(const char *ours, const char *bare)
{
    psd_client_options options = {.url = ours};
    psd_client *client = NULL;
    psd_error error = PSD_ERROR_INIT;
    if (psd_client_open(&options, &client, &error) < 0) {
        fprintf(stderr, "bench: %s\n", error.text);
        return 2;
    }
    nng_socket socket;
    psd_bench_check(nng_req0_open(&socket), "req0");
    psd_bench_check(nng_dial(socket, bare, NULL, 0), "dial");
    compare(client, socket, 1);
    compare(client, socket, 16);
    psd_client_close(client);
    nng_close(socket);
    return psd_bench_exit_code();
}

static void serve_bare_like(const char *urls)
{
    char ours[256];
    char bare[256];
    sscanf(urls, "%255s %255s", ours, bare);
    read_answer(ours);
    serve_bare(bare);
}

int main(void)
{
    char *dir = psd_test_temp_dir();
    char ours[256];
    char bare[256];
    char both[600];
    snprintf(ours, sizeof(ours), "ipc://%s/ours.sock", dir);
    snprintf(bare, sizeof(bare), "ipc://%s/bare.sock", dir);
    snprintf(both, sizeof(both), "%s %s", ours, bare);
    pid_t servers[] = {start_server(serve_generated, ours, ours + 6),
                       start_server(serve_bare_like, both, bare + 6)};
    pid_t callers = fork();
    if (callers == 0)
        exit(run_callers(ours, bare));
    int status = 0;
    waitpid(callers, &status, 0);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(servers); i++) {
        kill(servers[i], SIGKILL);
        waitpid(servers[i], NULL, 0);
    }
    psd_test_remove_dir(dir);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
