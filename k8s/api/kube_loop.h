/*
 * kube_loop.h - the thread of a psd_kube, for those that live on it. Internal
 * to k8s/api. All functions but psd_kube_post() are for that thread.
 */
#ifndef PSD_K8S_API_KUBE_LOOP_H
#define PSD_K8S_API_KUBE_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>

#include "k8s/api/kube.h"

/* Runs FUNCTION on the thread, soon. Any thread. Tasks run in order, and all of
 * them before psd_kube_close() returns. */
typedef void (*psd_kube_task)(void *arg);
void psd_kube_post(psd_kube *kube, psd_kube_task function, void *arg);

/* As psd_kube_post(), but returns when FUNCTION has. Any other thread. */
void psd_kube_run(psd_kube *kube, psd_kube_task function, void *arg);

/* A timer inside its owner. */
typedef struct psd_kube_timer {
    void (*fire)(void *arg);
    void *arg;
    int64_t due_ms; /* monotonic; 0: not set */
    struct psd_kube_timer *next;
} psd_kube_timer;

/* (Re)starts TIMER. */
void psd_kube_timer_set(psd_kube *kube, psd_kube_timer *timer, int64_t delay_ms);
void psd_kube_timer_clear(psd_kube *kube, psd_kube_timer *timer);

/* One request under way. */
typedef struct psd_kube_exchange psd_kube_exchange;

typedef struct psd_kube_result {
    long status; /* of HTTP; 0: there was no answer */
    int64_t retry_after_ms;
    int64_t server_time_ms;
    const char *body; /* what DATA did not take; "" when there is none */
    size_t body_length;
    const psd_error *error; /* NULL when status is 2xx and the body is whole */
} psd_kube_result;

typedef struct psd_kube_events {
    /* The server has begun to answer with 200. May be NULL. */
    void (*opened)(void *arg);
    /* Bytes of a 200 answer as they come. NULL: they are collected. */
    void (*data)(void *arg, const char *bytes, size_t length);
    /* Once, unless cancelled. The exchange is gone afterwards. */
    void (*done)(void *arg, const psd_kube_result *result);
    void *arg;
} psd_kube_events;

/* Copies REQUEST. A timeout_ms of UINT32_MAX is none. */
psd_kube_exchange *psd_kube_exchange_start(psd_kube *kube, const psd_kube_request *request,
                                           const psd_kube_events *events);

/* No callback follows. May be called from `data` and `done` of any exchange. */
void psd_kube_exchange_cancel(psd_kube_exchange *exchange);

/* The connections are suspected to be dead: end all exchanges with UNAVAILABLE
 * and connect anew; not more often than every 20 seconds. */
void psd_kube_renew(psd_kube *kube, const char *reason);

const psd_kube_options *psd_kube_get_options(const psd_kube *kube);

/* ---- between kube.c and exchange.c ---- */

struct psd_kube_exchange {
    psd_kube *kube;
    psd_kube_events events;
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *connect_to; /* NULL: where the url says */
    char *sent;                    /* copy of the body */
    char *what;                    /* "GET /api/v1/nodes/n1" */
    char *collected;
    size_t collected_length;
    bool too_large;
    bool cancelled;
    int64_t retry_after_ms;
    int64_t server_time_ms;
    char curl_text[CURL_ERROR_SIZE];
    psd_kube_exchange *next;
    psd_kube_exchange *previous;
};

/* Makes the curl handle; aborts when out of memory. */
psd_kube_exchange *psd_kube_exchange_new(psd_kube *kube, const psd_kube_credentials *credentials,
                                         const char *token, const psd_kube_request *request,
                                         uint32_t timeout_ms, const psd_kube_events *events);
void psd_kube_exchange_free(psd_kube_exchange *exchange);

/* Tells the outcome to `done`; sets *IS_DEAD when the connection did not answer. */
void psd_kube_exchange_finish(psd_kube_exchange *exchange, CURLcode code, bool *is_dead);
/* The same with an error of the loop's. */
void psd_kube_exchange_fail(psd_kube_exchange *exchange, psd_code code, const char *reason);

#endif
