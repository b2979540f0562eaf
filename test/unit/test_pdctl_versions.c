/* How pdctl shows versions: cells, what it says of one, what a check found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "client/pdctl/document.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/version_rows.h"
#include "client/pdctl/versions.h"
#include "common/macros.h"

#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN
#define NEVER POLARSTACK__V1__PRESENCE__PRESENCE_UNSPECIFIED

typedef Polarstack__V1__Presence presence;

/* 2026-01-02 03:04:05 UTC, and five minutes later */
#define SINCE_MS INT64_C(1767323045000)
#define NOW_MS (SINCE_MS + 300000)

/* An answer with one version of up to three images; its texts are constants. */
typedef struct sample {
    Polarstack__V1__CoreVersionAvailability answer;
    Polarrpc__V1__Observation observation;
    Polarstack__V1__CoreVersion version;
    Polarstack__V1__CoreVersion *versions[1];
    Polarstack__V1__CoreVersionImage images[3];
    Polarstack__V1__CoreVersionImage *pointers[3];
} sample;

static const char *const keys[] = {"engineImage", "managerImage", "toolImage"};
static const char *const names[] = {"registry.example:5000/engine:1", "manager:2", "tool"};

static void set(char **field, const char *text)
{
    *field = (char *)(uintptr_t)text; /* the sample is never freed */
}

static void start_sample(sample *it, presence whole, presence last_known)
{
    polarstack__v1__core_version_availability__init(&it->answer);
    polarrpc__v1__observation__init(&it->observation);
    polarstack__v1__core_version__init(&it->version);
    it->observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    it->observation.observed_at_ms = NOW_MS - 1500;
    it->observation.revision = 7;
    set(&it->observation.node, "n1");
    it->answer.observation = &it->observation;
    it->answer.versions = it->versions;
    it->answer.n_versions = 1;
    it->versions[0] = &it->version;
    set(&it->answer.runtime, "containerd 1.6.20");
    set(&it->answer.runtime_endpoint, "unix:///run/c.sock");
    set(&it->version.name, "15.2");
    set(&it->version.config_map, "pg-15");
    it->version.presence = whole;
    it->version.last_known = last_known;
    it->version.changed_at_ms = SINCE_MS;
    it->version.images = it->pointers;
}

static void add_image(sample *it, presence one, presence last_known, bool pinned)
{
    size_t index = it->version.n_images++;
    Polarstack__V1__CoreVersionImage *image = &it->images[index];
    polarstack__v1__core_version_image__init(image);
    set(&image->key, keys[index]);
    set(&image->image, names[index]);
    image->presence = one;
    image->last_known = last_known;
    image->changed_at_ms = SINCE_MS;
    image->pinned = pinned;
    it->pointers[index] = image;
}

/* ---- cells ---- */

static void assert_cell(const psd_cli_resource *resource, const void *row, const char *title,
                        const char *expected)
{
    for (size_t i = 0; i < resource->column_count; i++) {
        if (strcmp(resource->columns[i].title, title) != 0)
            continue;
        psd_text cell = PSD_TEXT_INIT;
        resource->columns[i].print(row, &cell);
        assert_string_equal(psd_text_string(&cell), expected);
        psd_text_free(&cell);
        return;
    }
    fail_msg("no column %s", title);
}

static void test_cells_of_a_version(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, ABSENT, ABSENT);
    add_image(&it, PRESENT, PRESENT, false);
    add_image(&it, ABSENT, ABSENT, false);
    add_image(&it, UNKNOWN, NEVER, false);
    assert_cell(&psd_cli_versions, &it.version, "NAME", "15.2");
    assert_cell(&psd_cli_versions, &it.version, "PRESENCE", "ABSENT");
    assert_cell(&psd_cli_versions, &it.version, "IMAGES", "1/3");
    assert_cell(&psd_cli_versions, &it.version, "CONFIG-MAP", "pg-15");
    assert_cell(&psd_cli_versions, &it.version, "NOT-PRESENT", "managerImage=manager:2,toolImage=tool?");
    it.version.changed_at_ms = 0;
    set(&it.version.config_map, "");
    assert_cell(&psd_cli_versions, &it.version, "AGE", "-");
    assert_cell(&psd_cli_versions, &it.version, "CONFIG-MAP", "-");
}

static void test_cells_when_nothing_can_be_told(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, UNKNOWN, PRESENT);
    add_image(&it, UNKNOWN, PRESENT, false);
    add_image(&it, UNKNOWN, PRESENT, false);
    assert_cell(&psd_cli_versions, &it.version, "PRESENCE", "UNKNOWN (was PRESENT)");
    assert_cell(&psd_cli_versions, &it.version, "IMAGES", "?/2");
    it.version.last_known = NEVER;
    assert_cell(&psd_cli_versions, &it.version, "PRESENCE", "UNKNOWN");
    it.version.presence = (presence)9; /* a newer daemon's */
    assert_cell(&psd_cli_versions, &it.version, "PRESENCE", "UNKNOWN");
}

