#include "k8s/api/kube.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "k8s/api/kube_loop.h"
#include "k8s/api/token.h"

enum {
    DEFAULT_TIMEOUT_MS = 10000,
    DEFAULT_SILENCE_MS = 150000,
    RENEW_PERIOD_MS = 20000,
    LONGEST_SLEEP_MS = 600000,
};

typedef struct task {
    psd_kube_task function;
    void *arg;
    struct task *next;
} task;

struct psd_kube {
    psd_kube_credentials credentials;
    psd_kube_options options;
    psd_kube_token token;
    pthread_t thread;

    pthread_mutex_t mutex; /* guards these */
    task *first_task;
    task **last_task;
    bool stopping;

    /* Of the thread; `multi` itself may be woken from any. */
    CURLM *multi;
    psd_kube_exchange *exchanges;
    psd_kube_timer *timers;
    bool performing; /* exchanges must stay: they are being walked through */
    bool renew_wanted;
    int64_t renewed_ms; /* monotonic */
};

const char *psd_kube_server(const psd_kube *kube)
{
    return kube->credentials.server;
}

const char *psd_kube_origin(const psd_kube *kube)
{
    return kube->credentials.origin;
}

const psd_kube_options *psd_kube_get_options(const psd_kube *kube)
{
    return &kube->options;
}

/* ---- tasks and timers ---- */

void psd_kube_post(psd_kube *kube, psd_kube_task function, void *arg)
{
    task *made = malloc(sizeof(*made));
    if (!made)
        abort();
    *made = (task){.function = function, .arg = arg};
    PSD_LOCKED(&kube->mutex);
    *kube->last_task = made;
    kube->last_task = &made->next;
    curl_multi_wakeup(kube->multi);
}

typedef struct errand {
    psd_kube_task function;
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool done;
} errand;

static void run_errand(void *arg)
{
    errand *e = arg;
    e->function(e->arg);
    PSD_LOCKED(&e->mutex);
    e->done = true;
    pthread_cond_signal(&e->changed);
}

void psd_kube_run(psd_kube *kube, psd_kube_task function, void *arg)
{
    errand e = {.function = function,
                .arg = arg,
                .mutex = PTHREAD_MUTEX_INITIALIZER,
                .changed = PTHREAD_COND_INITIALIZER};
    psd_kube_post(kube, run_errand, &e);
    PSD_LOCKED(&e.mutex);
    while (!e.done)
        pthread_cond_wait(&e.changed, &e.mutex);
}

static void run_tasks(psd_kube *kube)
{
    task *list = NULL;
    {
        PSD_LOCKED(&kube->mutex);
        list = kube->first_task;
        kube->first_task = NULL;
        kube->last_task = &kube->first_task;
    }
    while (list) {
        task *next = list->next;
        list->function(list->arg);
        free(list);
        list = next;
    }
}

void psd_kube_timer_clear(psd_kube *kube, psd_kube_timer *timer)
{
    for (psd_kube_timer **at = &kube->timers; *at; at = &(*at)->next) {
        if (*at == timer) {
            *at = timer->next;
            break;
        }
    }
    timer->due_ms = 0;
}

void psd_kube_timer_set(psd_kube *kube, psd_kube_timer *timer, int64_t delay_ms)
{
    psd_kube_timer_clear(kube, timer);
    timer->due_ms = psd_clock_mono_ms() + delay_ms;
    timer->next = kube->timers;
    kube->timers = timer;
}

static psd_kube_timer *due_timer(const psd_kube *kube, int64_t now_ms)
{
    for (psd_kube_timer *timer = kube->timers; timer; timer = timer->next) {
        if (timer->due_ms <= now_ms)
            return timer;
    }
    return NULL;
}

static void run_timers(psd_kube *kube)
{
    int64_t now_ms = psd_clock_mono_ms();
    for (psd_kube_timer *timer = due_timer(kube, now_ms); timer; timer = due_timer(kube, now_ms)) {
        psd_kube_timer_clear(kube, timer);
        timer->fire(timer->arg);
    }
}

static int sleep_ms(const psd_kube *kube)
{
    int64_t now_ms = psd_clock_mono_ms();
    int64_t left = LONGEST_SLEEP_MS;
    for (const psd_kube_timer *timer = kube->timers; timer; timer = timer->next) {
        if (timer->due_ms - now_ms < left)
            left = timer->due_ms - now_ms;
    }
    return left > 0 ? (int)left : 0;
}

