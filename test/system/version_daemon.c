/*
 * version_daemon - the versions that the real daemon sees in a real containerd: images
 * that come and go, checks that many ask for, and the configuration that says what to
 * look for.
 */
#include <pthread.h>
#include <stdio.h>

#include "common/rpc/watch.h"
#include "test/support/await.h"
#include "test/support/node_config_sample.h"
#include "test/support/version_bed.h"

static void nothing_is_told(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *it = NULL;
    Polarstack__V1__ServingStatus status;
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_availability *seen = psd_test_versions_await(f.client, IS_UNKNOWN,
                                                          "the cluster has not told any versions yet");
    assert_int_equal(seen->observation->observed_at_ms, 0);
    assert_int_equal(seen->n_versions, 0);
    psd_test_versions_forget(seen);
    assert_fails(psd_test_versions_check(f.client, false, &it, &error), &error, PSD_FAILED_PRECONDITION,
                 "has not told");
    assert_works(psd_test_versions_check(f.client, true, &it, &error), &error);
    psd_test_check *over = psd_test_check_await(f.client, it->operation_id);
    assert_int_equal(over->code, PSD_FAILED_PRECONDITION);
    assert_non_null(strstr(over->error, "has not told"));
    psd_test_check_forget(over);
    psd_test_check_forget(it);
    Polarstack__V1__ScannerHealth health = psd_test_versions_health(f.client, &status);
    assert_int_equal(health.state, IS_UNKNOWN);
    assert_int_equal(health.failures, 0);
    assert_int_equal(health.successes, 3);
    psd_test_versions_diagnosed(f.client, POLARSTACK__V1__FINDING_LEVEL__GOOD,
                                "the version scanner has nothing to look for: the cluster has not told", "");
    /* A cluster without versions has told. */
    f.config->n_core_versions = 0;
    psd_test_versions_apply(&f);
    seen = psd_test_versions_await(f.client, IS_FRESH, "");
    assert_true(seen->observation->observed_at_ms > 0);
    psd_test_versions_forget(seen);
    assert_works(psd_test_versions_check(f.client, false, &it, &error), &error);
    assert_int_equal(it->n_present + it->n_absent + it->n_unknown, 0);
    psd_test_check_forget(it);
    f.config->n_core_versions = 2;
    psd_test_versions_stop(&f);
}

typedef struct follower {
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    Polarstack__V1__Presence both;  /* of the version that needs both images */
    Polarstack__V1__Presence first; /* of the one that needs the first */
    Polarrpc__V1__ObservationState state;
} follower;

static void on_event(void *arg, const psd_watch_event *event, const psd_test_availability *seen)
{
    follower *f = arg;
    (void)event;
    PSD_LOCKED(&f->mutex);
    if (seen && seen->n_versions == 2) {
        f->both = seen->versions[0]->presence;
        f->first = seen->versions[1]->presence;
        f->state = seen->observation->state;
    }
    pthread_cond_broadcast(&f->changed);
}

#define assert_hears(f, condition) psd_test_await(&(f)->mutex, &(f)->changed, condition)

