#include "common/rpc/ask_many.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/thread.h"

enum {
    DEFAULT_TIMEOUT_MS = 10000,
    STACK_SIZE = 256 * 1024,
};

typedef struct round {
    const psd_question *question;
    const char *const *urls;
    size_t count;
    psd_answer *answers;
    int64_t deadline_ms;
    atomic_size_t next;
    pthread_mutex_t mutex; /* one `answered` at a time */
} round;

static int call(const round *r, psd_client *client, ProtobufCMessage **response, psd_error *error)
{
    int64_t left_ms = r->deadline_ms - psd_clock_mono_ms();
    psd_call_options options = {.timeout_ms = left_ms > 0 ? (uint32_t)left_ms : 1};
    return psd_client_call(client, r->question->method, r->question->request, &options, response, error);
}

/* Leaves the connection in *CLIENT, NULL when there is none. */
static int ask_anew(const round *r, const char *url, psd_client **client, ProtobufCMessage **response,
                    psd_error *error)
{
    int64_t left_ms = r->deadline_ms - psd_clock_mono_ms();
    if (left_ms <= 0)
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED,
                             "not asked: the time was up before its turn came, others did not answer");
    psd_client_options options = {.url = url, .token = r->question->token, .timeout_ms = (uint32_t)left_ms};
    if (psd_client_open(&options, client, error) < 0)
        return -1;
    return call(r, *client, response, error);
}

static int ask(const round *r, size_t i, ProtobufCMessage **response, psd_error *error)
{
    psd_client **kept = r->question->clients ? &r->question->clients[i] : NULL;
    psd_client *client = kept ? *kept : NULL;
    int result = client ? call(r, client, response, error) : -1;
    if (!client || (result < 0 && error->code == PSD_UNAVAILABLE)) {
        psd_client_close(client);
        client = NULL;
        result = ask_anew(r, r->urls[i], &client, response, error);
    }
    if (kept)
        *kept = result == 0 ? client : NULL;
    if (!kept || result < 0)
        psd_client_close(client);
    return result;
}

static void *work(void *arg)
{
    round *r = arg;
    for (size_t i = atomic_fetch_add(&r->next, 1); i < r->count; i = atomic_fetch_add(&r->next, 1)) {
        psd_answer *answer = &r->answers[i];
        *answer = (psd_answer){.response = NULL};
        if (ask(r, i, &answer->response, &answer->error) < 0)
            answer->response = NULL;
        if (!r->question->answered)
            continue;
        PSD_LOCKED(&r->mutex);
        r->question->answered(r->question->arg, i, answer);
    }
    return NULL;
}

/* The caller's thread works, too: without any other one, the servers are asked
 * one after the other. */
void psd_ask_many(const psd_question *question, const char *const *urls, size_t count, psd_answer *answers)
{
    uint32_t timeout_ms = question->timeout_ms ? question->timeout_ms : DEFAULT_TIMEOUT_MS;
    round r = {.question = question,
               .urls = urls,
               .count = count,
               .answers = answers,
               .deadline_ms = psd_clock_mono_ms() + timeout_ms,
               .mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[PSD_ASK_MANY_AT_ONCE - 1];
    size_t started = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (started + 1 < count && started < PSD_ARRAY_SIZE(threads) &&
           pthread_create(&threads[started], &attributes, work, &r) == 0)
        started++;
    pthread_attr_destroy(&attributes);
    work(&r);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&r.mutex);
}

void psd_answers_free(psd_answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (answers[i].response)
            protobuf_c_message_free_unpacked(answers[i].response, NULL);
        answers[i].response = NULL;
    }
}
