#include "test/support/version_bed.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "polarstack/v1/diagnosis.rpc.h"
#include "server/scan/version/runtime.h"
#include "test/support/await.h"
#include "test/support/node_config_sample.h"

psd_test_runtime psd_test_containerd;
char psd_test_versions_endpoint[PSD_TEST_ENDPOINT_SIZE];

/* A link to the socket, or to something else. */
static char link_path[PSD_TEST_ENDPOINT_SIZE - sizeof("unix://") + 1];

void psd_test_versions_point_to(const char *path)
{
    unlink(link_path);
    if (symlink(path, link_path) < 0)
        fail_msg("%s: cannot be made", link_path);
}

int psd_test_versions_begin(void **state)
{
    (void)state;
    psd_test_runtime_start(&psd_test_containerd, PSD_TEST_CONTAINERD);
    snprintf(link_path, sizeof(link_path), "%s/link.sock", psd_test_containerd.dir);
    snprintf(psd_test_versions_endpoint, sizeof(psd_test_versions_endpoint), "unix://%s", link_path);
    psd_test_versions_point_to(psd_test_containerd.socket);
    return 0;
}

int psd_test_versions_end(void **state)
{
    (void)state;
    psd_test_runtime_stop(&psd_test_containerd);
    return 0;
}

/* Whether CRI lists it, which it does a moment after it was imported. */
static bool has_image(psd_runtime *asked, const char *name)
{
    psd_image_set *images = NULL;
    psd_runtime_facts facts;
    psd_image_found found = {.present = false};
    psd_error error = PSD_ERROR_INIT;
    if (psd_runtime_list(asked, psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS, &images, &facts, &error) < 0)
        return false;
    assert_works(psd_image_set_find(images, name, &found, &error), &error);
    psd_image_set_free(images);
    return found.present;
}

static void await_image(const char *name, bool is_there)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    psd_runtime *asked = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_runtime_new(psd_test_containerd.endpoint, &asked, &error), &error);
    while (has_image(asked, name) != is_there) {
        assert_true(psd_clock_mono_ms() < end_ms);
        usleep(10000);
    }
    psd_runtime_free(asked);
}

void psd_test_versions_add(const char *name)
{
    psd_test_runtime_add(&psd_test_containerd, &name, 1);
    await_image(name, true);
}

void psd_test_versions_remove(const char *name)
{
    psd_test_runtime_remove(&psd_test_containerd, name);
    await_image(name, false);
}

void psd_test_versions_hang(bool does)
{
    kill(psd_test_containerd.pid, does ? SIGSTOP : SIGCONT);
    if (does) /* all of its threads stand still */
        assert_int_equal(waitpid(psd_test_containerd.pid, NULL, WUNTRACED), psd_test_containerd.pid);
}

/* ---- the daemon ---- */

void psd_test_versions_start(psd_test_versions *f, const char *period, const char *timeout)
{
    psd_test_agent_start(&f->agent,
                         WORDS("--runtime-endpoint", psd_test_versions_endpoint, "--version-period", period,
                               "--version-timeout", timeout, "--max-in-flight", "256"));
    f->client = f->agent.client;
    f->config = psd_test_node_config();
}

void psd_test_versions_stop(psd_test_versions *f)
{
    psd_test_agent_stop(&f->agent);
    psd_test_node_config_free(f->config);
}

void psd_test_versions_apply(psd_test_versions *f)
{
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_test_config_apply(f->client, f->config, NULL, &error), &error);
}

psd_test_availability *psd_test_versions_get(psd_client *client)
{
    Polarstack__V1__GetCoreVersionsRequest request = POLARSTACK__V1__GET_CORE_VERSIONS_REQUEST__INIT;
    psd_test_availability *seen = NULL;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_core_version_get_core_versions(client, &request, NULL, &seen, &error), &error);
    return seen;
}

void psd_test_versions_forget(psd_test_availability *seen)
{
    polarstack__v1__core_version_availability__free_unpacked(seen, NULL);
}

/* NULL: there is none. */
static const Polarstack__V1__CoreVersion *find_version(const psd_test_availability *seen, const char *name)
{
    for (size_t i = 0; i < seen->n_versions; i++) {
        if (strcmp(seen->versions[i]->name, name) == 0)
            return seen->versions[i];
    }
    return NULL;
}

const Polarstack__V1__CoreVersion *psd_test_version_of(const psd_test_availability *seen, const char *name)
{
    const Polarstack__V1__CoreVersion *version = find_version(seen, name);
    if (!version)
        fail_msg("there is no version %s", name);
    return version;
}