static void images_come_and_go(void **state)
{
    (void)state;
    psd_test_versions f;
    follower w = {.both = UNSPECIFIED};
    psd_watch *watch = NULL;
    psd_error error = PSD_ERROR_INIT;
    pthread_mutex_init(&w.mutex, NULL);
    psd_cond_init(&w.changed);
    psd_test_versions_start(&f, "200ms", "5s");
    psd_test_versions_apply(&f);
    assert_works(psd_core_version_watch_core_versions(f.client, NULL, on_event, &w, &watch, &error), &error);
    assert_hears(&w, w.both == ABSENT && w.first == ABSENT && w.state == IS_FRESH);
    psd_test_versions_add(ENGINE);
    assert_hears(&w, w.both == ABSENT && w.first == PRESENT);
    psd_test_versions_add(TOOL);
    assert_hears(&w, w.both == PRESENT && w.first == PRESENT);
    psd_test_versions_remove(ENGINE);
    assert_hears(&w, w.both == ABSENT && w.first == ABSENT);
    psd_test_availability *seen = psd_test_versions_get(f.client);
    const Polarstack__V1__CoreVersion *version = psd_test_version_of(seen, "pg-11.9.20");
    assert_int_equal(version->images[0]->presence, ABSENT);
    assert_int_equal(version->images[1]->presence, PRESENT);
    assert_true(version->images[0]->changed_at_ms > version->images[1]->changed_at_ms);
    assert_string_equal(version->images[0]->fault, "");
    assert_int_equal(strncmp(seen->runtime, "containerd ", strlen("containerd ")), 0);
    assert_string_equal(seen->runtime_endpoint, psd_test_versions_endpoint);
    psd_test_versions_forget(seen);
    psd_test_versions_remove(TOOL);
    psd_watch_stop(watch);
    psd_test_versions_stop(&f);
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.mutex);
}

static void a_check_finds_what_is_there_now(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *it = NULL;
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", ABSENT);
    psd_test_versions_add(ENGINE);
    assert_works(psd_test_versions_check(f.client, false, &it, &error), &error);
    assert_true(it->done);
    assert_true(it->started_at_ms > 0 && it->ended_at_ms >= it->started_at_ms);
    assert_int_equal(it->code, PSD_OK);
    assert_int_equal(it->n_present, 1);
    assert_string_equal(it->present[0], "pg-14.1");
    assert_int_equal(it->n_absent, 1);
    assert_string_equal(it->absent[0], "pg-11.9.20");
    assert_int_equal(it->n_unknown, 0);
    assert_int_equal(it->observation->state, IS_FRESH);
    assert_non_null(strstr(it->runtime, "containerd"));
    psd_test_check *same = psd_test_check_await(f.client, it->operation_id);
    assert_int_equal(same->ended_at_ms, it->ended_at_ms);
    assert_int_equal(same->n_present, 1);
    psd_test_check_forget(same);
    psd_test_check_forget(it);
    assert_fails(psd_test_check_get(f.client, "0123456789abcdef", &it, &error), &error, PSD_NOT_FOUND,
                 "the last 64");

    psd_test_versions_remove(ENGINE);
    assert_works(psd_test_versions_check(f.client, true, &it, &error), &error);
    assert_false(it->done);
    psd_test_check *over = psd_test_check_await(f.client, it->operation_id);
    assert_int_equal(over->started_at_ms, it->started_at_ms);
    assert_int_equal(over->n_absent, 2);
    psd_test_check_forget(over);
    psd_test_check_forget(it);
    psd_test_versions_stop(&f);
}

static void only_the_versions_asked_for_and_page_by_page(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_error error = PSD_ERROR_INIT;
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", ABSENT);
    Polarstack__V1__GetCoreVersionsRequest request = POLARSTACK__V1__GET_CORE_VERSIONS_REQUEST__INIT;
    char *names[] = {(char *)(uintptr_t) "pg-9", (char *)(uintptr_t) "pg-14.1"};
    psd_test_availability *seen = NULL;
    request.names = names;
    request.n_names = 2;
    assert_works(psd_core_version_get_core_versions(f.client, &request, NULL, &seen, &error), &error);
    assert_int_equal(seen->n_versions, 1);
    assert_string_equal(seen->versions[0]->name, "pg-14.1");
    psd_test_versions_forget(seen);
    request.n_names = 0;
    request.page_size = 1; /* byte: one version after the other */
    psd_test_availability *more = NULL;
    assert_works(psd_core_version_get_core_versions(f.client, &request, NULL, &seen, &error), &error);
    assert_int_equal(seen->n_versions, 1);
    assert_string_equal(seen->versions[0]->name, "pg-11.9.20");
    assert_non_null(strstr(seen->runtime, "containerd"));
    request.page_token = seen->next_page_token;
    assert_works(psd_core_version_get_core_versions(f.client, &request, NULL, &more, &error), &error);
    assert_int_equal(more->n_versions, 1);
    assert_string_equal(more->versions[0]->name, "pg-14.1");
    assert_string_equal(more->runtime, "");
    assert_string_equal(more->next_page_token, "");
    psd_test_versions_forget(more);
    psd_test_versions_forget(seen);
    psd_test_versions_stop(&f);
}

