#include "server/scan/scanner.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/thread.h"

enum { SCAN_DEADLINE_MS = 10000 };

typedef struct question {
    psd_scan_done done;
    void *arg;
    struct question *next;
} question;

struct psd_scanner {
    const psd_scanner_type *type;
    void *state;
    psd_sink sink;
    psd_scan_ended ended;
    void *ended_arg;
    pthread_t thread;
    int bell; /* eventfd, readable when something below has changed */

    pthread_mutex_t mutex; /* guards all below */
    bool stopping;
    bool woken;
    uint64_t scans;  /* begun */
    question *asked; /* not yet taken by a scan */
};

static void answer(question *list, const psd_error *error)
{
    while (list) {
        question *next = list->next;
        list->done(list->arg, error);
        free(list);
        list = next;
    }
}

static void ring(const psd_scanner *scanner)
{
    eventfd_write(scanner->bell, 1); /* fails only when it has been rung for ages */
}

static question *take_questions(psd_scanner *scanner)
{
    PSD_LOCKED(&scanner->mutex);
    scanner->scans++;
    question *taken = scanner->asked;
    scanner->asked = NULL;
    return taken;
}

/* One scan; returns the pause after it. */
static int64_t scan_once(psd_scanner *scanner)
{
    question *questions = take_questions(scanner);
    psd_scan_request request = {.deadline_ms = psd_clock_mono_ms() + SCAN_DEADLINE_MS,
                                .asked = questions != NULL};
    psd_error error = PSD_ERROR_INIT;
    int64_t pause_ms = 1000;
    int64_t begin_us = psd_clock_mono_us();
    int result = scanner->type->scan(scanner->state, &request, &scanner->sink, &pause_ms, &error);
    const psd_error *outcome = result < 0 ? &error : NULL;
    if (scanner->ended)
        scanner->ended(scanner->ended_arg, psd_clock_mono_us() - begin_us, outcome);
    answer(questions, outcome);
    return pause_ms;
}

/* What somebody wants; *NOW: a scan at once. False: the end. */
static bool read_wishes(psd_scanner *scanner, bool *now)
{
    PSD_LOCKED(&scanner->mutex);
    *now = scanner->woken || scanner->asked;
    scanner->woken = false;
    return !scanner->stopping;
}

/* Milliseconds for poll; -1 when the scan is never due by itself. */
static int time_left(int64_t due_ms)
{
    if (due_ms == INT64_MAX)
        return -1;
    int64_t left = due_ms - psd_clock_mono_ms();
    return left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/* Waits until the next scan is due. False when there is none. */
static bool wait_for_turn(psd_scanner *scanner, int64_t due_ms)
{
    struct pollfd sources[] = {
        {.fd = scanner->bell, .events = POLLIN},
        {.fd = scanner->type->descriptor ? scanner->type->descriptor(scanner->state) : -1, .events = POLLIN},
    };
    for (;;) {
        bool now = false;
        if (!read_wishes(scanner, &now))
            return false;
        int left = time_left(due_ms);
        if (now || left == 0)
            return true;
        int ready = poll(sources, PSD_ARRAY_SIZE(sources), left);
        if (ready > 0 && sources[1].revents)
            return read_wishes(scanner, &now);
        eventfd_t count = 0;
        if (ready > 0 && sources[0].revents)
            eventfd_read(scanner->bell, &count);
    }
}

/* For those who look at the threads of the daemon; the kernel keeps 15 bytes. */
static void name_thread(const char *name)
{
    char text[16];
    snprintf(text, sizeof(text), "scan-%s", name);
    pthread_setname_np(pthread_self(), text);
}

static void *run(void *arg)
{
    psd_scanner *scanner = arg;
    name_thread(scanner->type->name);
    int64_t due_ms = psd_clock_mono_ms();
    while (wait_for_turn(scanner, due_ms)) {
        int64_t pause_ms = scan_once(scanner);
        due_ms = pause_ms == PSD_SCANNER_NEVER ? INT64_MAX : psd_clock_mono_ms() + pause_ms;
    }
    return NULL;
}

/* Frees what psd_scanner_start made before the thread. */
static void discard(psd_scanner *scanner)
{
    scanner->type->fini(scanner->state);
    pthread_mutex_destroy(&scanner->mutex);
    close(scanner->bell);
    free(scanner);
}

int psd_scanner_start(const psd_scanner_type *type, const void *settings, const psd_sink *sink,
                      psd_scan_ended ended, void *ended_arg, psd_scanner **scanner, psd_error *error)
{
    psd_scanner *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_scanner){.type = type,
                          .sink = *sink,
                          .ended = ended,
                          .ended_arg = ended_arg,
                          .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (made->bell < 0) {
        int reason = errno;
        free(made);
        return psd_error_set_errno(error, reason, "scanner '%s': cannot make an eventfd", type->name);
    }
    if (type->init(settings, &made->state, error) < 0) {
        close(made->bell);
        free(made);
        return psd_error_prefix(error, "scanner '%s'", type->name);
    }
    pthread_mutex_init(&made->mutex, NULL);
    int result = pthread_create(&made->thread, NULL, run, made);
    if (result != 0) {
        discard(made);
        return psd_error_set_errno(error, result, "scanner '%s': cannot start a thread", type->name);
    }
    *scanner = made;
    return 0;
}

uint64_t psd_scanner_ask(psd_scanner *scanner, psd_scan_done done, void *arg)
{
    question *asked = malloc(sizeof(*asked));
    if (!asked)
        return 0;
    *asked = (question){.done = done, .arg = arg};
    PSD_LOCKED(&scanner->mutex);
    asked->next = scanner->asked;
    scanner->asked = asked;
    ring(scanner);
    return scanner->scans + 1;
}

uint64_t psd_scanner_next(psd_scanner *scanner)
{
    PSD_LOCKED(&scanner->mutex);
    return scanner->scans + 1;
}

void psd_scanner_wake(psd_scanner *scanner)
{
    PSD_LOCKED(&scanner->mutex);
    scanner->woken = true;
    ring(scanner);
}

void psd_scanner_interrupt(psd_scanner *scanner)
{
    if (scanner->type->stop)
        scanner->type->stop(scanner->state);
}

void psd_scanner_stop(psd_scanner *scanner)
{
    if (!scanner)
        return;
    pthread_mutex_lock(&scanner->mutex);
    scanner->stopping = true;
    ring(scanner);
    pthread_mutex_unlock(&scanner->mutex);
    psd_scanner_interrupt(scanner);
    pthread_join(scanner->thread, NULL);
    psd_error cancelled = PSD_ERROR_INIT;
    psd_error_set(&cancelled, PSD_CANCELLED, "the agent stops");
    answer(take_questions(scanner), &cancelled);
    discard(scanner);
}
