/* One check of all nodes, put together from what each answers. */
#include "k8s/cluster/core_versions.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "common/text.h"
#include "polarstack/v1/core_version.pb-c.h"
#include "test/support/check.h"

enum { NODES = 3 };

typedef Polarstack__V1__ClusterCoreVersionCheck cluster_check;
typedef Polarstack__V1__CoreVersionCheck answer;

static char node_names[NODES][8] = {"n1", "n2", "n3"};
static char url[] = "tcp://192.0.2.7:8901";
static Polarstack__V1__ClusterNode node_messages[NODES];
static Polarstack__V1__ClusterNode *nodes[NODES];
static Polarstack__V1__ClusterNodes all;
static cluster_check *check;

static int begin(void **state)
{
    (void)state;
    polarstack__v1__cluster_nodes__init(&all);
    for (size_t i = 0; i < NODES; i++) {
        polarstack__v1__cluster_node__init(&node_messages[i]);
        node_messages[i].node = node_names[i];
        node_messages[i].url = url;
        nodes[i] = &node_messages[i];
    }
    all.nodes = nodes;
    all.n_nodes = NODES;
    check = psd_core_check_new();
    psd_core_check_expect(check, &all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    polarstack__v1__cluster_core_version_check__free_unpacked(check, NULL);
    return 0;
}

typedef struct said {
    char *present[4];
    char *absent[4];
    char *unknown[4];
} said;

static size_t count_of(char *const *names)
{
    size_t count = 0;
    while (count < 4 && names[count])
        count++;
    return count;
}

/* Node I answers, as NAME. */
static void take_as(size_t i, char *name, said words)
{
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    answer a = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    char runtime[] = "containerd 1.6.20";
    observation.node = name;
    a.observation = &observation;
    a.done = true;
    a.runtime = runtime;
    a.present = words.present;
    a.n_present = count_of(words.present);
    a.absent = words.absent;
    a.n_absent = count_of(words.absent);
    a.unknown = words.unknown;
    a.n_unknown = count_of(words.unknown);
    psd_core_check_take(check, nodes[i], &a.base, NULL);
}

static void take(size_t i, said words)
{
    take_as(i, node_names[i], words);
}

static void add_list(psd_text *text, const char *what, const uint32_t *indices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        psd_text_printf(text, " %s%s", what, check->versions[indices[i]]);
}

/* "n1 +a -b ?c", or "n1 CODE text", or "n1 runs" */
static void check_row(size_t i, const char *wanted)
{
    const Polarstack__V1__NodeCoreVersionCheck *row = check->nodes[i];
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, row->node);
    if (!row->done)
        psd_text_add(&text, " runs");
    else if (!row->checked)
        psd_text_printf(&text, " %s %s", psd_code_name((psd_code)row->code), row->error);
    add_list(&text, "+", row->present, row->n_present);
    add_list(&text, "-", row->absent, row->n_absent);
    add_list(&text, "?", row->unknown, row->n_unknown);
    assert_string_equal(psd_text_string(&text), wanted);
}

static void nobody_has_answered_at_first(void **state)
{
    (void)state;
    assert_int_equal(strlen(check->operation_id), 16);
    assert_false(check->done);
    assert_true(check->started_at_ms > 0);
    check_row(0, "n1 runs");
    check_row(2, "n3 runs");
}

static void names_become_indices_in_order(void **state)
{
    (void)state;
    char a[] = "a";
    char m[] = "m";
    char z[] = "z";
    take(1, (said){.present = {m}, .absent = {z}});
    check_row(1, "n2 +m -z");
    take(0, (said){.present = {a, z}, .unknown = {m}});
    check_row(0, "n1 +a +z ?m");
    check_row(1, "n2 +m -z");
    check_row(2, "n3 runs");
    assert_int_equal(check->n_versions, 3);
    assert_string_equal(check->versions[0], "a");
    assert_string_equal(check->versions[2], "z");
    assert_string_equal(check->nodes[0]->runtime, "containerd 1.6.20");
}

static void indices_ascend_whatever_the_order_of_the_answer(void **state)
{
    (void)state;
    char a[] = "a";
    char c[] = "c";
    char d[] = "d";
    take(0, (said){.present = {d, a, c}});
    check_row(0, "n1 +a +c +d");
}