static void a_change_of_the_versions_is_followed_at_once(void **state)
{
    (void)state;
    psd_test_versions f;
    psd_test_versions_start(&f, "1h", "5s");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", ABSENT);
    psd_test_versions_add("docker.io/library/other:2");
    psd_test_set(&f.config->core_versions[1]->images[0]->image, "other:2");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", PRESENT);
    psd_test_set(&f.config->core_versions[1]->images[0]->image, "NO:/:NAME");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", UNKNOWN);
    psd_test_availability *seen = psd_test_versions_get(f.client);
    assert_int_equal(seen->observation->state, IS_FRESH); /* the runtime has told all it can */
    assert_string_not_equal(psd_test_version_of(seen, "pg-14.1")->images[0]->fault, "");
    psd_test_versions_forget(seen);
    uint64_t scans = psd_test_versions_scans(f.client);
    psd_test_set(&f.config->client_nic, "bond7"); /* nothing to look for anew */
    psd_test_versions_apply(&f);
    psd_test_set(&f.config->core_versions[1]->images[0]->image, "other:2");
    psd_test_versions_apply(&f);
    psd_test_version_await(f.client, "pg-14.1", PRESENT);
    psd_test_check *it = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_test_versions_check(f.client, false, &it, &error), &error);
    psd_test_check_forget(it);
    assert_int_equal(psd_test_versions_scans(f.client), scans + 2); /* the check's, and one for the change */
    psd_test_agent_restart(
        &f.agent, WORDS("--runtime-endpoint", psd_test_versions_endpoint)); /* what is kept is looked for */
    f.client = f.agent.client;
    seen = psd_test_versions_await(f.client, IS_FRESH, "");
    assert_int_equal(psd_test_version_of(seen, "pg-14.1")->presence, PRESENT);
    psd_test_versions_forget(seen);
    psd_test_versions_remove("docker.io/library/other:2");
    psd_test_versions_stop(&f);
}

/* ---- many at once ---- */

enum { MANY = 100 };

typedef struct answers {
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    unsigned good;
    unsigned bad;
    unsigned ids;
    char id[2][32]; /* the different ones */
} answers;

static void on_check(void *arg, const psd_test_check *it, const psd_error *error)
{
    answers *got = arg;
    PSD_LOCKED(&got->mutex);
    got->good += !error;
    got->bad += error != NULL;
    bool known = !it;
    for (unsigned i = 0; it && i < got->ids && i < 2; i++)
        known = known || strcmp(got->id[i], it->operation_id) == 0;
    if (!known && got->ids < 2)
        snprintf(got->id[got->ids], sizeof(got->id[0]), "%s", it->operation_id);
    got->ids += !known;
    pthread_cond_broadcast(&got->changed);
}

static void ask(psd_client *client, bool no_wait, answers *got)
{
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    const psd_call_options options = {.timeout_ms = PSD_TEST_PATIENCE_MS};
    psd_error error = PSD_ERROR_INIT;
    request.no_wait = no_wait;
    assert_works(
        psd_core_version_check_core_versions_async(client, &request, &options, on_check, got, &error),
        &error);
}

/* A hundred ask while a look runs: it and one more do for all. Those who do not wait
 * hear at once, of the same check. */
