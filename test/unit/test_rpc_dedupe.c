/* Remembered answers: repeats, conflicts, and the bounds of memory. */
#include "common/rpc/dedupe.h"

#include <stdlib.h>

#include "common/rpc/server_call.h"
#include "test/support/check.h"

static int a_method;
static int another_method;

static psd_dedupe_key key_of(uint64_t call_id)
{
    return (psd_dedupe_key){call_id, 1000, &a_method, 42};
}

static nng_msg *message_of(size_t length, char filler)
{
    nng_msg *message = NULL;
    assert_int_equal(nng_msg_alloc(&message, length), 0);
    memset(nng_msg_body(message), filler, length);
    return message;
}

static psd_dedupe_verdict begin(psd_dedupe *dedupe, psd_dedupe_key key, nng_msg **answer)
{
    static psd_call call;
    *answer = NULL;
    return psd_dedupe_begin(dedupe, &key, &call, answer);
}

static void begin_and_end(psd_dedupe *dedupe, uint64_t call_id, size_t length)
{
    nng_msg *answer = NULL;
    psd_dedupe_key key = key_of(call_id);
    assert_int_equal(begin(dedupe, key, &answer), PSD_DEDUPE_RUN);
    nng_msg *message = message_of(length, 'x');
    assert_null(psd_dedupe_end(dedupe, &key, message));
    nng_msg_free(message);
}

static int set_up(void **state)
{
    *state = psd_dedupe_new();
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    psd_dedupe_free(*state);
    return 0;
}

static void test_a_repeat_is_answered_from_memory(void **state)
{
    psd_dedupe *dedupe = *state;
    nng_msg *answer = NULL;
    begin_and_end(dedupe, 1, 10);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(begin(dedupe, key_of(1), &answer), PSD_DEDUPE_ANSWERED);
        assert_int_equal(nng_msg_len(answer), 10);
        assert_memory_equal(nng_msg_body(answer), "xxxxxxxxxx", 10);
        nng_msg_free(answer);
    }
    assert_int_equal(begin(dedupe, key_of(2), &answer), PSD_DEDUPE_RUN);
}

static void test_repeats_of_a_running_request_wait(void **state)
{
    psd_dedupe *dedupe = *state;
    psd_dedupe_key key = key_of(1);
    psd_call calls[3] = {{.call_id = 1}, {.call_id = 1}, {.call_id = 1}};
    nng_msg *answer = NULL;
    assert_int_equal(psd_dedupe_begin(dedupe, &key, &calls[0], &answer), PSD_DEDUPE_RUN);
    assert_int_equal(psd_dedupe_begin(dedupe, &key, &calls[1], &answer), PSD_DEDUPE_WAITS);
    assert_int_equal(psd_dedupe_begin(dedupe, &key, &calls[2], &answer), PSD_DEDUPE_WAITS);
    nng_msg *message = message_of(5, 'x');
    psd_call *waiting = psd_dedupe_end(dedupe, &key, message);
    assert_ptr_equal(waiting, &calls[2]);
    assert_ptr_equal(waiting->next_waiting, &calls[1]);
    assert_null(waiting->next_waiting->next_waiting);
    nng_msg_free(message);
    assert_int_equal(begin(dedupe, key, &answer), PSD_DEDUPE_ANSWERED);
    nng_msg_free(answer);
}

/* Without an answer to remember, the waiting ones are handed out all the same
 * and the request may run again. */
static void test_an_answer_that_was_not_made(void **state)
{
    psd_dedupe *dedupe = *state;
    psd_dedupe_key key = key_of(1);
    psd_call calls[2] = {{.call_id = 1}, {.call_id = 1}};
    nng_msg *answer = NULL;
    assert_int_equal(psd_dedupe_begin(dedupe, &key, &calls[0], &answer), PSD_DEDUPE_RUN);
    assert_int_equal(psd_dedupe_begin(dedupe, &key, &calls[1], &answer), PSD_DEDUPE_WAITS);
    assert_ptr_equal(psd_dedupe_end(dedupe, &key, NULL), &calls[1]);
    assert_int_equal(begin(dedupe, key, &answer), PSD_DEDUPE_RUN);
}