static void test_cells_are_harmless(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, ABSENT, ABSENT);
    add_image(&it, ABSENT, ABSENT, false);
    set(&it.version.name, "a\x1b[31m");
    set(&it.images[0].image, "b\nc");
    assert_cell(&psd_cli_versions, &it.version, "NAME", "a\\x1b[31m");
    assert_cell(&psd_cli_versions, &it.version, "NOT-PRESENT", "engineImage=b\\x0ac");
}

/* ---- selection ---- */

static void assert_selected(const char *list, const char *name, bool expected)
{
    psd_cli_settings settings = {.names = (char *)(uintptr_t)list};
    ProtobufCMessage *request = psd_cli_versions.request(&settings);
    sample it;
    start_sample(&it, PRESENT, PRESENT);
    set(&it.version.name, name);
    assert_int_equal(psd_cli_versions.selects(request, &it.version.base), expected);
    protobuf_c_message_free_unpacked(request, NULL);
}

static void test_selection(void **state)
{
    (void)state;
    assert_selected(NULL, "a", true);
    assert_selected("a", "a", true);
    assert_selected("a", "ab", false);
    assert_selected("b,a", "a", true);
    assert_selected("b,,c", "a", false);
    assert_selected("", "a", false);
}

/* ---- why ---- */

static void assert_summary(const sample *it, const char *expected)
{
    psd_text text = PSD_TEXT_INIT;
    psd_cli_add_version_summary(&it->version, &text);
    assert_string_equal(psd_text_string(&text), expected);
    psd_text_free(&text);
}

static void assert_details(const sample *it, const char *expected)
{
    psd_text text = PSD_TEXT_INIT;
    psd_cli_add_version_details(&it->answer, &it->version, NOW_MS, &text);
    assert_string_equal(psd_text_string(&text), expected);
    psd_text_free(&text);
}

#define TIME "2026-01-02T03:04:05.000Z (5m0s)"
#define FRESH "  seen:           FRESH, observed 1.5s ago, revision 7, node n1\n"

static void test_why_present(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, PRESENT, PRESENT);
    add_image(&it, PRESENT, PRESENT, true);
    assert_summary(&it, "version 15.2 is PRESENT: all of its images are on this host");
    assert_details(&it, "  since:          " TIME "\n"
                        "  defined by:     ConfigMap pg-15\n"
                        "  runtime:        containerd 1.6.20 at unix:///run/c.sock\n" FRESH
                        "  image:          engineImage registry.example:5000/engine:1\n"
                        "    presence:     PRESENT since " TIME ", pinned\n");
}

static void test_why_present_for_how_long(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, PRESENT, PRESENT);
    add_image(&it, PRESENT, PRESENT, true);
    add_image(&it, PRESENT, PRESENT, false);
    const char head[] = "  since:          " TIME "\n"
                        "  defined by:     ConfigMap pg-15\n"
                        "  runtime:        %s at unix:///run/c.sock\n" FRESH
                        "  image:          engineImage registry.example:5000/engine:1\n"
                        "    presence:     PRESENT since " TIME ", pinned\n"
                        "  image:          managerImage manager:2\n"
                        "    presence:     PRESENT since " TIME ", not pinned\n"
                        "  -> 1 of 2 images is not pinned: once its disk is fuller than "
                        "imageGCHighThresholdPercent (85 if not set), the kubelet removes images that no "
                        "container uses\n"
                        "  -> %s\n";
    static const char *const mends[][2] = {
        {"containerd 1.7.10", "pin them: ctr -n k8s.io images label IMAGE io.cri-containerd.pinned=pinned "
                              "(containerd 1.6.25, 1.7.10 or newer), or raise that limit"},
        {"cri-o 1.28", "pin them: pinned_images in the configuration of CRI-O, or raise that limit"},
        {"Docker 20.10.24", "raise that limit, or have a container use them"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(mends); i++) {
        psd_text expected = PSD_TEXT_INIT;
        psd_text_printf(&expected, head, mends[i][0], mends[i][1]);
        set(&it.answer.runtime, mends[i][0]);
        assert_details(&it, psd_text_string(&expected));
        psd_text_free(&expected);
    }
}

