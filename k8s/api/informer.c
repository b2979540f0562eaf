#include "k8s/api/informer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/failure_log.h"
#include "common/log.h"
#include "common/text.h"
#include "common/thread.h"
#include "k8s/api/kube_loop.h"
#include "k8s/api/watch_events.h"

enum {
    PAGE_SIZE = 500,
    RETRY_FIRST_MS = 250,
    RETRY_MOST_MS = 15000,
    WATCH_LASTED_MS = 10000, /* one that ends sooner counts as another failure */
    WATCH_LEAST_S = 1800,    /* the server ends a watch after a random time from here */
    WATCH_SPREAD_S = 1800,
};

struct psd_informer {
    psd_kube *kube;
    char *what;
    char *path;
    char *selector; /* "fieldSelector=…&labelSelector=…&", escaped; "" for none */
    void (*changed)(void *arg);
    void *changed_arg;

    /* Of the thread of the psd_kube. */
    psd_kube_exchange *exchange; /* NULL while it pauses */
    psd_kube_timer retry;
    psd_kube_timer silence;
    bool watching;                /* the exchange is a watch */
    char *version;                /* resourceVersion to go on from; NULL: list */
    cJSON *listed;                /* objects of the list so far */
    char *more;                   /* continue token */
    psd_kube_watch_events events; /* of the watch */
    unsigned attempt;
    unsigned expiries;  /* in a row */
    int64_t started_ms; /* the watch; monotonic */
    bool expired;       /* the watch was told 410 in its stream */
    psd_failure_log log;

    pthread_mutex_t mutex; /* guards all below */
    cJSON *objects;
    bool synced;
    bool current;
    psd_error failure;
    int64_t lost_ms; /* monotonic: when it last ceased to be current */
    int64_t read_at_ms;
    psd_informer_stats stats;
};

static void begin(psd_informer *informer);

/* ---- what others see ---- */

void psd_informer_read(psd_informer *informer, void (*read)(void *arg, const psd_informer_view *view),
                       void *arg)
{
    PSD_LOCKED(&informer->mutex);
    read(arg, &(psd_informer_view){
                  .synced = informer->synced,
                  .current = informer->current,
                  .reason = informer->current ? "" : informer->failure.text,
                  .code = informer->current ? PSD_OK : informer->failure.code,
                  .lost_for_ms = informer->current ? 0 : psd_clock_mono_ms() - informer->lost_ms + 1,
                  .read_at_ms = informer->read_at_ms,
                  .objects = informer->objects});
}

const char *psd_informer_what(const psd_informer *informer)
{
    return informer->what;
}

psd_informer_stats psd_informer_get_stats(psd_informer *informer)
{
    PSD_LOCKED(&informer->mutex);
    return informer->stats;
}

/* ---- objects ---- */

static bool is_object(const cJSON *a, const cJSON *b)
{
    return psd_json_same_string(psd_json_at(a, "metadata/name"), psd_json_at(b, "metadata/name")) &&
           psd_json_same_string(psd_json_at(a, "metadata/namespace"), psd_json_at(b, "metadata/namespace"));
}

/* Takes OBJECT in place of the one of its name, or removes that one. */
static void replace_object(psd_informer *informer, cJSON *object, bool removed)
{
    PSD_LOCKED(&informer->mutex);
    for (cJSON *old = informer->objects->child; old; old = old->next) {
        if (is_object(old, object)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(informer->objects, old));
            break;
        }
    }
    if (removed)
        cJSON_Delete(object);
    else
        cJSON_AddItemToArray(informer->objects, object);
    informer->read_at_ms = psd_clock_unix_ms();
}

static void set_version(psd_informer *informer, const char *version)
{
    char *copy = version ? strdup(version) : NULL;
    if (version && !copy)
        abort();
    free(informer->version);
    informer->version = copy;
}

/* ---- failures ---- */