static void test_one_id_for_two_requests_is_a_conflict(void **state)
{
    psd_dedupe *dedupe = *state;
    nng_msg *answer = NULL;
    assert_int_equal(begin(dedupe, key_of(1), &answer), PSD_DEDUPE_RUN);
    for (bool ended = false;; ended = true) {
        psd_dedupe_key other = key_of(1);
        other.request_hash++;
        assert_int_equal(begin(dedupe, other, &answer), PSD_DEDUPE_CONFLICT);
        other = key_of(1);
        other.method = &another_method;
        assert_int_equal(begin(dedupe, other, &answer), PSD_DEDUPE_CONFLICT);
        if (ended)
            break;
        psd_dedupe_key key = key_of(1);
        nng_msg *message = message_of(1, 'x');
        psd_dedupe_end(dedupe, &key, message);
        nng_msg_free(message);
    }
    /* Ids of two users are not the same ids. */
    psd_dedupe_key other = key_of(1);
    other.uid = 1001;
    assert_int_equal(begin(dedupe, other, &answer), PSD_DEDUPE_RUN);
}

static void test_the_oldest_are_forgotten_when_there_are_too_many(void **state)
{
    psd_dedupe *dedupe = *state;
    nng_msg *answer = NULL;
    for (uint64_t id = 1; id <= PSD_DEDUPE_ENTRIES + 10; id++)
        begin_and_end(dedupe, id, 1);
    assert_int_equal(begin(dedupe, key_of(PSD_DEDUPE_ENTRIES + 10), &answer), PSD_DEDUPE_ANSWERED);
    nng_msg_free(answer);
    assert_int_equal(begin(dedupe, key_of(11), &answer), PSD_DEDUPE_ANSWERED);
    nng_msg_free(answer);
    assert_int_equal(begin(dedupe, key_of(10), &answer), PSD_DEDUPE_RUN);
}

static void test_running_requests_are_never_forgotten(void **state)
{
    psd_dedupe *dedupe = *state;
    nng_msg *answer = NULL;
    for (uint64_t id = 1; id <= PSD_DEDUPE_ENTRIES; id++)
        assert_int_equal(begin(dedupe, key_of(id), &answer), PSD_DEDUPE_RUN);
    assert_int_equal(begin(dedupe, key_of(5000), &answer), PSD_DEDUPE_FULL);
    assert_int_equal(begin(dedupe, key_of(1), &answer), PSD_DEDUPE_WAITS);
    psd_dedupe_key key = key_of(77);
    nng_msg *message = message_of(1, 'x');
    psd_dedupe_end(dedupe, &key, message);
    nng_msg_free(message);
    assert_int_equal(begin(dedupe, key_of(5000), &answer), PSD_DEDUPE_RUN);
    assert_int_equal(begin(dedupe, key_of(5001), &answer), PSD_DEDUPE_FULL);
}

static void test_the_oldest_are_forgotten_when_they_are_too_large(void **state)
{
    psd_dedupe *dedupe = *state;
    nng_msg *answer = NULL;
    for (uint64_t id = 1; id <= 5; id++)
        begin_and_end(dedupe, id, 1 << 20);
    assert_int_equal(begin(dedupe, key_of(2), &answer), PSD_DEDUPE_ANSWERED);
    nng_msg_free(answer);
    assert_int_equal(begin(dedupe, key_of(1), &answer), PSD_DEDUPE_RUN);
    psd_dedupe_key key = key_of(1);
    psd_dedupe_end(dedupe, &key, NULL);
    /* The newest answer stays, however large. */
    begin_and_end(dedupe, 9, PSD_DEDUPE_BYTES + 1);
    assert_int_equal(begin(dedupe, key_of(9), &answer), PSD_DEDUPE_ANSWERED);
    nng_msg_free(answer);
    assert_int_equal(begin(dedupe, key_of(5), &answer), PSD_DEDUPE_RUN);
}

static void test_hash(void **state)
{
    (void)state;
    assert_true(psd_dedupe_hash((psd_bytes){NULL, 0}) == UINT64_C(0xcbf29ce484222325));
    assert_true(psd_dedupe_hash((psd_bytes){"a", 1}) ==
                UINT64_C(0xaf63dc4c8601ec8c)); /* FNV-1a's own vector */
    assert_true(psd_dedupe_hash((psd_bytes){"ab", 2}) != psd_dedupe_hash((psd_bytes){"ba", 2}));
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_table(test_a_repeat_is_answered_from_memory),
        with_table(test_repeats_of_a_running_request_wait),
        with_table(test_an_answer_that_was_not_made),
        with_table(test_one_id_for_two_requests_is_a_conflict),
        with_table(test_the_oldest_are_forgotten_when_there_are_too_many),
        with_table(test_running_requests_are_never_forgotten),
        with_table(test_the_oldest_are_forgotten_when_they_are_too_large),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
