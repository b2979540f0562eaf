/* One question to many servers: all good, some dead, some slow, more than fit at once. */
#include "common/rpc/ask_many.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "test/support/rpc_check.h"

enum { MANY = PSD_ASK_MANY_AT_ONCE + 40, SLACK_MS = 1500 };

static const char nobody[] = "tcp://127.0.0.1:1";

static psd_question question_of(const Test__V1__EchoRequest *request, uint32_t timeout_ms)
{
    return (psd_question){.method = &psd_echo_methods[PSD_ECHO_METHOD_ECHO],
                          .request = &request->base,
                          .timeout_ms = timeout_ms};
}

static const char *text_of(const psd_answer *answer)
{
    assert_non_null(answer->response);
    return ((const Test__V1__EchoResponse *)answer->response)->text;
}

static void test_each_answer_in_its_place(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("hello", 0);
    psd_question question = question_of(&request, 5000);
    const char *urls[] = {f->url, nobody, f->url};
    psd_answer answers[3];
    int64_t begin_ms = psd_clock_mono_ms();
    psd_ask_many(&question, urls, 3, answers);
    assert_in_range(psd_clock_mono_ms() - begin_ms, 0, SLACK_MS); /* who is not there is not waited for */
    assert_string_equal(text_of(&answers[0]), "hello");
    assert_string_equal(text_of(&answers[2]), "hello");
    assert_null(answers[1].response);
    assert_int_equal(answers[1].error.code, PSD_UNAVAILABLE);
    assert_non_null(strstr(answers[1].error.text, nobody));
    psd_answers_free(answers, 3);
    assert_null(answers[0].response);
}

static void test_an_error_is_an_answer(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("fail 5 no such thing", 0);
    psd_question question = question_of(&request, 5000);
    const char *urls[] = {f->url};
    psd_answer answer;
    psd_ask_many(&question, urls, 1, &answer);
    assert_null(answer.response);
    assert_int_equal(answer.error.code, PSD_NOT_FOUND);
    assert_string_equal(answer.error.text, "no such thing");
}

static void test_nobody_at_all(void **state)
{
    (void)state;
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    psd_question question = question_of(&request, 5000);
    psd_ask_many(&question, NULL, 0, NULL);
}

/* Takes connections and no requests: nobody is answered, not even late. */
static nng_socket start_silent(const char *url)
{
    nng_socket silent;
    assert_int_equal(nng_rep0_open(&silent), 0);
    assert_int_equal(nng_listen(silent, url, NULL, 0), 0);
    return silent;
}

static void test_one_deadline_for_all(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket silent = start_silent(f->url);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    psd_question question = question_of(&request, 300);
    const char *urls[] = {f->url, f->url};
    psd_answer answers[2];
    int64_t begin_ms = psd_clock_mono_ms();
    psd_ask_many(&question, urls, 2, answers);
    assert_in_range(psd_clock_mono_ms() - begin_ms, 290, 300 + SLACK_MS);
    for (size_t i = 0; i < 2; i++) {
        assert_null(answers[i].response);
        assert_int_equal(answers[i].error.code, PSD_DEADLINE_EXCEEDED);
    }
    nng_close(silent);
}

static void count(void *arg, size_t index PSD_UNUSED, const psd_answer *answer)
{
    *(size_t *)arg += answer->response != NULL; /* one at a time: no lock */
}

/* Asks MANY times the server at URL. The answers are for psd_answers_free() and free(). */
static psd_answer *ask_many_times(const psd_question *question, const char *url)
{
    PSD_AUTO_FREE const char **urls = calloc(MANY, sizeof(*urls));
    psd_answer *answers = calloc(MANY, sizeof(*answers));
    assert_non_null(urls);
    assert_non_null(answers);
    for (size_t i = 0; i < MANY; i++)
        urls[i] = url;
    psd_ask_many(question, urls, MANY, answers);
    return answers;
}

