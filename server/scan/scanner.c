#include "server/scan/scanner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
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

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    bool stopping;
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

static question *take_questions(psd_scanner *scanner)
{
    PSD_LOCKED(&scanner->mutex);
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
    scanner->ended(scanner->ended_arg, psd_clock_mono_us() - begin_us, outcome);
    answer(questions, outcome);
    return pause_ms;
}

/* Waits until the next scan is due. False when there is none. */
static bool wait_for_turn(psd_scanner *scanner, int64_t due_ms)
{
    PSD_LOCKED(&scanner->mutex);
    while (!scanner->stopping && !scanner->asked) {
        if (!psd_cond_wait_until(&scanner->changed, &scanner->mutex, due_ms))
            break;
    }
    return !scanner->stopping;
}

static void *run(void *arg)
{
    psd_scanner *scanner = arg;
    int64_t due_ms = psd_clock_mono_ms();
    while (wait_for_turn(scanner, due_ms))
        due_ms = psd_clock_mono_ms() + scan_once(scanner);
    return NULL;
}

int psd_scanner_start(const psd_scanner_type *type, const void *settings, const psd_sink *sink,
                      psd_scan_ended ended, void *ended_arg, psd_scanner **scanner, psd_error *error)
{
    psd_scanner *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_scanner){.type = type, .sink = *sink, .ended = ended, .ended_arg = ended_arg};
    if (type->init(settings, &made->state, error) < 0) {
        free(made);
        return psd_error_prefix(error, "scanner '%s'", type->name);
    }
    pthread_mutex_init(&made->mutex, NULL);
    psd_cond_init(&made->changed);
    int result = pthread_create(&made->thread, NULL, run, made);
    if (result != 0) {
        type->fini(made->state);
        free(made);
        return psd_error_set_errno(error, result, "scanner '%s': cannot start a thread", type->name);
    }
    *scanner = made;
    return 0;
}

void psd_scanner_ask(psd_scanner *scanner, psd_scan_done done, void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    question *asked = malloc(sizeof(*asked));
    if (!asked) {
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
        done(arg, &error);
        return;
    }
    *asked = (question){.done = done, .arg = arg};
    PSD_LOCKED(&scanner->mutex);
    asked->next = scanner->asked;
    scanner->asked = asked;
    pthread_cond_broadcast(&scanner->changed);
}

void psd_scanner_stop(psd_scanner *scanner)
{
    if (!scanner)
        return;
    pthread_mutex_lock(&scanner->mutex);
    scanner->stopping = true;
    pthread_cond_broadcast(&scanner->changed);
    pthread_mutex_unlock(&scanner->mutex);
    if (scanner->type->stop)
        scanner->type->stop(scanner->state);
    pthread_join(scanner->thread, NULL);
    psd_error cancelled = PSD_ERROR_INIT;
    psd_error_set(&cancelled, PSD_CANCELLED, "the agent stops");
    answer(take_questions(scanner), &cancelled);
    scanner->type->fini(scanner->state);
    pthread_cond_destroy(&scanner->changed);
    pthread_mutex_destroy(&scanner->mutex);
    free(scanner);
}
