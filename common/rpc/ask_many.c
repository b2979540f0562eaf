#include "common/rpc/ask_many.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/keyed_list.h"
#include "common/thread.h"

enum {
    DEFAULT_TIMEOUT_MS = 10000,
    STACK_SIZE = 256 * 1024,
};

typedef struct round {
    const psd_question *question;
    const char *const *urls;
    psd_answer *answers;
    int64_t deadline_ms;

    pthread_mutex_t mutex; /* guards all below, and `answered`: one at a time */
    pthread_cond_t changed;
    size_t sent;  /* asked over connections that stand; the answer is to come */
    size_t *left; /* those that are asked over new ones */
    size_t left_count;
    size_t kept; /* connections of the question that stand */
} round;

/* RESPONSE belongs to the answer. */
static void settle(round *r, size_t i, ProtobufCMessage *response, const psd_error *error)
{
    r->answers[i] = (psd_answer){.response = response};
    if (!response)
        r->answers[i].error = *error;
    if (r->question->answered)
        r->question->answered(r->question->arg, i, &r->answers[i]);
}

/* ---- over connections that stand: by callback, without threads ---- */

typedef struct sent {
    round *round;
    size_t index;
} sent;

static void arrived(psd_any_function done PSD_UNUSED, void *arg, const ProtobufCMessage *response,
                    const psd_error *error)
{
    const sent *s = arg;
    round *r = s->round;
    ProtobufCMessage *copy = response ? psd_message_copy(response) : NULL;
    if (response && !copy)
        abort();
    PSD_LOCKED(&r->mutex);
    if (!copy && error->sys_errno == ENOTCONN) {
        r->answers[s->index].error = *error;
        r->left[r->left_count++] = s->index;
    } else {
        settle(r, s->index, copy, error);
    }
    r->sent--;
    pthread_cond_signal(&r->changed);
}

static bool send_over(psd_client *client, sent *s)
{
    const psd_question *question = s->round->question;
    int64_t left_ms = s->round->deadline_ms - psd_clock_mono_ms();
    psd_call_options options = {.timeout_ms = left_ms > 0 ? (uint32_t)left_ms : 1};
    return psd_client_call_async(client, question->method, question->request, &options, arrived, NULL, s,
                                 NULL) == 0;
}

/* ---- over new ones, which take their time: a thread each ---- */

/* Leaves the connection in *CLIENT, NULL when there is none. */
static int ask_anew(const round *r, size_t i, psd_client **client, ProtobufCMessage **response,
                    psd_error *error)
{
    const psd_question *question = r->question;
    const psd_error *lost = &r->answers[i].error; /* over the connection that stood */
    const char *url = r->urls[i];
    int64_t left_ms = r->deadline_ms - psd_clock_mono_ms();
    if (left_ms <= 0 && lost->code != PSD_OK)
        return psd_error_copy(error, lost);
    if (left_ms <= 0)
        return psd_error_set(error, PSD_DEADLINE_EXCEEDED,
                             "not asked: the time was up before its turn came, others did not answer");
    psd_client_options options = {.url = url, .token = question->token, .timeout_ms = (uint32_t)left_ms};
    if (psd_client_open(&options, client, error) < 0)
        return -1;
    left_ms = r->deadline_ms - psd_clock_mono_ms();
    psd_call_options call = {.timeout_ms = left_ms > 0 ? (uint32_t)left_ms : 1};
    return psd_client_call(*client, question->method, question->request, &call, response, error);
}

/* Closes the connection that was lost. */
static void forget(round *r, size_t i)
{
    psd_client *old = NULL;
    if (!r->question->clients)
        return;
    {
        PSD_LOCKED(&r->mutex);
        old = r->question->clients[i];
        r->question->clients[i] = NULL;
        r->kept -= old != NULL;
    }
    psd_client_close(old);
}

/* Leaves the new connection to the caller of psd_ask_many(), if there is room. */
static bool keep(round *r, size_t i, psd_client *client)
{
    PSD_LOCKED(&r->mutex);
    if (!r->question->clients || r->kept >= r->question->keep_most)
        return false;
    r->question->clients[i] = client;
    r->kept++;
    return true;
}

