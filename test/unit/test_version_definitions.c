/* The versions that the cluster tells: only a real change counts, and wakes. */
#include "server/scan/version/definitions.h"

#include <stdatomic.h>
#include <unistd.h>

#include "common/clock.h"
#include "test/support/check.h"
#include "test/support/node_config_sample.h"

enum { PATIENCE_MS = 10000 };

typedef struct fixture {
    psd_version_definitions definitions;
    psd_version_list list;
    Polarstack__V1__NodeConfig *config;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    psd_version_definitions_init(&f.definitions);
    f.list = (psd_version_list){.seen = 0};
    f.config = psd_test_node_config();
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    psd_version_definitions_free(&f->definitions);
    psd_version_list_free(&f->list);
    psd_test_node_config_free(f->config);
    return 0;
}

/* What is told now: whether it is, and how many versions. True when it was news. */
static bool tells(fixture *f, bool told, size_t versions)
{
    psd_error error = PSD_ERROR_INIT;
    uint64_t before = f->list.seen;
    assert_works(psd_version_definitions_get(&f->definitions, &f->list, &error), &error);
    assert_int_equal(f->list.told, told);
    assert_int_equal(f->list.config->n_core_versions, versions);
    return f->list.seen != before;
}

static void test_at_first_nothing_is_told(void **state)
{
    fixture *f = *state;
    assert_true(tells(f, false, 0));
    assert_false(tells(f, false, 0));
}

static void test_the_versions_are_taken_over(void **state)
{
    fixture *f = *state;
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_true(tells(f, true, f->config->n_core_versions));
    for (size_t i = 0; i < f->config->n_core_versions; i++) {
        assert_string_equal(f->list.config->core_versions[i]->name, f->config->core_versions[i]->name);
        assert_int_equal(f->list.config->core_versions[i]->n_images, f->config->core_versions[i]->n_images);
    }
}

static void test_only_a_change_of_the_versions_is_news(void **state)
{
    fixture *f = *state;
    size_t count = f->config->n_core_versions;
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_true(tells(f, true, count));
    psd_test_set(&f->config->client_nic, "eth0");
    f->config->publish_ports = !f->config->publish_ports;
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_false(tells(f, true, count));
    psd_test_set(&f->config->core_versions[0]->images[0]->image, "other:1");
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_true(tells(f, true, count));
    assert_string_equal(f->list.config->core_versions[0]->images[0]->image, "other:1");
}

/* A cluster without versions is not a cluster that has said nothing. */
static void test_none_is_not_the_same_as_not_told(void **state)
{
    fixture *f = *state;
    assert_true(tells(f, false, 0));
    size_t versions = f->config->n_core_versions;
    size_t provenance = f->config->n_provenance;
    f->config->n_core_versions = 0;
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_true(tells(f, true, 0));
    f->config->n_provenance = 0;
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_true(tells(f, false, 0));
    f->config->n_core_versions = versions; /* without an entry they mean nothing */
    psd_version_definitions_set_config(&f->definitions, f->config);
    assert_false(tells(f, false, 0));
    f->config->n_provenance = provenance;
}

/* ---- waking ---- */

static atomic_uint scans;

static int init(const void *settings PSD_UNUSED, void **state, psd_error *error PSD_UNUSED)
{
    *state = NULL;
    return 0;
}

static int scan(void *state PSD_UNUSED, const psd_scan_request *request PSD_UNUSED,
                const psd_sink *sink PSD_UNUSED, int64_t *next_ms, psd_error *error PSD_UNUSED)
{
    scans++;
    *next_ms = PSD_SCANNER_NEVER;
    return 0;
}

static void fini(void *state PSD_UNUSED)
{
}

static void wait_for_scans(unsigned wanted)
{
    int64_t end_ms = psd_clock_mono_ms() + PATIENCE_MS;
    while (scans < wanted) {
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("%u scans instead of %u", scans, wanted);
        usleep(1000);
    }
}

static void test_a_change_wakes_the_scanner(void **state)
{
    static const psd_scanner_type counting = {.name = "count", .init = init, .scan = scan, .fini = fini};
    fixture *f = *state;
    const psd_sink sink = {.arg = NULL};
    psd_scanner *scanner = NULL;
    psd_error error = PSD_ERROR_INIT;
    scans = 0;
    assert_works(psd_scanner_start(&counting, NULL, &sink, NULL, NULL, &scanner, &error), &error);
    wait_for_scans(1);
    psd_version_definitions_set_scanner(&f->definitions, scanner);
    psd_version_definitions_set_config(&f->definitions, f->config);
    wait_for_scans(2);
    psd_version_definitions_set_config(&f->definitions, f->config); /* the same: no scan */
    psd_test_set(&f->config->core_versions[0]->images[0]->image, "other:1");
    psd_version_definitions_set_config(&f->definitions, f->config);
    wait_for_scans(3);
    psd_version_definitions_set_scanner(&f->definitions, NULL);
    psd_scanner_stop(scanner);
    assert_int_equal(scans, 3);
    psd_test_set(&f->config->core_versions[0]->images[0]->image, "another:1");
    psd_version_definitions_set_config(&f->definitions, f->config); /* and nobody to wake */
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(test_at_first_nothing_is_told),
        with_fixture(test_the_versions_are_taken_over),
        with_fixture(test_only_a_change_of_the_versions_is_news),
        with_fixture(test_none_is_not_the_same_as_not_told),
        with_fixture(test_a_change_wakes_the_scanner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