psd_test_availability *psd_test_versions_await(psd_client *client, Polarrpc__V1__ObservationState state,
                                               const char *part)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    for (;;) {
        psd_test_availability *seen = psd_test_versions_get(client);
        if (seen->observation->state == state && strstr(seen->observation->reason, part))
            return seen;
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("state %d with '%s' instead of %d with '%s'", (int)seen->observation->state,
                     seen->observation->reason, (int)state, part);
        psd_test_versions_forget(seen);
        usleep(10000);
    }
}

void psd_test_version_await(psd_client *client, const char *name, Polarstack__V1__Presence presence)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    for (;;) {
        psd_test_availability *seen = psd_test_versions_get(client);
        const Polarstack__V1__CoreVersion *version = find_version(seen, name);
        Polarstack__V1__Presence now = version ? version->presence : UNSPECIFIED;
        psd_test_versions_forget(seen);
        if (now == presence)
            return;
        if (psd_clock_mono_ms() > end_ms)
            fail_msg("%s is %d instead of %d", name, (int)now, (int)presence);
        usleep(10000);
    }
}

int psd_test_versions_check(psd_client *client, bool no_wait, psd_test_check **done, psd_error *error)
{
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    const psd_call_options options = {.timeout_ms = PSD_TEST_PATIENCE_MS};
    request.no_wait = no_wait;
    return psd_core_version_check_core_versions(client, &request, &options, done, error);
}

void psd_test_check_forget(psd_test_check *it)
{
    polarstack__v1__core_version_check__free_unpacked(it, NULL);
}

int psd_test_check_get(psd_client *client, const char *id, psd_test_check **it, psd_error *error)
{
    Polarstack__V1__GetCoreVersionCheckRequest request = POLARSTACK__V1__GET_CORE_VERSION_CHECK_REQUEST__INIT;
    request.operation_id = (char *)(uintptr_t)id;
    return psd_core_version_get_core_version_check(client, &request, NULL, it, error);
}

psd_test_check *psd_test_check_await(psd_client *client, const char *id)
{
    int64_t end_ms = psd_clock_mono_ms() + PSD_TEST_PATIENCE_MS;
    for (;;) {
        psd_test_check *it = NULL;
        psd_error error = PSD_ERROR_INIT;
        assert_works(psd_test_check_get(client, id, &it, &error), &error);
        assert_string_equal(it->operation_id, id);
        if (it->done)
            return it;
        assert_int_equal(it->ended_at_ms, 0);
        assert_int_equal(it->n_present + it->n_absent + it->n_unknown, 0);
        assert_true(psd_clock_mono_ms() < end_ms);
        psd_test_check_forget(it);
        usleep(10000);
    }
}

Polarstack__V1__ScannerHealth psd_test_versions_health(psd_client *client,
                                                       Polarstack__V1__ServingStatus *status)
{
    Polarstack__V1__CheckHealthRequest request = POLARSTACK__V1__CHECK_HEALTH_REQUEST__INIT;
    Polarstack__V1__Health *health = NULL;
    Polarstack__V1__ScannerHealth found = POLARSTACK__V1__SCANNER_HEALTH__INIT;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_health_check_health(client, &request, NULL, &health, &error), &error);
    for (size_t i = 0; i < health->n_scanners; i++) {
        if (strcmp(health->scanners[i]->name, "version") == 0)
            found = *health->scanners[i];
    }
    *status = health->status;
    polarstack__v1__health__free_unpacked(health, NULL);
    found.name = NULL;
    found.reason = NULL;
    return found;
}

uint64_t psd_test_versions_scans(psd_client *client)
{
    Polarstack__V1__ServingStatus status;
    Polarstack__V1__ScannerHealth health = psd_test_versions_health(client, &status);
    return health.successes + health.failures;
}

void psd_test_versions_diagnosed(psd_client *client, Polarstack__V1__FindingLevel level, const char *message,
                                 const char *mend)
{
    Polarstack__V1__DiagnoseRequest request = POLARSTACK__V1__DIAGNOSE_REQUEST__INIT;
    Polarstack__V1__Diagnosis *diagnosis = NULL;
    psd_error error = PSD_ERROR_INIT;
    bool found = false;
    assert_works(psd_diagnosis_diagnose(client, &request, NULL, &diagnosis, &error), &error);
    for (size_t i = 0; i < diagnosis->n_findings; i++) {
        const Polarstack__V1__Finding *finding = diagnosis->findings[i];
        found = found || (finding->level == level && strstr(finding->message, message) &&
                          strcmp(finding->mend, mend) == 0);
    }
    if (!found)
        fail_msg("no finding '%s'", message);
    polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
}