static void connect_and_ask(round *r, size_t i)
{
    psd_client *client = NULL;
    ProtobufCMessage *response = NULL;
    psd_error error = PSD_ERROR_INIT;
    forget(r, i);
    bool is_good = ask_anew(r, i, &client, &response, &error) == 0;
    if (!is_good || !keep(r, i, client))
        psd_client_close(client);
    PSD_LOCKED(&r->mutex);
    settle(r, i, is_good ? response : NULL, &error);
}

/* Some servers, shared out among threads. */
typedef struct batch {
    round *round;
    const size_t *indices;
    size_t count;
    atomic_size_t next;
} batch;

static void *work(void *arg)
{
    batch *b = arg;
    for (size_t i = atomic_fetch_add(&b->next, 1); i < b->count; i = atomic_fetch_add(&b->next, 1))
        connect_and_ask(b->round, b->indices[i]);
    return NULL;
}

/* The caller's thread works, too: without any other one, the servers are asked
 * one after the other. */
static void work_together(batch *b)
{
    pthread_t threads[PSD_ASK_MANY_AT_ONCE - 1];
    size_t started = 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (started + 1 < b->count && started < PSD_ARRAY_SIZE(threads) &&
           pthread_create(&threads[started], &attributes, work, b) == 0)
        started++;
    pthread_attr_destroy(&attributes);
    work(b);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

/* ---- both ---- */

/* Waits until some are left to ask, moves them to INDICES, and returns how many; 0
 * when all have answered. */
static size_t take_left(round *r, size_t *indices)
{
    PSD_LOCKED(&r->mutex);
    while (r->sent > 0 && r->left_count == 0)
        pthread_cond_wait(&r->changed, &r->mutex);
    size_t count = r->left_count;
    memcpy(indices, r->left, count * sizeof(*indices));
    r->left_count = 0;
    return count;
}

static void send_to_all(round *r, sent *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        psd_client *client = r->question->clients ? r->question->clients[i] : NULL;
        all[i] = (sent){r, i};
        {
            PSD_LOCKED(&r->mutex);
            r->sent++;
        }
        if (client && send_over(client, &all[i]))
            continue;
        PSD_LOCKED(&r->mutex);
        r->sent--;
        r->left[r->left_count++] = i;
    }
}

/* A connection that brought no answer is worth nothing. */
static void drop_silent(const psd_question *question, const psd_answer *answers, size_t count)
{
    for (size_t i = 0; question->clients && i < count; i++) {
        if (answers[i].response || !question->clients[i])
            continue;
        psd_client_close(question->clients[i]);
        question->clients[i] = NULL;
    }
}

void psd_ask_many(const psd_question *question, const char *const *urls, size_t count, psd_answer *answers)
{
    uint32_t timeout_ms = question->timeout_ms ? question->timeout_ms : DEFAULT_TIMEOUT_MS;
    PSD_AUTO_FREE size_t *left = calloc(count + 1, sizeof(*left));
    PSD_AUTO_FREE size_t *indices = calloc(count + 1, sizeof(*indices));
    PSD_AUTO_FREE sent *all = calloc(count + 1, sizeof(*all));
    if (!left || !indices || !all)
        abort();
    round r = {.question = question,
               .urls = urls,
               .answers = answers,
               .deadline_ms = psd_clock_mono_ms() + timeout_ms,
               .mutex = PTHREAD_MUTEX_INITIALIZER,
               .changed = PTHREAD_COND_INITIALIZER,
               .left = left};
    for (size_t i = 0; i < count; i++) {
        answers[i] = (psd_answer){.response = NULL};
        r.kept += question->clients && question->clients[i];
    }
    send_to_all(&r, all, count);
    batch b = {.round = &r, .indices = indices};
    while ((b.count = take_left(&r, indices)) > 0) {
        atomic_store(&b.next, 0);
        work_together(&b);
    }
    drop_silent(question, answers, count);
    pthread_cond_destroy(&r.changed);
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
