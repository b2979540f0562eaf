#include "test/support/runtime_cases.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "test/support/unix_server.h"

enum {
    LOOK_MS = 20,
    SHORT_MS = 300, /* a deadline that a hung runtime does not keep */
    SLACK_MS = 1500,
    NAME_SIZE = 96,
    MANY_MS = 60000,
    LONG_LISTS = 30,
};

int64_t psd_test_runtime_deadline(void)
{
    return psd_clock_mono_ms() + PSD_TEST_RUNTIME_DEADLINE_MS;
}

psd_runtime *psd_test_runtime_open(const char *endpoint)
{
    psd_error error = PSD_ERROR_INIT;
    psd_runtime *runtime = NULL;
    assert_works(psd_runtime_new(endpoint, &runtime, &error), &error);
    return runtime;
}

static bool is_in(const psd_image_set *set, const char *name)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_found found;
    assert_works(psd_image_set_find(set, name, &found, &error), &error);
    return found.present;
}

static int list_once(psd_runtime *runtime, const char *name, bool *present, psd_error *error)
{
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    if (psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, error) < 0) {
        assert_null(set);
        return -1;
    }
    *present = is_in(set, name);
    psd_image_set_free(set);
    return 0;
}

void psd_test_runtime_has(psd_runtime *runtime, const char *name, bool present)
{
    psd_error error = PSD_ERROR_INIT;
    bool found = !present;
    assert_works(list_once(runtime, name, &found, &error), &error);
    if (found != present)
        fail_msg("%s is %s", name, found ? "there" : "not there");
}

static void wait_for(psd_runtime *runtime, const char *name, bool present, bool started)
{
    int64_t end_ms = psd_test_runtime_deadline();
    bool found = !present;
    for (;;) {
        psd_error error = PSD_ERROR_INIT;
        int result = list_once(runtime, name, &found, &error);
        if (result == 0 && found == present)
            return;
        if ((result < 0 && started) || psd_clock_mono_ms() > end_ms)
            fail_msg("%s: %s", name, result < 0 ? error.text : "it stays as it is");
        usleep(LOOK_MS * 1000);
    }
}

void psd_test_runtime_wait(psd_runtime *runtime, const char *name, bool present)
{
    wait_for(runtime, name, present, true);
}

void psd_test_runtime_wait_started(psd_runtime *runtime, const char *name, bool present)
{
    wait_for(runtime, name, present, false);
}

void psd_test_runtime_fails(psd_runtime *runtime, const char *endpoint, psd_code code, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = (psd_image_set *)&error; /* must be reset */
    psd_runtime_facts facts;
    assert_fails(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error, code,
                 part);
    assert_null(set);
    assert_string_equal(facts.endpoint, endpoint);
    assert_ptr_equal(strstr(error.text, endpoint), error.text);
}

/* ---- the cases ---- */

void psd_test_case_names(psd_test_runtime *real)
{
    static const char *const images[] = {"docker.io/library/names:1,registry.example.com:5000/team/names:2"};
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_add(real, images, PSD_ARRAY_SIZE(images));
    psd_test_runtime_wait_started(runtime, "registry.example.com:5000/team/names:2", true);
    psd_test_runtime_has(runtime, "names:1", true);
    psd_test_runtime_has(runtime, "library/names:1", true);
    psd_test_runtime_has(runtime, "docker.io/names:1", true);
    psd_test_runtime_has(runtime, "names", false);
    psd_test_runtime_has(runtime, "names:2", false);
    psd_test_runtime_has(runtime, "team/names:2", false);
    psd_runtime_free(runtime);
}

void psd_test_case_facts(psd_test_runtime *real, const char *name)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    for (int i = 0; i < 2; i++) {
        assert_works(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error);
        psd_image_set_free(set);
        assert_string_equal(facts.endpoint, real->endpoint);
        assert_ptr_equal(strstr(facts.name, name), facts.name);
        assert_true(strlen(facts.name) > strlen(name));
    }
    psd_runtime_free(runtime);
}

void psd_test_case_come_and_go(psd_test_runtime *real)
{
    static const char *const images[] = {"docker.io/library/guest:1"};
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    for (int i = 0; i < 3; i++) {
        psd_test_runtime_has(runtime, "guest:1", false);
        psd_test_runtime_add(real, images, PSD_ARRAY_SIZE(images));
        psd_test_runtime_wait(runtime, "guest:1", true);
        psd_test_runtime_remove(real, images[0]);
        psd_test_runtime_wait(runtime, "guest:1", false);
    }
    psd_runtime_free(runtime);
}

void psd_test_case_stopped(psd_test_runtime *real)
{
    static const char *const images[] = {"docker.io/library/stays:1"};
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_add(real, images, PSD_ARRAY_SIZE(images));
    psd_test_runtime_wait(runtime, "stays:1", true);
    psd_test_runtime_kill(real);
    psd_test_runtime_fails(runtime, real->endpoint, PSD_UNAVAILABLE, "the runtime is not running");
    /* What it was is still known. */
    assert_int_equal(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), -1);
    assert_string_not_equal(facts.name, "");
    psd_test_runtime_restart(real);
    psd_test_runtime_wait_started(runtime, "stays:1", true);
    psd_runtime_free(runtime);
}

void psd_test_case_restarted(psd_test_runtime *real)
{
    static const char *const images[] = {"docker.io/library/stays:1"};
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    psd_runtime *starting = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_add(real, images, PSD_ARRAY_SIZE(images));
    psd_test_runtime_wait(runtime, "stays:1", true);
    psd_test_runtime_kill(real);
    psd_test_runtime_restart(real);
    psd_test_runtime_wait_started(starting, "stays:1", true);
    /* The connection that it kept is dead; nobody sees that. */
    psd_test_runtime_has(runtime, "stays:1", true);
    psd_runtime_free(starting);
    psd_runtime_free(runtime);
}

