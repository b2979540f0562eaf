/* version_check.c - pdctl check versions: makes daemons ask their container runtimes now. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/pdctl/many.h"
#include "client/pdctl/table.h"
#include "client/pdctl/version_rows.h"
#include "client/pdctl/versions.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "polarstack/v1/cluster.rpc.h"
#include "polarstack/v1/core_version.rpc.h"

typedef Polarstack__V1__CoreVersionCheck daemon_check;
typedef Polarstack__V1__ClusterCoreVersionCheck cluster_check;

enum {
    LONGEST_MS = 30000, /* that a bridge waits for daemons */
    POLL_MS = 100,
    MARGIN_MS = 2000, /* for the bridge to find the nodes, and to notice the end */
};

static bool is_document(const psd_cli_call *call)
{
    return call->settings->output == PSD_CLI_JSON || call->settings->output == PSD_CLI_YAML;
}

/* ---- what it found ---- */

static void print_table(const psd_cli_call *call, const psd_cli_check *check)
{
    psd_cli_table table = psd_cli_table_of(&psd_cli_check_table, call->settings->output == PSD_CLI_WIDE);
    for (size_t i = 0; i < check->count; i++)
        psd_cli_table_measure(&table, &check->rows[i]);
    if (!call->settings->no_headers)
        psd_cli_table_head(&table, &call->screen);
    for (size_t i = 0; i < check->count; i++)
        psd_cli_table_row(&table, &call->screen, &check->rows[i]);
}

static void print_document(const psd_cli_call *call, const psd_cli_check *check)
{
    cJSON *tree = psd_cli_check_tree(check);
    psd_cli_print_tree(tree, call->settings->output == PSD_CLI_YAML);
    cJSON_Delete(tree);
}

/* Of a check that nobody waits for: whether all were started. */
static int show_started(const psd_cli_call *call, const psd_cli_check *check)
{
    bool is_good = true;
    for (size_t i = 0; i < check->count; i++)
        is_good = is_good && check->rows[i].code == PSD_OK;
    print_document(call, check);
    return is_good ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}

static int show(const psd_cli_call *call, const psd_cli_check *check)
{
    size_t good = psd_cli_check_good(check);
    if (call->settings->no_wait)
        return show_started(call, check);
    if (is_document(call)) {
        print_document(call, check);
    } else {
        PSD_AUTO_TEXT text = PSD_TEXT_INIT;
        psd_text_printf(&text, "%zu of %zu nodes checked%s", good, check->count,
                        check->running ? ", the check runs" : "");
        print_table(call, check);
        psd_cli_say(&call->screen, PSD_CLI_PLAIN, psd_text_string(&text));
    }
    return good == check->count && !check->running ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}

/* ---- checks that nobody waits for ---- */

/* The id alone on stdout, for a script; what to do with it beside it. */
static void print_operation(const psd_cli_call *call, const char *url, const char *id)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    PSD_AUTO_TEXT hint = PSD_TEXT_INIT;
    psd_cli_add_safe(&text, id);
    puts(psd_text_string(&text));
    psd_text_add(&hint, "see how it stands: pdctl check versions ");
    if (call->settings->all_nodes)
        psd_text_add(&hint, "--all-nodes ");
    if (call->settings->all_nodes && call->settings->bridge_url)
        psd_text_printf(&hint, "--bridge-url %s ", call->settings->bridge_url);
    if (call->settings->runtime_dir)
        psd_text_printf(&hint, "--runtime-dir %s ", call->settings->runtime_dir);
    if (url)
        psd_text_printf(&hint, "--url %s ", url);
    psd_text_printf(&hint, "--operation %s", psd_text_string(&text));
    psd_cli_say(&call->screen, PSD_CLI_PLAIN, psd_text_string(&hint));
}

/* ---- one daemon ---- */