static void test_more_than_fit_at_once(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    psd_question question = question_of(&request, 20000);
    size_t told = 0;
    question.answered = count;
    question.arg = &told;
    PSD_AUTO_FREE psd_answer *answers = ask_many_times(&question, f->url);
    assert_int_equal(told, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_string_equal(text_of(&answers[i]), "x");
    psd_answers_free(answers, MANY);
}

/* Those that do not answer hold all places; the rest is told that its turn never came. */
static void test_turns_that_never_come(void **state)
{
    psd_rpc_fixture *f = *state;
    nng_socket silent = start_silent(f->url);
    Test__V1__EchoRequest request = psd_rpc_request("x", 0);
    psd_question question = question_of(&request, 500);
    PSD_AUTO_FREE psd_answer *answers = ask_many_times(&question, f->url);
    size_t unasked = 0;
    for (size_t i = 0; i < MANY; i++) {
        assert_null(answers[i].response);
        assert_int_equal(answers[i].error.code, PSD_DEADLINE_EXCEEDED);
        unasked += strstr(answers[i].error.text, "not asked") != NULL;
    }
    assert_in_range(unasked, 1, MANY - PSD_ASK_MANY_AT_ONCE);
    nng_close(silent);
}

/* A connection that brought an answer stays, and serves again; one that is lost is
 * made anew, and of one that brought none nothing is left. */
static void test_connections_that_stand(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("hello", 0);
    psd_question question = question_of(&request, 5000);
    const char *urls[] = {f->url, nobody, f->url};
    psd_client *clients[3] = {NULL};
    psd_client *first[3] = {NULL};
    psd_answer answers[3];
    size_t told = 0;
    question.clients = clients;
    question.keep_most = SIZE_MAX;
    question.answered = count;
    question.arg = &told;
    for (size_t i = 0; i < 2; i++) {
        psd_ask_many(&question, urls, 3, answers);
        assert_string_equal(text_of(&answers[0]), "hello");
        assert_string_equal(text_of(&answers[2]), "hello");
        assert_int_equal(answers[1].error.code, PSD_UNAVAILABLE);
        assert_non_null(clients[0]);
        assert_null(clients[1]);
        assert_true(i == 0 || clients[2] == first[2]);
        memcpy(first, clients, sizeof(first));
        psd_answers_free(answers, 3);
    }
    assert_int_equal(told, 4);
    psd_echo_server_stop(&f->echo, 0);
    psd_echo_server_start(&f->echo);
    psd_ask_many(&question, urls, 3, answers);
    assert_string_equal(text_of(&answers[0]), "hello");
    assert_string_equal(text_of(&answers[2]), "hello");
    psd_answers_free(answers, 3);
    psd_echo_server_stop(&f->echo, 0);
    psd_ask_many(&question, urls, 3, answers);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(answers[i].error.code, PSD_UNAVAILABLE);
        assert_null(clients[i]);
    }
    psd_echo_server_start(&f->echo);
}

static void test_an_error_over_a_connection_that_stands(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest good = psd_rpc_request("hello", 0);
    Test__V1__EchoRequest bad = psd_rpc_request("fail 5 no such thing", 0);
    Test__V1__EchoRequest slow = psd_rpc_request("hello", 3000);
    psd_question question = question_of(&good, 5000);
    const char *urls[] = {f->url};
    psd_client *clients[1] = {NULL};
    psd_answer answer;
    question.clients = clients;
    question.keep_most = SIZE_MAX;
    for (size_t i = 0; i < 2; i++) {
        question.request = &good.base;
        question.timeout_ms = 5000;
        psd_ask_many(&question, urls, 1, &answer);
        assert_string_equal(text_of(&answer), "hello");
        psd_answers_free(&answer, 1);
        question.request = i == 0 ? &bad.base : &slow.base;
        question.timeout_ms = i == 0 ? 5000 : 300;
        int64_t begin_ms = psd_clock_mono_ms();
        psd_ask_many(&question, urls, 1, &answer);
        assert_null(answer.response);
        assert_int_equal(answer.error.code, i == 0 ? PSD_NOT_FOUND : PSD_DEADLINE_EXCEEDED);
        assert_in_range(psd_clock_mono_ms() - begin_ms, 0, 300 + SLACK_MS);
        assert_null(clients[0]);
    }
}

/* A server that is not available itself says so over its connection: that is its answer,
 * and no reason to ask it again. */
static void test_unavailable_is_an_answer_too(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest good = psd_rpc_request("hello", 0);
    Test__V1__EchoRequest bad = psd_rpc_request("fail 14 my runtime is away", 0);
    psd_question question = question_of(&good, 5000);
    const char *urls[] = {f->url};
    psd_client *clients[1] = {NULL};
    psd_answer answer;
    question.clients = clients;
    question.keep_most = 1;
    psd_ask_many(&question, urls, 1, &answer);
    assert_string_equal(text_of(&answer), "hello");
    psd_answers_free(&answer, 1);
    unsigned before = atomic_load(&f->echo.echo_runs);
    question.request = &bad.base;
    psd_ask_many(&question, urls, 1, &answer);
    assert_null(answer.response);
    assert_int_equal(answer.error.code, PSD_UNAVAILABLE);
    assert_string_equal(answer.error.text, "my runtime is away");
    assert_int_equal(atomic_load(&f->echo.echo_runs) - before, 1);
}

static void test_no_more_connections_than_are_wanted(void **state)
{
    psd_rpc_fixture *f = *state;
    Test__V1__EchoRequest request = psd_rpc_request("hello", 0);
    psd_question question = question_of(&request, 5000);
    const char *urls[] = {f->url, f->url, f->url, f->url};
    psd_client *clients[4] = {NULL};
    psd_answer answers[4];
    question.clients = clients;
    question.keep_most = 2;
    for (size_t round = 0; round < 3; round++) {
        size_t kept = 0;
        psd_ask_many(&question, urls, 4, answers);
        for (size_t i = 0; i < 4; i++) {
            assert_string_equal(text_of(&answers[i]), "hello");
            kept += clients[i] != NULL;
        }
        assert_int_equal(kept, 2);
        psd_answers_free(answers, 4);
    }
    for (size_t i = 0; i < 4; i++)
        psd_client_close(clients[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_server(test_each_answer_in_its_place),
        with_server(test_an_error_is_an_answer),
        with_server(test_nobody_at_all),
        without_server(test_one_deadline_for_all),
        with_server(test_more_than_fit_at_once),
        without_server(test_turns_that_never_come),
        with_server(test_connections_that_stand),
        with_server(test_an_error_over_a_connection_that_stands),
        with_server(test_unavailable_is_an_answer_too),
        with_server(test_no_more_connections_than_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