static void test_why_absent(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, ABSENT, ABSENT);
    add_image(&it, PRESENT, PRESENT, false);
    add_image(&it, ABSENT, ABSENT, false);
    assert_summary(&it, "version 15.2 is ABSENT: 1 of 2 images is not on this host");
    assert_details(&it, "  since:          " TIME "\n"
                        "  defined by:     ConfigMap pg-15\n"
                        "  runtime:        containerd 1.6.20 at unix:///run/c.sock\n" FRESH
                        "  image:          engineImage registry.example:5000/engine:1\n"
                        "    presence:     PRESENT since " TIME ", not pinned\n"
                        "  image:          managerImage manager:2\n"
                        "    presence:     ABSENT since " TIME "\n"
                        "  -> get it: crictl --runtime-endpoint unix:///run/c.sock pull manager:2, or "
                        "ctr -n k8s.io images import FILE\n");
    set(&it.answer.runtime, "Docker 20.10.24");
    psd_text text = PSD_TEXT_INIT;
    psd_cli_add_version_details(&it.answer, &it.version, NOW_MS, &text);
    assert_non_null(
        strstr(psd_text_string(&text), "  -> get it: docker pull manager:2, or docker load -i FILE\n"));
    psd_text_free(&text);
    add_image(&it, ABSENT, ABSENT, false);
    assert_summary(&it, "version 15.2 is ABSENT: 2 of 3 images are not on this host");
}

static void test_why_unknown(void **state)
{
    (void)state;
    sample it;
    start_sample(&it, UNKNOWN, PRESENT);
    add_image(&it, UNKNOWN, PRESENT, false);
    set(&it.images[0].fault, "the runtime does not answer");
    it.observation.state = POLARRPC__V1__OBSERVATION_STATE__STALE;
    set(&it.observation.reason, "no answer within 2s");
    set(&it.answer.runtime, "");
    set(&it.version.config_map, "");
    assert_summary(&it, "version 15.2 is UNKNOWN (was PRESENT): 1 of 1 images cannot be told");
    assert_details(&it, "  since:          " TIME "\n"
                        "  defined by:     not known\n"
                        "  runtime:        not known, at unix:///run/c.sock\n"
                        "  seen:           STALE for 1.5s: no answer within 2s\n"
                        "  image:          engineImage registry.example:5000/engine:1\n"
                        "    presence:     UNKNOWN (was PRESENT) since " TIME "\n"
                        "    fault:        the runtime does not answer\n"
                        "  -> see that the container runtime runs and where: 'pdctl doctor', option "
                        "--runtime-endpoint of the daemon; then 'pdctl check versions'\n");
    set(&it.answer.runtime_endpoint, "");
    it.observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    psd_text text = PSD_TEXT_INIT;
    psd_cli_add_version_details(&it.answer, &it.version, NOW_MS, &text);
    assert_non_null(strstr(psd_text_string(&text), "  runtime:        not known\n"));
    assert_non_null(
        strstr(psd_text_string(&text), "  -> correct the image's name where the version is defined\n"));
    psd_text_free(&text);
}

/* ---- checks ---- */

static void assert_tree(const psd_cli_check *check, const char *expected)
{
    cJSON *tree = psd_cli_check_tree(check);
    psd_text text = PSD_TEXT_INIT;
    psd_document_json_line(tree, &text);
    assert_string_equal(psd_text_string(&text), expected);
    psd_text_free(&text);
    cJSON_Delete(tree);
}

static void test_rows_of_daemons(void **state)
{
    (void)state;
    char *present[] = {(char[]){"a"}, (char[]){"b"}};
    char *absent[] = {(char[]){"c"}};
    Polarstack__V1__CoreVersionCheck answer = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    psd_error error = PSD_ERROR_INIT;
    psd_cli_check check = {.operation_id = ""};
    answer.done = true;
    answer.present = present;
    answer.n_present = 2;
    answer.absent = absent;
    answer.n_absent = 1;
    set(&answer.operation_id, "x1");
    set(&answer.runtime, "containerd 1.6.20");
    psd_cli_check_add(&check, "n1", &answer, &error);
    psd_error_set(&error, PSD_DEADLINE_EXCEEDED, "no answer");
    psd_cli_check_add(&check, "tcp://x:1", NULL, &error);
    assert_int_equal(psd_cli_check_good(&check), 1);
    assert_false(check.running);
    assert_tree(
        &check,
        "{\"done\":true,\"nodes\":[{\"node\":\"n1\",\"operationId\":\"x1\",\"done\":true,\"checked\":true,"
        "\"present\":[\"a\",\"b\"],\"absent\":[\"c\"],\"unknown\":[],\"runtime\":\"containerd 1.6.20\"},"
        "{\"node\":\"tcp://x:1\",\"done\":true,\"checked\":false,\"present\":[],\"absent\":[],"
        "\"unknown\":[],\"runtime\":\"\",\"error\":{\"code\":\"DEADLINE_EXCEEDED\",\"message\":\"no "
        "answer\"}}]}\n");
    assert_cell(&psd_cli_check_table, &check.rows[0], "CHECKED", "yes");
    assert_cell(&psd_cli_check_table, &check.rows[0], "PRESENT", "2");
    assert_cell(&psd_cli_check_table, &check.rows[0], "UNKNOWN", "0");
    assert_cell(&psd_cli_check_table, &check.rows[0], "PRESENT-NAMES", "a,b");
    assert_cell(&psd_cli_check_table, &check.rows[0], "UNKNOWN-NAMES", "-");
    assert_cell(&psd_cli_check_table, &check.rows[0], "ERROR", "-");
    assert_cell(&psd_cli_check_table, &check.rows[1], "CHECKED", "no");
    assert_cell(&psd_cli_check_table, &check.rows[1], "ABSENT", "-");
    assert_cell(&psd_cli_check_table, &check.rows[1], "RUNTIME", "-");
    assert_cell(&psd_cli_check_table, &check.rows[1], "ERROR", "DEADLINE_EXCEEDED: no answer");
    psd_cli_check_free(&check);
}