static int ask_daemon(psd_cli_call *call, daemon_check **answer, psd_error *error)
{
    if (psd_cli_connect(call, error) < 0)
        return -1;
    if (call->settings->operation) {
        Polarstack__V1__GetCoreVersionCheckRequest request =
            POLARSTACK__V1__GET_CORE_VERSION_CHECK_REQUEST__INIT;
        request.operation_id = call->settings->operation;
        return psd_core_version_get_core_version_check(call->client, &request, NULL, answer, error);
    }
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    request.no_wait = call->settings->no_wait;
    return psd_core_version_check_core_versions(call->client, &request, NULL, answer, error);
}

/* A daemon that answers without having been able to ask its runtime is an answer. */
static int report_unchecked(const psd_cli_call *call, psd_error *error)
{
    bool is_answer = call->client && error->sys_errno != ENOTCONN &&
                     (error->code == PSD_UNAVAILABLE || error->code == PSD_FAILED_PRECONDITION);
    if (!is_answer)
        return -1;
    if (is_document(call)) {
        PSD_AUTO(psd_cli_check_free) psd_cli_check check = {.operation_id = ""};
        psd_cli_check_add(&check, psd_client_url(call->client), NULL, error);
        return show(call, &check);
    }
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, "pdctl: the versions were not checked: ");
    psd_cli_add_safe(&text, error->text);
    psd_text_printf(&text, " (%s)", psd_code_name(error->code));
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
    return PSD_CLI_NEGATIVE;
}

static int check_here(psd_cli_call *call, psd_error *error)
{
    daemon_check *answer = NULL;
    if (ask_daemon(call, &answer, error) < 0)
        return report_unchecked(call, error);
    PSD_AUTO(psd_cli_check_free) psd_cli_check check = {.operation_id = ""};
    int result = PSD_CLI_OK;
    psd_cli_check_add(&check, answer->observation ? answer->observation->node : "", answer, NULL);
    if (call->settings->no_wait && !is_document(call))
        print_operation(call, call->settings->url, answer->operation_id);
    else
        result = show(call, &check);
    polarstack__v1__core_version_check__free_unpacked(answer, NULL);
    return result;
}

/* ---- daemons at urls ---- */

static int show_operations(const psd_cli_call *call, const psd_cli_targets *targets)
{
    int result = PSD_CLI_OK;
    for (size_t i = 0; i < targets->count; i++) {
        const psd_cli_target *target = &targets->items[i];
        if (target->answer.response) {
            print_operation(call, target->url, ((const daemon_check *)target->answer.response)->operation_id);
        } else {
            psd_cli_target_report(call, target);
            result = PSD_CLI_NEGATIVE;
        }
    }
    return result;
}

static int check_urls(psd_cli_call *call, psd_error *error)
{
    PSD_AUTO(psd_cli_targets_free) psd_cli_targets targets = {.items = NULL};
    if (psd_cli_targets_find(call, &targets, error) < 0)
        return -1;
    Polarstack__V1__CheckCoreVersionsRequest request = POLARSTACK__V1__CHECK_CORE_VERSIONS_REQUEST__INIT;
    request.no_wait = call->settings->no_wait;
    psd_cli_targets_ask(call, &targets,
                        &psd_core_version_methods[PSD_CORE_VERSION_METHOD_CHECK_CORE_VERSIONS],
                        &request.base);
    if (call->settings->no_wait && !is_document(call))
        return show_operations(call, &targets);
    PSD_AUTO(psd_cli_check_free) psd_cli_check check = {.operation_id = ""};
    for (size_t i = 0; i < targets.count; i++)
        psd_cli_check_add(&check, psd_cli_target_name(&targets.items[i]),
                          (const daemon_check *)targets.items[i].answer.response,
                          &targets.items[i].answer.error);
    return show(call, &check);
}

/* ---- all nodes, by the bridge ---- */

static int start_cluster(psd_cli_call *call, cluster_check **answer, psd_error *error)
{
    Polarstack__V1__CheckClusterCoreVersionsRequest request =
        POLARSTACK__V1__CHECK_CLUSTER_CORE_VERSIONS_REQUEST__INIT;
    int64_t timeout_ms = call->settings->timeout_ms;
    request.no_wait = true;
    request.timeout_ms = timeout_ms < LONGEST_MS ? (uint32_t)timeout_ms : LONGEST_MS;
    return psd_cluster_check_core_versions(call->client, &request, NULL, answer, error);
}