/* ---- exchanges ---- */

static void link_exchange(psd_kube_exchange *exchange)
{
    psd_kube *kube = exchange->kube;
    exchange->next = kube->exchanges;
    if (exchange->next)
        exchange->next->previous = exchange;
    kube->exchanges = exchange;
}

static void unlink_exchange(psd_kube_exchange *exchange)
{
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        exchange->kube->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

psd_kube_exchange *psd_kube_exchange_start(psd_kube *kube, const psd_kube_request *request,
                                           const psd_kube_events *events)
{
    uint32_t timeout_ms = request->timeout_ms ? request->timeout_ms : kube->options.timeout_ms;
    const char *token = psd_kube_token_now(&kube->token, &kube->credentials);
    psd_kube_exchange *exchange = psd_kube_exchange_new(kube, &kube->credentials, token, request, timeout_ms,
                                                        events);
    link_exchange(exchange);
    if (curl_multi_add_handle(kube->multi, exchange->easy) != CURLM_OK)
        abort();
    return exchange;
}

static void drop(psd_kube_exchange *exchange)
{
    curl_multi_remove_handle(exchange->kube->multi, exchange->easy);
    unlink_exchange(exchange);
    psd_kube_exchange_free(exchange);
}

void psd_kube_exchange_cancel(psd_kube_exchange *exchange)
{
    exchange->cancelled = true;
    if (!exchange->kube->performing)
        drop(exchange);
}

/* Frees those that were cancelled inside curl, and tells what has finished. */
static void collect_finished(psd_kube *kube)
{
    for (psd_kube_exchange *exchange = kube->exchanges; exchange;) {
        psd_kube_exchange *next = exchange->next;
        if (exchange->cancelled)
            drop(exchange);
        exchange = next;
    }
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(kube->multi, &left); message;
         message = curl_multi_info_read(kube->multi, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        psd_kube_exchange *exchange = NULL;
        bool is_dead = false;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        curl_multi_remove_handle(kube->multi, exchange->easy);
        unlink_exchange(exchange);
        psd_kube_exchange_finish(exchange, code, &is_dead);
        psd_kube_exchange_free(exchange);
        if (is_dead)
            psd_kube_renew(kube, "a request was not answered");
    }
}

void psd_kube_renew(psd_kube *kube, const char *reason)
{
    int64_t now_ms = psd_clock_mono_ms();
    if (kube->renew_wanted || (kube->renewed_ms > 0 && now_ms - kube->renewed_ms < RENEW_PERIOD_MS))
        return;
    kube->renew_wanted = true;
    kube->renewed_ms = now_ms;
    psd_log(PSD_LOG_WARNING, "connection to the API server given up", "server=%s reason=\"%s\"",
            kube->credentials.server, reason);
}

static CURLM *new_multi(void)
{
    CURLM *multi = curl_multi_init();
    if (!multi)
        abort();
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 4L);
    return multi;
}

/* Ends what is under way and drops all connections; done callbacks may start
 * anew on the next ones. */
static void start_over(psd_kube *kube, psd_code code, const char *reason)
{
    CURLM *old = kube->multi;
    psd_kube_exchange *list = kube->exchanges;
    kube->exchanges = NULL;
    kube->renew_wanted = false;
    for (psd_kube_exchange *exchange = list; exchange; exchange = exchange->next)
        curl_multi_remove_handle(old, exchange->easy);
    {
        PSD_LOCKED(&kube->mutex);
        kube->multi = new_multi();
    }
    kube->performing = true;
    while (list) {
        psd_kube_exchange *next = list->next;
        psd_kube_exchange_fail(list, code, reason);
        psd_kube_exchange_free(list);
        list = next;
    }
    kube->performing = false;
    curl_multi_cleanup(old);
}

static bool is_stopping(psd_kube *kube)
{
    PSD_LOCKED(&kube->mutex);
    return kube->stopping;
}

static void *run(void *arg)
{
    psd_kube *kube = arg;
    int running = 0;
    while (!is_stopping(kube)) {
        run_tasks(kube);
        run_timers(kube);
        kube->performing = true;
        curl_multi_perform(kube->multi, &running);
        kube->performing = false;
        collect_finished(kube);
        if (kube->renew_wanted)
            start_over(kube, PSD_UNAVAILABLE, "the connection was given up");
        curl_multi_poll(kube->multi, NULL, 0, sleep_ms(kube), NULL);
    }
    run_tasks(kube);
    start_over(kube, PSD_CANCELLED, "the connection to the API server was closed");
    return NULL;
}