static void set_current(psd_informer *informer)
{
    if (psd_failure_is_over(&informer->log))
        psd_log(PSD_LOG_INFO, "watching again", "object=\"%s\"", informer->what);
    {
        PSD_LOCKED(&informer->mutex);
        informer->current = true;
        informer->synced = true;
        informer->read_at_ms = psd_clock_unix_ms();
    }
    informer->changed(informer->changed_arg);
}

static void fail(psd_informer *informer, const psd_error *error, int64_t retry_after_ms)
{
    int64_t pause_ms = psd_backoff_ms(informer->attempt++, RETRY_FIRST_MS, RETRY_MOST_MS);
    if (pause_ms < retry_after_ms)
        pause_ms = retry_after_ms;
    if (psd_failure_is_new(&informer->log, error))
        psd_log(PSD_LOG_WARNING, "cannot watch", "object=\"%s\" reason=\"%s\"", informer->what, error->text);
    {
        PSD_LOCKED(&informer->mutex);
        informer->stats.failures++;
        if (informer->current)
            informer->lost_ms = psd_clock_mono_ms();
        informer->current = false;
        informer->failure = *error;
    }
    psd_kube_timer_set(informer->kube, &informer->retry, pause_ms);
    informer->changed(informer->changed_arg);
}

static void forget_list(psd_informer *informer)
{
    cJSON_Delete(informer->listed);
    informer->listed = NULL;
    free(psd_take(informer->more));
}

static void retry(void *arg)
{
    begin(arg);
}

/* ---- list ---- */

/* Moves the objects of a page to the list; false when it is no list. */
static bool take_page(psd_informer *informer, cJSON *page)
{
    cJSON *items = psd_json_at(page, "items");
    if (!cJSON_IsArray(items) || !psd_json_string(page, "metadata/resourceVersion"))
        return false;
    if (!informer->listed && !(informer->listed = cJSON_CreateArray()))
        abort();
    while (items->child)
        cJSON_AddItemToArray(informer->listed, cJSON_DetachItemViaPointer(items, items->child));
    const char *more = psd_json_string(page, "metadata/continue");
    free(informer->more);
    informer->more = more && more[0] ? strdup(more) : NULL;
    if (more && more[0] && !informer->more)
        abort(); /* or half a list would pass for a whole one */
    return true;
}

static void adopt_list(psd_informer *informer, const char *version)
{
    set_version(informer, version);
    {
        PSD_LOCKED(&informer->mutex);
        cJSON_Delete(informer->objects);
        informer->objects = psd_take(informer->listed);
    }
    forget_list(informer);
    set_current(informer);
}

static void list_done(void *arg, const psd_kube_result *result)
{
    psd_informer *informer = arg;
    informer->exchange = NULL;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_JSON cJSON *page = result->error ? NULL
                                              : cJSON_ParseWithLength(result->body, result->body_length);
    if (result->error)
        error = *result->error;
    else if (!page || !take_page(informer, page))
        psd_error_set(&error, PSD_DATA_LOSS, "GET %s: the answer is no list", informer->path);
    if (error.code != PSD_OK) {
        forget_list(informer); /* 410: the pages' version is gone, too */
        fail(informer, &error, result->retry_after_ms);
        return;
    }
    if (!informer->more)
        adopt_list(informer, psd_json_string(page, "metadata/resourceVersion"));
    begin(informer);
}

static void start_list(psd_informer *informer)
{
    PSD_AUTO_TEXT query = PSD_TEXT_INIT;
    psd_text_printf(&query, "%slimit=%d", informer->selector, PAGE_SIZE);
    if (informer->more) {
        PSD_AUTO_FREE char *token = psd_kube_escape(informer->more);
        psd_text_printf(&query, "&continue=%s", token);
    }
    psd_kube_request request = {.method = "GET", .path = informer->path, .query = psd_text_string(&query)};
    psd_kube_events events = {.done = list_done, .arg = informer};
    {
        PSD_LOCKED(&informer->mutex);
        informer->stats.lists++;
    }
    informer->watching = false;
    informer->exchange = psd_kube_exchange_start(informer->kube, &request, &events);
}