static void many_share_a_look(void **state)
{
    (void)state;
    psd_test_versions f;
    answers waited = {.good = 0};
    answers told = {.good = 0};
    psd_client *clients[MANY / 2];
    psd_error error = PSD_ERROR_INIT;
    psd_test_check *first = NULL;
    pthread_mutex_init(&waited.mutex, NULL);
    psd_cond_init(&waited.changed);
    pthread_mutex_init(&told.mutex, NULL);
    psd_cond_init(&told.changed);
    psd_test_versions_start(&f, "1h", "10s");
    psd_test_versions_apply(&f);
    psd_test_versions_forget(psd_test_versions_await(f.client, IS_FRESH, ""));
    uint64_t scans = psd_test_versions_scans(f.client);
    psd_test_versions_hang(true);
    assert_works(psd_test_versions_check(f.client, true, &first, &error), &error);
    for (size_t i = 0; i < MANY / 2; i++) {
        psd_client_options options = {.url = f.agent.daemon.url};
        assert_works(psd_client_open(&options, &clients[i], &error), &error);
        ask(clients[i], false, &waited);
        ask(clients[i], true, &told);
    }
    psd_test_await(&told.mutex, &told.changed, told.good + told.bad == MANY / 2);
    assert_int_equal(told.good, MANY / 2);
    assert_int_equal(waited.good + waited.bad, 0);
    psd_test_versions_hang(false);
    psd_test_await(&waited.mutex, &waited.changed, waited.good + waited.bad == MANY / 2);
    assert_int_equal(waited.good, MANY / 2);
    uint64_t looks = psd_test_versions_scans(f.client) - scans;
    if (looks < 1 || looks > 2)
        fail_msg("%u looks for %d questions", (unsigned)looks, MANY);
    assert_true(told.ids <= 2 && waited.ids <= 2);
    psd_test_check *over = psd_test_check_await(f.client, first->operation_id);
    assert_int_equal(over->code, PSD_OK);
    psd_test_check_forget(over);
    psd_test_check_forget(first);
    for (size_t i = 0; i < MANY / 2; i++)
        psd_client_close(clients[i]);
    psd_test_versions_stop(&f);
    pthread_cond_destroy(&waited.changed);
    pthread_mutex_destroy(&waited.mutex);
    pthread_cond_destroy(&told.changed);
    pthread_mutex_destroy(&told.mutex);
}

/* ---- who may ask ---- */

static void who_comes_over_tcp(void **state)
{
    (void)state;
    static const char url[] = "tcp://127.0.0.1:39471";
    static const struct {
        const char *role;
        int code;
    } table[] = {{"reader", PSD_PERMISSION_DENIED}, {"operator", PSD_OK}};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(table); i++) {
        psd_test_agent agent;
        psd_client *client = NULL;
        psd_client_options options = {.url = url, .wait_for_ready = true};
        psd_error error = PSD_ERROR_INIT;
        psd_test_check *it = NULL;
        Polarstack__V1__NodeConfig *config = psd_test_node_config();
        psd_test_agent_start(&agent, WORDS("--runtime-endpoint", psd_test_versions_endpoint, "--listen", url,
                                           "--listen-role", table[i].role));
        assert_works(psd_test_config_apply(agent.client, config, NULL, &error), &error);
        assert_works(psd_client_open(&options, &client, &error), &error);
        if (psd_test_versions_check(client, false, &it, &error) == 0)
            psd_test_check_forget(it);
        assert_int_equal(error.code, table[i].code);
        psd_test_versions_forget(psd_test_versions_get(client));
        /* An operator is no admin. */
        assert_fails(psd_test_config_apply(client, config, NULL, &error), &error, PSD_PERMISSION_DENIED,
                     "ADMIN");
        psd_client_close(client);
        psd_test_agent_stop(&agent);
        psd_test_node_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told),
        cmocka_unit_test(images_come_and_go),
        cmocka_unit_test(a_check_finds_what_is_there_now),
        cmocka_unit_test(only_the_versions_asked_for_and_page_by_page),
        cmocka_unit_test(a_change_of_the_versions_is_followed_at_once),
        cmocka_unit_test(many_share_a_look),
        cmocka_unit_test(who_comes_over_tcp),
    };
    return cmocka_run_group_tests(tests, psd_test_versions_begin, psd_test_versions_end);
}
