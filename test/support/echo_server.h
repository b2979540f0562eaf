/*
 * echo_server.h - a server of test.v1.EchoService and test.v1.InventoryService
 * inside the test program.
 *
 * Echo and Count answer with the request's text after delay_ms, from another
 * thread when that is not zero. A text "fail CODE TEXT" is answered with that
 * error, "size N" with a text of N bytes. Count counts its runs.
 */
#ifndef PSD_TEST_SUPPORT_ECHO_SERVER_H
#define PSD_TEST_SUPPORT_ECHO_SERVER_H

#include <stdatomic.h>

#include "common/rpc/server.h"
#include "server/store/topic.h"
#include "test/support/inventory.h"

enum { PSD_TEST_URLS = 2 };

typedef struct psd_echo_server {
    /* Set before starting. */
    const char *urls[PSD_TEST_URLS]; /* NULL: not used */
    psd_server_options options;
    uint64_t epoch;
    atomic_uint page_size; /* of inventories; 0: what fits */

    psd_server *server;
    psd_topic *topic;         /* its events go out through the server */
    atomic_uint echo_runs;    /* begun */
    atomic_uint count_runs;   /* begun */
    atomic_uint late_answers; /* given from another thread */
    atomic_uint pages;        /* answered */
    /* When not 0, the topic changes after so many answered pages. */
    atomic_uint change_after_pages;
    atomic_bool mute; /* events are dropped instead of sent */
} psd_echo_server;

/* Starts, or ends the program. */
void psd_echo_server_start(psd_echo_server *echo);
/* As psd_echo_server_start, but tells why it failed; nothing is left then. */
int psd_echo_server_try(psd_echo_server *echo, psd_error *error) PSD_MUST_CHECK;

/* Stops and frees; the counters stay. */
void psd_echo_server_stop(psd_echo_server *echo, uint32_t grace_ms);

/* Publishes COUNT items with VALUE. */
void psd_echo_server_publish(psd_echo_server *echo, size_t count, unsigned value);

#endif
