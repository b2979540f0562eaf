/* Many touches are one call; calls by themselves come when they are due. */
#include "k8s/reconciler.h"

#include <pthread.h>
#include <stdbool.h>

#include "common/clock.h"
#include "common/thread.h"
#include "test/support/check.h"

enum { PATIENCE_MS = 30000 };

/* An item that counts its calls; the test can hold it inside one. */
typedef struct item {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned calls;
    bool held;
    int64_t answer_ms;
    int64_t called_at_ms[8];
} item;

static item items[2];
static psd_reconciler *reconciler;

static int64_t work(void *arg)
{
    item *i = arg;
    PSD_LOCKED(&i->mutex);
    if (i->calls < PSD_ARRAY_SIZE(i->called_at_ms))
        i->called_at_ms[i->calls] = psd_clock_mono_ms();
    i->calls++;
    pthread_cond_broadcast(&i->changed);
    while (i->held)
        pthread_cond_wait(&i->changed, &i->mutex);
    return i->answer_ms;
}

static void wait_for_calls(item *i, unsigned calls)
{
    int64_t until_ms = psd_clock_mono_ms() + PATIENCE_MS;
    PSD_LOCKED(&i->mutex);
    while (i->calls < calls) {
        assert_true(psd_clock_mono_ms() < until_ms);
        psd_cond_wait_until(&i->changed, &i->mutex, until_ms);
    }
}

static unsigned calls_of(item *i)
{
    PSD_LOCKED(&i->mutex);
    return i->calls;
}

static void hold(item *i, bool held)
{
    PSD_LOCKED(&i->mutex);
    i->held = held;
    pthread_cond_broadcast(&i->changed);
}

static int begin(void **state)
{
    (void)state;
    psd_reconcile_item made[PSD_ARRAY_SIZE(items)];
    psd_error error = PSD_ERROR_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(items); i++) {
        items[i] = (item){.answer_ms = PSD_RECONCILE_NEVER};
        pthread_mutex_init(&items[i].mutex, NULL);
        psd_cond_init(&items[i].changed);
        made[i] = (psd_reconcile_item){work, &items[i]};
    }
    return psd_reconciler_new(made, PSD_ARRAY_SIZE(items), &reconciler, &error);
}

static int end(void **state)
{
    (void)state;
    psd_reconciler_stop(reconciler);
    psd_reconciler_free(reconciler);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(items); i++) {
        pthread_cond_destroy(&items[i].changed);
        pthread_mutex_destroy(&items[i].mutex);
    }
    return 0;
}

static void start(void)
{
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_reconciler_start(reconciler, &error), &error);
}

static void it_begins_with_all_items(void **state)
{
    (void)state;
    psd_reconciler_touch(reconciler, 0); /* before the start: no further call */
    start();
    wait_for_calls(&items[0], 1);
    wait_for_calls(&items[1], 1);
    psd_reconciler_stop(reconciler);
    assert_int_equal(calls_of(&items[0]), 1);
    assert_int_equal(calls_of(&items[1]), 1);
}

static void many_touches_are_one_call(void **state)
{
    (void)state;
    hold(&items[0], true);
    start();
    wait_for_calls(&items[0], 1);
    for (int i = 0; i < 1000; i++)
        psd_reconciler_touch(reconciler, 0);
    hold(&items[0], false);
    wait_for_calls(&items[0], 2);
    /* The thread takes the items in turn: after two calls of the other one, each
     * touch of this one has had its call. */
    psd_reconciler_touch(reconciler, 1);
    wait_for_calls(&items[1], 2);
    psd_reconciler_stop(reconciler);
    assert_int_equal(calls_of(&items[0]), 2);
}

static void a_touch_during_the_call_is_another_call(void **state)
{
    (void)state;
    hold(&items[1], true);
    start();
    wait_for_calls(&items[1], 1);
    psd_reconciler_touch(reconciler, 1);
    hold(&items[1], false);
    wait_for_calls(&items[1], 2);
}

static void due_times_are_kept(void **state)
{
    (void)state;
    items[0].answer_ms = 30;
    start();
    wait_for_calls(&items[0], 4);
    psd_reconciler_stop(reconciler);
    for (unsigned i = 1; i < 4; i++)
        assert_true(items[0].called_at_ms[i] - items[0].called_at_ms[i - 1] >= 30);
    assert_int_equal(calls_of(&items[1]), 1); /* it asked for none */
}

static void a_touch_comes_before_the_due_time(void **state)
{
    (void)state;
    items[0].answer_ms = (int64_t)1000 * PATIENCE_MS;
    start();
    wait_for_calls(&items[0], 1);
    psd_reconciler_touch(reconciler, 0);
    wait_for_calls(&items[0], 2);
}

static void *let_go(void *arg)
{
    hold(arg, false);
    return NULL;
}

static void stopping_waits_for_the_call_and_ends_the_rest(void **state)
{
    (void)state;
    hold(&items[0], true);
    items[0].answer_ms = 0;
    start();
    wait_for_calls(&items[0], 1);
    psd_reconciler_touch(reconciler, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, let_go, &items[0]), 0);
    psd_reconciler_stop(reconciler);
    pthread_join(thread, NULL);
    unsigned calls = calls_of(&items[0]);
    psd_reconciler_touch(reconciler, 0);
    psd_reconciler_touch(reconciler, 1);
    psd_reconciler_stop(reconciler); /* twice does no harm */
    assert_int_equal(calls_of(&items[0]), calls);
}

static void too_many_items_are_refused(void **state)
{
    (void)state;
    psd_reconcile_item many[PSD_RECONCILE_ITEMS + 1] = {{NULL, NULL}};
    psd_reconciler *none = NULL;
    psd_error error;
    assert_fails(psd_reconciler_new(many, PSD_ARRAY_SIZE(many), &none, &error), &error, PSD_INTERNAL,
                 "a reconciler has at most 16 items");
    psd_reconciler_stop(NULL);
    psd_reconciler_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_begins_with_all_items, begin, end),
        cmocka_unit_test_setup_teardown(many_touches_are_one_call, begin, end),
        cmocka_unit_test_setup_teardown(a_touch_during_the_call_is_another_call, begin, end),
        cmocka_unit_test_setup_teardown(due_times_are_kept, begin, end),
        cmocka_unit_test_setup_teardown(a_touch_comes_before_the_due_time, begin, end),
        cmocka_unit_test_setup_teardown(stopping_waits_for_the_call_and_ends_the_rest, begin, end),
        cmocka_unit_test(too_many_items_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