/* A list that must fail with CODE, SHORT_MS after its begin. */
static void assert_gives_up(psd_runtime *runtime)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    int64_t begin_ms = psd_clock_mono_ms();
    assert_fails(psd_runtime_list(runtime, begin_ms + SHORT_MS, &set, &facts, &error), &error,
                 PSD_DEADLINE_EXCEEDED, "in time");
    assert_null(set);
    assert_in_range(psd_clock_mono_ms() - begin_ms, SHORT_MS, SHORT_MS + SLACK_MS);
}

void psd_test_case_hung(psd_test_runtime *real)
{
    psd_runtime *known = psd_test_runtime_open(real->endpoint);
    psd_runtime *unknown = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_has(known, "nothing:1", false);
    psd_test_runtime_pause(real);
    assert_gives_up(known);
    assert_gives_up(known);
    assert_gives_up(unknown);
    psd_test_runtime_continue(real);
    psd_test_runtime_has(known, "nothing:1", false);
    psd_test_runtime_has(unknown, "nothing:1", false);
    psd_runtime_free(known);
    psd_runtime_free(unknown);
}

typedef struct listing {
    psd_runtime *runtime;
    psd_error error;
    int result;
    int64_t ended_ms;
} listing;

static void *list_in_thread(void *arg)
{
    listing *it = arg;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    it->result = psd_runtime_list(it->runtime, psd_test_runtime_deadline(), &set, &facts, &it->error);
    it->ended_ms = psd_clock_mono_ms();
    return NULL;
}

/* Stops RUNTIME in the middle of a list of its, and lists again. */
static void stop_in_the_middle(psd_runtime *runtime)
{
    listing it = {.runtime = runtime, .error = PSD_ERROR_INIT};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, list_in_thread, &it), 0);
    usleep(SHORT_MS * 1000);
    int64_t stop_ms = psd_clock_mono_ms();
    psd_runtime_stop(runtime);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(it.result, -1);
    assert_int_equal(it.error.code, PSD_CANCELLED);
    assert_in_range(it.ended_ms - stop_ms, 0, SLACK_MS);
    list_in_thread(&it);
    assert_int_equal(it.result, -1);
    assert_int_equal(it.error.code, PSD_CANCELLED);
}

void psd_test_case_stop_ends_a_list(psd_test_runtime *real)
{
    psd_runtime *known = psd_test_runtime_open(real->endpoint);
    psd_runtime *unknown = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_has(known, "nothing:1", false);
    psd_test_runtime_pause(real);
    stop_in_the_middle(known);
    stop_in_the_middle(unknown);
    psd_test_runtime_continue(real);
    psd_runtime_free(known);
    psd_runtime_free(unknown);
}

void psd_test_case_replaced_by_garbage(psd_test_runtime *real)
{
    static const char garbage[] = "\x16\x03\x01 this is no container runtime";
    char away[160];
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_has(runtime, "nothing:1", false);
    snprintf(away, sizeof(away), "%s.away", real->socket);
    psd_test_runtime_pause(real); /* nothing but the kept connection leads to it */
    assert_int_equal(rename(real->socket, away), 0);
    assert_gives_up(runtime);
    psd_test_unix_server *server = psd_test_unix_server_start(real->socket, garbage, sizeof(garbage),
                                                              PSD_TEST_THEN_CLOSE);
    psd_test_runtime_fails(runtime, real->endpoint, PSD_UNAVAILABLE, "no container runtime listens there");
    psd_test_unix_server_stop(server);
    assert_int_equal(rename(away, real->socket), 0);
    psd_test_runtime_continue(real);
    psd_test_runtime_has(runtime, "nothing:1", false);
    psd_runtime_free(runtime);
}

static size_t count_present(psd_runtime *runtime, char *const *names, size_t count)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = NULL;
    psd_runtime_facts facts;
    size_t present = 0;
    assert_works(psd_runtime_list(runtime, psd_test_runtime_deadline(), &set, &facts, &error), &error);
    for (size_t i = 0; i < count; i++)
        present += is_in(set, names[i]);
    psd_image_set_free(set);
    return present;
}

void psd_test_case_many(psd_test_runtime *real, size_t count)
{
    char name[NAME_SIZE];
    char **names = calloc(count, sizeof(*names));
    assert_non_null(names);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "registry.example.com/many/image-%zu:v%zu", i, i);
        names[i] = psd_text_copy(name);
    }
    psd_runtime *runtime = psd_test_runtime_open(real->endpoint);
    psd_test_runtime_add(real, (const char *const *)names, count);
    /* CRI follows one by one, not in their order. */
    int64_t end_ms = psd_clock_mono_ms() + MANY_MS;
    while (count_present(runtime, names, count) < count) {
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("only %zu of %zu images are listed", count_present(runtime, names, count), count);
        usleep(LOOK_MS * 1000);
    }
    /* A long answer arrives in pieces; none of them may get lost, on whatever connection. */
    for (int i = 0; i < LONG_LISTS; i++) {
        psd_runtime *fresh = psd_test_runtime_open(real->endpoint);
        assert_int_equal(count_present(fresh, names, count), count);
        assert_int_equal(count_present(runtime, names, count), count);
        psd_runtime_free(fresh);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    psd_runtime_free(runtime);
    free(names);
}
