/* Operations by id: replaced, read, forgotten in order, never while they run. */
#include "common/rpc/operations.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "polarstack/v1/core_version.pb-c.h"
#include "test/support/check.h"

enum { MOST = 4 };

static int set_up(void **state)
{
    *state = psd_operations_new(MOST);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    psd_operations_free(*state);
    return 0;
}

static int put(psd_operations *operations, const char *id, int64_t started_at_ms, bool done, psd_error *error)
{
    Polarstack__V1__CoreVersionCheck check = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    check.operation_id = (char *)(uintptr_t)id;
    check.started_at_ms = started_at_ms;
    check.done = done;
    return psd_operations_put(operations, id, &check.base, done, error);
}

/* started_at_ms of the operation; -1: there is none. */
static int64_t get(psd_operations *operations, const char *id, psd_error *error)
{
    uint8_t *packed = NULL;
    size_t length = 0;
    if (psd_operations_get(operations, id, &packed, &length, error) < 0)
        return -1;
    Polarstack__V1__CoreVersionCheck *check = polarstack__v1__core_version_check__unpack(NULL, length,
                                                                                         packed);
    free(packed);
    assert_non_null(check);
    assert_string_equal(check->operation_id, id);
    int64_t started_at_ms = check->started_at_ms;
    polarstack__v1__core_version_check__free_unpacked(check, NULL);
    return started_at_ms;
}

static void test_an_id_is_hexadecimal_and_another_one_each_time(void **state PSD_UNUSED)
{
    char first[PSD_OPERATION_ID_SIZE];
    char second[PSD_OPERATION_ID_SIZE];
    psd_operation_id(first);
    psd_operation_id(second);
    assert_int_equal(strspn(first, "0123456789abcdef"), PSD_OPERATION_ID_SIZE - 1);
    assert_int_equal(strlen(first), PSD_OPERATION_ID_SIZE - 1);
    assert_string_not_equal(first, second);
}

static void test_it_is_read_as_it_was_last_put(void **state)
{
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(put(*state, "a", 1, false, &error), 0);
    assert_int_equal(get(*state, "a", &error), 1);
    assert_int_equal(put(*state, "a", 2, true, &error), 0);
    assert_int_equal(get(*state, "a", &error), 2);
}

static void test_an_unknown_id_is_not_found(void **state)
{
    static const char *const ids[] = {"", "b", "aa", "0123456789abcdef0123456789abcdef"};
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(put(*state, "a", 1, true, &error), 0);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(ids); i++) {
        error = (psd_error)PSD_ERROR_INIT;
        assert_int_equal(get(*state, ids[i], &error), -1);
        assert_int_equal(error.code, PSD_NOT_FOUND);
        assert_non_null(strstr(error.text, "the last 4"));
    }
}

static void test_the_oldest_that_is_done_is_forgotten(void **state)
{
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(put(*state, "runs", 1, false, &error), 0);
    assert_int_equal(put(*state, "old", 2, false, &error), 0);
    assert_int_equal(put(*state, "young", 3, true, &error), 0);
    assert_int_equal(put(*state, "old", 4, true, &error), 0); /* ended last, began first */
    assert_int_equal(put(*state, "fourth", 5, true, &error), 0);
    assert_int_equal(put(*state, "fifth", 6, true, &error), 0);
    assert_int_equal(get(*state, "old", NULL), -1);
    assert_int_equal(put(*state, "sixth", 7, true, &error), 0);
    assert_int_equal(get(*state, "young", NULL), -1);
    assert_int_equal(get(*state, "runs", NULL), 1);
    assert_int_equal(get(*state, "fourth", NULL), 5);
    assert_int_equal(get(*state, "fifth", NULL), 6);
    assert_int_equal(get(*state, "sixth", NULL), 7);
}

static void test_those_that_run_are_never_forgotten(void **state)
{
    psd_error error = PSD_ERROR_INIT;
    char id[PSD_OPERATION_ID_SIZE];
    for (int i = 0; i < MOST; i++) {
        snprintf(id, sizeof(id), "%d", i);
        assert_int_equal(put(*state, id, i, false, &error), 0);
    }
    assert_int_equal(put(*state, "more", 9, false, &error), -1);
    assert_int_equal(error.code, PSD_RESOURCE_EXHAUSTED);
    assert_int_equal(put(*state, "2", 20, true, &error), 0);
    assert_int_equal(put(*state, "more", 9, false, &error), 0);
    assert_int_equal(get(*state, "2", NULL), -1);
    assert_int_equal(get(*state, "0", NULL), 0);
}

/* Puts and reads operations of its own, which stay while they run. */
static void *work(void *arg)
{
    psd_operations *operations = arg;
    for (int i = 0; i < 500; i++) {
        char id[PSD_OPERATION_ID_SIZE];
        psd_operation_id(id);
        if (put(operations, id, i, false, NULL) < 0 || get(operations, id, NULL) != i ||
            put(operations, id, i + 1, true, NULL) < 0)
            return arg;
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[MOST];
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, *state), 0);
    for (size_t i = 0; i < MOST; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void test_what_is_forgotten_leaves_its_place(void **state)
{
    psd_error error = PSD_ERROR_INIT;
    assert_int_equal(put(*state, "0000000000000001", 1, false, &error), 0);
    psd_operations_forget(*state, "0000000000000001");
    psd_operations_forget(*state, "0000000000000001");
    assert_int_equal(get(*state, "0000000000000001", &error), -1);
    assert_int_equal(error.code, PSD_NOT_FOUND);
    assert_int_equal(put(*state, "0000000000000002", 2, true, &error), 0);
    assert_int_equal(get(*state, "0000000000000002", &error), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_id_is_hexadecimal_and_another_one_each_time),
        cmocka_unit_test_setup_teardown(test_it_is_read_as_it_was_last_put, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_unknown_id_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_that_is_done_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_those_that_run_are_never_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_forgotten_leaves_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
