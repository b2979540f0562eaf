/*
 * scanner.h - the frame that every scanner runs in.
 *
 * A scanner type is one descriptor. Each running scanner has a thread of its
 * own, so that a stuck disk or host stops nobody else. What it sees goes to a
 * sink (in the daemon: a topic of the store; in tests: a list to look at).
 *
 * A scanner is called when its pause is over, when somebody asks, when it is
 * woken, and when its descriptor is readable. One that lives on events alone
 * pauses for PSD_SCANNER_NEVER and sleeps without any timer.
 */
#ifndef PSD_SERVER_SCAN_SCANNER_H
#define PSD_SERVER_SCAN_SCANNER_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* What a look saw, given to the sink: a complete one, or an older one that says so. */
typedef struct psd_look {
    /* The resource with its `observation` left NULL; borrowed, the sink copies
     * what it keeps. Keyed lists are sorted. */
    const ProtobufCMessage *resource;
    /* When everything in it had been looked at, Unix ms. Zero, with a stale_reason:
     * never. It becomes UNKNOWN then, and is published all the same: it may name
     * what there is to look for. */
    int64_t observed_at_ms;
    /* What the host keeps from being seen; one line each. */
    const char *const *limitations;
    size_t limitation_count;
    /* Why it is older than it should be, one line: it becomes STALE, or UNKNOWN. NULL:
     * it is FRESH. */
    const char *stale_reason;
} psd_look;

typedef struct psd_sink {
    /* Publishes a look. Never call it with half of one. */
    int (*publish)(void *arg, const psd_look *look, psd_error *error);
    void *arg;
} psd_sink;

typedef struct psd_scan_request {
    int64_t deadline_ms; /* monotonic ms after which the scan must give up */
    bool asked;          /* somebody waits for a complete look: no short cut */
} psd_scan_request;

/* A pause that only an event, a question or a wake-up ends. */
enum { PSD_SCANNER_NEVER = -1 };

typedef struct psd_scanner_type {
    const char *name; /* "port" */

    /* Makes *STATE from SETTINGS (the scanner's own struct, borrowed until
     * fini). Runs before the scanner's thread exists. */
    int (*init)(const void *settings, void **state, psd_error *error);

    /* Looks once and publishes to SINK at most once. On -1 nothing was
     * published, and what was seen before stays and becomes STALE; or what was
     * published says so itself, with the error's text as its stale_reason. Always sets
     * *NEXT_MS, the pause until the next call, or PSD_SCANNER_NEVER. Runs on the
     * scanner's thread. */
    int (*scan)(void *state, const psd_scan_request *request, const psd_sink *sink, int64_t *next_ms,
                psd_error *error);

    /* The descriptor to wait for beside the pause, or -1 when there is none at
     * present; looked at before each wait, on the scanner's thread. While it is
     * readable or has an error, scans follow each other: each one must read what
     * is there. NULL: there never is one. */
    int (*descriptor)(void *state);

    /* Makes a running scan give up soon, and all later ones; from any thread, more
     * than once. NULL: scans are always short. */
    void (*stop)(void *state);

    /* Frees the state, after the thread has ended. */
    void (*fini)(void *state);
} psd_scanner_type;

typedef struct psd_scanner psd_scanner;

/* The frame reports each scan's end. ERROR is NULL after a complete one. Runs
 * on the scanner's thread, after the sink. */
typedef void (*psd_scan_ended)(void *arg, int64_t duration_us, const psd_error *error);

/* Makes the state and starts the thread; the first scan follows at once. ENDED may
 * be NULL. */
int psd_scanner_start(const psd_scanner_type *type, const void *settings, const psd_sink *sink,
                      psd_scan_ended ended, void *ended_arg, psd_scanner **scanner,
                      psd_error *error) PSD_MUST_CHECK;

/* Calls DONE once, on the scanner's thread, after the next scan that starts
 * after this call; ERROR is NULL when it was complete. Requests that wait
 * share one scan. When the scanner stops first, ERROR is CANCELLED. Returns the
 * number of that scan, the same for all that share it and another one for each
 * scan. Zero: out of memory, DONE is not called. */
typedef void (*psd_scan_done)(void *arg, const psd_error *error);
uint64_t psd_scanner_ask(psd_scanner *scanner, psd_scan_done done, void *arg);

/* The number that psd_scanner_ask() would return now. */
uint64_t psd_scanner_next(psd_scanner *scanner);

/* Makes the next scan follow at once; from any thread, waits for nothing. */
void psd_scanner_wake(psd_scanner *scanner);

/* Makes a running scan give up soon, and all later ones: who has asked hears it now.
 * psd_scanner_stop() is to follow. */
void psd_scanner_interrupt(psd_scanner *scanner);

/* Stops the thread, waits for it, frees everything. NULL is ignored. */
void psd_scanner_stop(psd_scanner *scanner);

#endif