/* ---- life ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int psd_kube_open(psd_kube_credentials *credentials, const psd_kube_options *options, psd_kube **kube,
                  psd_error *error)
{
    pthread_once(&curl_once, init_curl);
    psd_kube *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    made->credentials = *credentials;
    *credentials = (psd_kube_credentials){.origin = NULL};
    if (options)
        made->options = *options;
    if (made->options.timeout_ms == 0)
        made->options.timeout_ms = DEFAULT_TIMEOUT_MS;
    if (made->options.silence_ms == 0)
        made->options.silence_ms = DEFAULT_SILENCE_MS;
    made->last_task = &made->first_task;
    made->multi = new_multi();
    pthread_mutex_init(&made->mutex, NULL);
    if (made->credentials.insecure)
        psd_log(PSD_LOG_WARNING, "the API server's certificate is not checked", "server=%s origin=\"%s\"",
                made->credentials.server, made->credentials.origin);
    int result = pthread_create(&made->thread, NULL, run, made);
    if (result != 0) {
        curl_multi_cleanup(made->multi);
        psd_kube_credentials_free(&made->credentials);
        free(made);
        return psd_error_set_errno(error, result, "cannot start a thread");
    }
    *kube = made;
    return 0;
}

void psd_kube_close(psd_kube *kube)
{
    if (!kube)
        return;
    {
        PSD_LOCKED(&kube->mutex);
        kube->stopping = true;
        curl_multi_wakeup(kube->multi);
    }
    pthread_join(kube->thread, NULL);
    curl_multi_cleanup(kube->multi);
    psd_kube_token_free(&kube->token);
    psd_kube_credentials_free(&kube->credentials);
    pthread_mutex_destroy(&kube->mutex);
    free(kube);
}

/* ---- blocking calls ---- */

typedef struct blocking_call {
    psd_kube *kube;
    const psd_kube_request *request;
    psd_kube_reply reply;
    char *body;
    size_t body_length;
    psd_error error;
    bool done;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} blocking_call;

static void call_done(void *arg, const psd_kube_result *result)
{
    blocking_call *call = arg;
    PSD_LOCKED(&call->mutex);
    call->reply.status = result->status;
    call->reply.retry_after_ms = result->retry_after_ms;
    call->reply.server_time_ms = result->server_time_ms;
    if (result->error)
        call->error = *result->error;
    call->body = strndup(result->body, result->body_length);
    call->body_length = result->body_length;
    call->done = true;
    pthread_cond_signal(&call->changed);
}

static void start_call(void *arg)
{
    blocking_call *call = arg;
    psd_kube_exchange_start(call->kube, call->request, &(psd_kube_events){.done = call_done, .arg = call});
}

static int read_body(blocking_call *call, psd_error *error)
{
    if (!call->body || call->body_length == 0)
        return 0;
    call->reply.body = cJSON_ParseWithLength(call->body, call->body_length);
    if (!call->reply.body && call->error.code == PSD_OK)
        return psd_error_set(error, PSD_DATA_LOSS, "%s %s: the answer is no JSON", call->request->method,
                             call->request->path);
    return 0;
}

int psd_kube_call(psd_kube *kube, const psd_kube_request *request, psd_kube_reply *reply, psd_error *error)
{
    blocking_call call = {.kube = kube,
                          .request = request,
                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .changed = PTHREAD_COND_INITIALIZER};
    psd_kube_post(kube, start_call, &call);
    pthread_mutex_lock(&call.mutex);
    while (!call.done)
        pthread_cond_wait(&call.changed, &call.mutex);
    pthread_mutex_unlock(&call.mutex);
    int result = call.error.code == PSD_OK ? 0 : psd_error_copy(error, &call.error);
    if (read_body(&call, error) < 0)
        result = -1;
    free(call.body);
    if (reply)
        *reply = call.reply;
    else
        cJSON_Delete(call.reply.body);
    return result;
}

void psd_kube_reply_free(psd_kube_reply *reply)
{
    cJSON_Delete(reply->body);
    reply->body = NULL;
}

char *psd_kube_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *copy = escaped ? strdup(escaped) : NULL;
    curl_free(escaped);
    if (!copy)
        abort();
    return copy;
}