/* One that runs is neither good nor bad; one that is over and failed is bad. */
static void test_a_daemon_that_is_not_done(void **state)
{
    (void)state;
    Polarstack__V1__CoreVersionCheck answer = POLARSTACK__V1__CORE_VERSION_CHECK__INIT;
    psd_cli_check check = {.operation_id = ""};
    psd_cli_check_add(&check, "n1", &answer, NULL);
    assert_true(check.running);
    assert_int_equal(psd_cli_check_good(&check), 0);
    assert_cell(&psd_cli_check_table, &check.rows[0], "CHECKED", "running");
    answer.done = true;
    answer.code = PSD_UNAVAILABLE;
    set(&answer.error, "nobody listens");
    psd_cli_check_add(&check, "n2", &answer, NULL);
    assert_int_equal(psd_cli_check_good(&check), 0);
    assert_cell(&psd_cli_check_table, &check.rows[1], "CHECKED", "no");
    assert_cell(&psd_cli_check_table, &check.rows[1], "ERROR", "UNAVAILABLE: nobody listens");
    psd_cli_check_free(&check);
}

static void test_rows_of_a_cluster(void **state)
{
    (void)state;
    char *versions[] = {(char[]){"a"}, (char[]){"b"}};
    uint32_t indices[] = {1, 2, UINT32_MAX}; /* the latter two lead nowhere */
    Polarstack__V1__NodeCoreVersionCheck nodes[3] = {POLARSTACK__V1__NODE_CORE_VERSION_CHECK__INIT,
                                                     POLARSTACK__V1__NODE_CORE_VERSION_CHECK__INIT,
                                                     POLARSTACK__V1__NODE_CORE_VERSION_CHECK__INIT};
    Polarstack__V1__NodeCoreVersionCheck *pointers[] = {&nodes[0], &nodes[1], &nodes[2]};
    Polarstack__V1__ClusterCoreVersionCheck answer = POLARSTACK__V1__CLUSTER_CORE_VERSION_CHECK__INIT;
    answer.versions = versions;
    answer.n_versions = 2;
    answer.nodes = pointers;
    answer.n_nodes = 3;
    set(&answer.operation_id, "x1");
    set(&nodes[0].node, "n1");
    set(&nodes[1].node, "n2");
    set(&nodes[2].node, "n3");
    nodes[0].done = nodes[0].checked = nodes[1].done = true;
    nodes[0].present = indices;
    nodes[0].n_present = 3;
    nodes[1].code = PSD_PERMISSION_DENIED;
    psd_cli_check check = {.operation_id = ""};
    psd_cli_check_add_cluster(&check, &answer);
    assert_true(check.running);
    assert_int_equal(psd_cli_check_good(&check), 1);
    assert_cell(&psd_cli_check_table, &check.rows[0], "PRESENT-NAMES", "b");
    assert_cell(&psd_cli_check_table, &check.rows[1], "CHECKED", "no");
    assert_cell(&psd_cli_check_table, &check.rows[2], "CHECKED", "running");
    psd_cli_check_free(&check);

    answer.done = true; /* the time is up: the third one has not answered */
    check = (psd_cli_check){.operation_id = ""};
    psd_cli_check_add_cluster(&check, &answer);
    assert_false(check.running);
    assert_string_equal(check.operation_id, "x1");
    assert_cell(&psd_cli_check_table, &check.rows[2], "CHECKED", "no");
    psd_cli_check_free(&check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_of_a_version), cmocka_unit_test(test_cells_when_nothing_can_be_told),
        cmocka_unit_test(test_cells_are_harmless), cmocka_unit_test(test_selection),
        cmocka_unit_test(test_why_present),        cmocka_unit_test(test_why_present_for_how_long),
        cmocka_unit_test(test_why_absent),         cmocka_unit_test(test_why_unknown),
        cmocka_unit_test(test_rows_of_daemons),    cmocka_unit_test(test_a_daemon_that_is_not_done),
        cmocka_unit_test(test_rows_of_a_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