/* ---- watch ---- */

/* A server that lives sends a bookmark each minute. */
static void silent(void *arg)
{
    psd_informer *informer = arg;
    if (!informer->watching || !informer->exchange)
        return;
    psd_kube_exchange_cancel(psd_take(informer->exchange));
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_UNAVAILABLE, "the watch was silent for too long");
    fail(informer, &error, 0);
    psd_kube_renew(informer->kube, "a watch was silent for too long");
}

static void heard(psd_informer *informer)
{
    psd_kube_timer_set(informer->kube, &informer->silence, psd_kube_get_options(informer->kube)->silence_ms);
}

static void apply_error(psd_informer *informer, const cJSON *status)
{
    informer->expired = psd_json_integer(status, "code", 0) == 410;
    if (informer->expired)
        psd_log(PSD_LOG_INFO, "watch expired, listing anew", "object=\"%s\"", informer->what);
    else
        psd_log(PSD_LOG_WARNING, "watch ended by the API server", "object=\"%s\" reason=\"%s\"",
                informer->what,
                psd_json_string(status, "message") ? psd_json_string(status, "message") : "not told");
    set_version(informer, NULL);
}

static void apply_event(void *arg, psd_kube_watch_event *event)
{
    psd_informer *informer = arg;
    if (event->type == PSD_KUBE_ERROR) {
        apply_error(informer, event->object);
        return;
    }
    set_version(informer, event->version);
    if (event->type == PSD_KUBE_BOOKMARK)
        return;
    replace_object(informer, psd_take(event->object), event->type == PSD_KUBE_DELETED);
    informer->changed(informer->changed_arg);
}

static void watch_opened(void *arg)
{
    set_current(arg);
    heard(arg);
}

/* Failures in a row count, and a watch that worked for a while ends the row. */
static void forget_attempts(psd_informer *informer)
{
    if (psd_clock_mono_ms() - informer->started_ms > WATCH_LASTED_MS)
        informer->attempt = informer->expiries = 0;
}

static void watch_data(void *arg, const char *bytes, size_t length)
{
    psd_informer *informer = arg;
    psd_error error = PSD_ERROR_INIT;
    heard(informer);
    if (psd_kube_watch_events_feed(&informer->events, bytes, length, apply_event, informer, &error) == 0)
        return;
    psd_kube_exchange_cancel(psd_take(informer->exchange));
    psd_kube_timer_clear(informer->kube, &informer->silence);
    set_version(informer, NULL); /* nobody knows what that event said: list anew */
    forget_attempts(informer);
    fail(informer, &error, 0);
}

/* The copy may be behind until it has been listed anew. That is not put off by the
 * failures before: the way to the server is there. */
static void list_after_expiry(psd_informer *informer)
{
    set_version(informer, NULL);
    {
        PSD_LOCKED(&informer->mutex);
        if (informer->current)
            informer->lost_ms = psd_clock_mono_ms();
        informer->current = false;
        psd_error_set(&informer->failure, PSD_OUT_OF_RANGE, "%s: the watch expired", informer->what);
    }
    psd_kube_timer_set(informer->kube, &informer->retry,
                       psd_backoff_ms(informer->expiries++, RETRY_FIRST_MS, RETRY_MOST_MS));
    informer->changed(informer->changed_arg);
}

/* A watch ends by itself now and then; what was cut off is sent again, since
 * the version that follows from whole events is where the next one begins. */