static void failures_are_rows(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_UNAVAILABLE, "cannot reach %s", url);
    psd_core_check_take(check, nodes[0], NULL, &error);
    check_row(0, "n1 UNAVAILABLE cannot reach tcp://192.0.2.7:8901");
    psd_error_set(
        &error, PSD_PERMISSION_DENIED,
        "it needs the role OPERATOR, the caller has READER: start this daemon with --listen-role operator");
    psd_core_check_take(check, nodes[1], NULL, &error);
    check_row(
        1, "n2 PERMISSION_DENIED it needs the role OPERATOR, the caller has READER: start this daemon with "
           "--listen-role operator");
    psd_error_set(&error, PSD_UNIMPLEMENTED, "this server has no such method");
    psd_core_check_take(check, nodes[2], NULL, &error);
    check_row(2, "n3 UNIMPLEMENTED its daemon is of an older version: this server has no such method");
    psd_core_check_end(check, NULL);
    assert_true(check->done);
    assert_int_equal(check->code, 0);
}

static void another_nodes_answer_is_none(void **state)
{
    (void)state;
    char a[] = "a";
    char other[] = "n9";
    char none[] = "";
    take_as(0, other, (said){.present = {a}});
    check_row(0, "n1 FAILED_PRECONDITION tcp://192.0.2.7:8901 answers as node 'n9'");
    take_as(1, none, (said){.present = {a}});
    check_row(1, "n2 FAILED_PRECONDITION tcp://192.0.2.7:8901 answers as node ''");
    answer nothing = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    psd_core_check_take(check, nodes[2], &nothing.base, NULL);
    check_row(2, "n3 FAILED_PRECONDITION tcp://192.0.2.7:8901 answers as node ''");
    assert_int_equal(check->n_versions, 0);
}

static void nonsense_is_an_error(void **state)
{
    (void)state;
    char empty[] = "";
    char two[] = "a,b";
    char endless[300];
    memset(endless, 'x', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = 0;
    take(0, (said){.present = {empty}});
    check_row(0, "n1 DATA_LOSS tcp://192.0.2.7:8901: the answer makes no sense");
    take(1, (said){.absent = {two}});
    check_row(1, "n2 DATA_LOSS tcp://192.0.2.7:8901: the answer makes no sense");
    take(2, (said){.unknown = {endless}});
    check_row(2, "n3 DATA_LOSS tcp://192.0.2.7:8901: the answer makes no sense");
    assert_int_equal(check->n_versions, 0);
}

static void the_first_answer_counts(void **state)
{
    (void)state;
    char a[] = "a";
    take(0, (said){.present = {a}});
    take(0, (said){.absent = {a}});
    check_row(0, "n1 +a");
}

static void it_is_remembered_as_it_stands(void **state)
{
    (void)state;
    char a[] = "a";
    psd_error error = PSD_ERROR_INIT;
    psd_operations *checks = psd_operations_new(PSD_CORE_CHECKS_REMEMBERED);
    assert_works(psd_core_check_remember(checks, check, &error), &error);
    take(0, (said){.present = {a}});
    assert_works(psd_core_check_remember(checks, check, &error), &error);
    PSD_AUTO_FREE uint8_t *packed = NULL;
    size_t length = 0;
    assert_works(psd_operations_get(checks, check->operation_id, &packed, &length, &error), &error);
    cluster_check *seen = polarstack__v1__cluster_core_version_check__unpack(NULL, length, packed);
    assert_non_null(seen);
    assert_false(seen->done);
    assert_true(seen->nodes[0]->checked);
    assert_false(seen->nodes[1]->done);
    polarstack__v1__cluster_core_version_check__free_unpacked(seen, NULL);
    psd_operations_free(checks);
}

static void a_cluster_that_cannot_be_asked(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_error_set(&error, PSD_PERMISSION_DENIED, "cannot list the agents' pods");
    psd_core_check_end(check, &error);
    assert_true(check->done);
    assert_int_equal(check->code, PSD_PERMISSION_DENIED);
    assert_string_equal(check->error, "cannot list the agents' pods");
    assert_true(check->ended_at_ms >= check->started_at_ms);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(nobody_has_answered_at_first),
        TEST(names_become_indices_in_order),
        TEST(indices_ascend_whatever_the_order_of_the_answer),
        TEST(failures_are_rows),
        TEST(another_nodes_answer_is_none),
        TEST(nonsense_is_an_error),
        TEST(the_first_answer_counts),
        TEST(it_is_remembered_as_it_stands),
        TEST(a_cluster_that_cannot_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
