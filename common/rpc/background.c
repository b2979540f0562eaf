#include "common/rpc/background.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/thread.h"

enum { MAX_RUNNING = 8 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_cond_t ended;
static unsigned running;

static void init(void)
{
    psd_cond_init(&ended);
}

typedef struct job {
    void (*work)(void *arg);
    void *arg;
} job;

static void *run(void *arg)
{
    job todo = *(job *)arg;
    free(arg);
    todo.work(todo.arg);
    PSD_LOCKED(&mutex);
    running--;
    pthread_cond_broadcast(&ended);
    return NULL;
}

static int start(job *todo, psd_error *error)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    int result = pthread_create(&thread, &attributes, run, todo);
    pthread_attr_destroy(&attributes);
    return result ? psd_error_set_errno(error, result, "cannot start a thread") : 0;
}

int psd_background_run(void (*work)(void *arg), void *arg, psd_error *error)
{
    pthread_once(&once, init);
    PSD_LOCKED(&mutex);
    if (running == MAX_RUNNING)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "%d such requests run already: try again",
                             MAX_RUNNING);
    job *todo = malloc(sizeof(*todo));
    if (!todo)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *todo = (job){work, arg};
    if (start(todo, error) < 0) {
        free(todo);
        return -1;
    }
    running++;
    return 0;
}

/* A call with the one who answers it. */
typedef struct question {
    psd_call *call;
    void (*answer)(psd_call *call, void *arg);
    void *arg;
} question;

static void answer_question(void *arg)
{
    question asked = *(question *)arg;
    free(arg);
    asked.answer(asked.call, asked.arg);
}

void psd_background_answer(psd_call *call, void (*answer)(psd_call *call, void *arg), void *arg)
{
    psd_error error = PSD_ERROR_INIT;
    question *asked = malloc(sizeof(*asked));
    if (asked)
        *asked = (question){call, answer, arg};
    else
        psd_error_set(&error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (!asked || psd_background_run(answer_question, asked, &error) < 0) {
        free(asked);
        psd_call_fail(call, &error);
    }
}

void psd_background_wait(void)
{
    PSD_LOCKED(&mutex);
    while (running > 0)
        pthread_cond_wait(&ended, &mutex);
}

bool psd_background_wait_for(int64_t most_ms)
{
    int64_t end_ms = psd_clock_mono_ms() + most_ms;
    PSD_LOCKED(&mutex);
    while (running > 0 && psd_clock_mono_ms() < end_ms)
        psd_cond_wait_until(&ended, &mutex, end_ms);
    return running == 0;
}