static void watch_done(void *arg, const psd_kube_result *result)
{
    psd_informer *informer = arg;
    informer->exchange = NULL;
    psd_kube_timer_clear(informer->kube, &informer->silence);
    forget_attempts(informer);
    if (result->error && result->error->code == PSD_OUT_OF_RANGE)
        informer->expired = true;
    if (informer->expired) {
        list_after_expiry(informer);
        return;
    }
    if (result->error) {
        fail(informer, result->error, result->retry_after_ms);
        return;
    }
    /* Not at once: a server that ends each watch must not be asked in a loop. */
    psd_kube_timer_set(informer->kube, &informer->retry,
                       psd_backoff_ms(informer->attempt++, RETRY_FIRST_MS, RETRY_MOST_MS));
}

static void start_watch(psd_informer *informer)
{
    PSD_AUTO_TEXT query = PSD_TEXT_INIT;
    PSD_AUTO_FREE char *version = psd_kube_escape(informer->version);
    psd_text_printf(&query, "%swatch=true&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%u",
                    informer->selector, version, WATCH_LEAST_S + arc4random_uniform(WATCH_SPREAD_S));
    psd_kube_request request = {
        .method = "GET", .path = informer->path, .query = psd_text_string(&query), .timeout_ms = UINT32_MAX};
    psd_kube_events events = {
        .opened = watch_opened, .data = watch_data, .done = watch_done, .arg = informer};
    {
        PSD_LOCKED(&informer->mutex);
        informer->stats.watches++;
    }
    informer->watching = true;
    informer->started_ms = psd_clock_mono_ms();
    informer->expired = false;
    psd_kube_watch_events_reset(&informer->events); /* the last watch may have ended in an event */
    informer->exchange = psd_kube_exchange_start(informer->kube, &request, &events);
    heard(informer);
}

static void begin(psd_informer *informer)
{
    psd_kube_timer_clear(informer->kube, &informer->retry);
    if (informer->version)
        start_watch(informer);
    else
        start_list(informer);
}

/* ---- life ---- */

static void start_on_thread(void *arg)
{
    begin(arg);
}

static void add_selector(psd_text *query, const char *name, const char *value)
{
    if (!value)
        return;
    PSD_AUTO_FREE char *escaped = psd_kube_escape(value);
    psd_text_printf(query, "%s=%s&", name, escaped);
}

int psd_informer_start(psd_kube *kube, const psd_informer_options *options, psd_informer **informer,
                       psd_error *error)
{
    psd_informer *made = calloc(1, sizeof(*made));
    PSD_AUTO_TEXT selector = PSD_TEXT_INIT;
    add_selector(&selector, "fieldSelector", options->field_selector);
    add_selector(&selector, "labelSelector", options->label_selector);
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_informer){.kube = kube,
                           .what = strdup(options->what),
                           .path = strdup(options->path),
                           .selector = strdup(psd_text_string(&selector)),
                           .changed = options->changed,
                           .changed_arg = options->arg,
                           .retry = {.fire = retry, .arg = made},
                           .silence = {.fire = silent, .arg = made},
                           .objects = cJSON_CreateArray()};
    made->lost_ms = psd_clock_mono_ms();
    psd_error_set(&made->failure, PSD_UNAVAILABLE, "%s: not read yet", options->what);
    pthread_mutex_init(&made->mutex, NULL);
    if (!made->what || !made->path || !made->selector || !made->objects)
        abort();
    psd_kube_post(kube, start_on_thread, made);
    *informer = made;
    return 0;
}

static void stop_on_thread(void *arg)
{
    psd_informer *informer = arg;
    psd_kube_timer_clear(informer->kube, &informer->retry);
    psd_kube_timer_clear(informer->kube, &informer->silence);
    if (informer->exchange)
        psd_kube_exchange_cancel(psd_take(informer->exchange));
}

void psd_informer_stop(psd_informer *informer)
{
    if (!informer)
        return;
    psd_kube_run(informer->kube, stop_on_thread, informer);
    forget_list(informer);
    psd_kube_watch_events_free(&informer->events);
    cJSON_Delete(informer->objects);
    pthread_mutex_destroy(&informer->mutex);
    free(informer->version);
    free(informer->what);
    free(informer->path);
    free(informer->selector);
    free(informer);
}