static int get_cluster(psd_cli_call *call, const char *id, cluster_check **answer, psd_error *error)
{
    Polarstack__V1__GetClusterCoreVersionCheckRequest request =
        POLARSTACK__V1__GET_CLUSTER_CORE_VERSION_CHECK_REQUEST__INIT;
    PSD_AUTO_FREE char *copy = psd_text_copy(id);
    request.operation_id = copy;
    return psd_cluster_get_core_version_check(call->client, &request, NULL, answer, error);
}

static void show_cluster_progress(const cluster_check *answer)
{
    size_t done = 0;
    for (size_t i = 0; i < answer->n_nodes; i++)
        done += answer->nodes[i]->done;
    if (answer->n_nodes > 0)
        psd_cli_show_progress(answer->done ? answer->n_nodes : done, answer->n_nodes);
}

/* Asks again until the check is over, or the bridge should have ended it. */
static int follow_cluster(psd_cli_call *call, cluster_check **answer, psd_error *error)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    int64_t end = psd_clock_mono_ms() + call->settings->timeout_ms + MARGIN_MS;
    show_cluster_progress(*answer);
    while (!(*answer)->done && psd_clock_mono_ms() < end) {
        cluster_check *next = NULL;
        nanosleep(&pause, NULL);
        if (get_cluster(call, (*answer)->operation_id, &next, error) < 0) {
            psd_cli_clear_progress();
            return -1;
        }
        polarstack__v1__cluster_core_version_check__free_unpacked(*answer, NULL);
        *answer = next;
        show_cluster_progress(*answer);
    }
    if (!(*answer)->done)
        psd_cli_clear_progress();
    return 0;
}

static int show_cluster(const psd_cli_call *call, const cluster_check *answer)
{
    PSD_AUTO(psd_cli_check_free) psd_cli_check check = {.operation_id = ""};
    psd_cli_check_add_cluster(&check, answer);
    int result = PSD_CLI_OK;
    if (call->settings->no_wait && !is_document(call))
        print_operation(call, NULL, answer->operation_id);
    else
        result = show(call, &check);
    if (answer->code == PSD_OK)
        return result;
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(&text,
                    "pdctl: no node could be asked: %s: ", psd_code_name(psd_code_from_number(answer->code)));
    psd_cli_add_safe(&text, answer->error);
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
    return PSD_CLI_NEGATIVE;
}

static int check_cluster(psd_cli_call *call, psd_error *error)
{
    const psd_cli_settings *settings = call->settings;
    cluster_check *answer = NULL;
    if (psd_cli_connect_bridge(call, error) < 0)
        return -1;
    if (settings->operation) {
        if (get_cluster(call, settings->operation, &answer, error) < 0)
            return -1;
    } else if (start_cluster(call, &answer, error) < 0) {
        return -1;
    }
    bool is_followed = !settings->operation && !settings->no_wait;
    int result = is_followed ? follow_cluster(call, &answer, error) : 0;
    if (result == 0)
        result = show_cluster(call, answer);
    polarstack__v1__cluster_core_version_check__free_unpacked(answer, NULL);
    return result;
}

/* ---- the command ---- */

static int check_settings(const psd_cli_settings *settings, psd_error *error)
{
    if (psd_cli_targets_check(settings, error) < 0)
        return -1;
    if (settings->operation && settings->no_wait)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "--operation and --no-wait exclude each other: give one");
    if (settings->operation && settings->nodes)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "--operation is of one server: name a daemon with --url, or the bridge with "
                             "--all-nodes");
    return 0;
}

int psd_cli_check_versions(psd_cli_call *call, psd_error *error)
{
    if (check_settings(call->settings, error) < 0)
        return -1;
    if (call->settings->all_nodes)
        return check_cluster(call, error);
    return call->settings->nodes ? check_urls(call, error) : check_here(call, error);
}
