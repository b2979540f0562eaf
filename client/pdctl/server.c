#include "client/pdctl/server.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/clock.h"
#include "polarrpc/v1/reflection.rpc.h"
#include "polarstack/v1/health.rpc.h"

/* ---- describe ---- */

/* "polarstack.v1.PortUsage" as "PortUsage". */
static const char *short_name(const char *full_name)
{
    const char *slash = strrchr(full_name, '/');
    const char *dot = strrchr(full_name, '.');
    return slash ? slash + 1 : dot ? dot + 1 : full_name;
}

static void print_comment(const char *comment, size_t column)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    for (const char *at = comment; *at; at++)
        psd_text_append(&line, *at == '\n' ? " " : at, 1);
    if (line.length == 0)
        return;
    PSD_AUTO_TEXT safe = PSD_TEXT_INIT;
    psd_cli_add_safe(&safe, psd_text_string(&line));
    psd_help_entry(&text, "", psd_text_string(&safe), column);
    fputs(psd_text_string(&text), stdout);
}

static void print_method(const Polarrpc__V1__MethodDescription *method)
{
    const char *role = psd_enum_name(&polarrpc__v1__role__descriptor, (int)method->role);
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_text_add(&line, "  ");
    psd_cli_add_safe(&line, short_name(method->full_name));
    psd_text_add(&line, "(");
    psd_cli_add_safe(&line, short_name(method->request));
    psd_text_add(&line, method->topic[0] ? ") returns stream " : ") returns ");
    psd_cli_add_safe(&line, short_name(method->response));
    psd_text_printf(&line, "\n      role %s%s", role ? role : "unknown",
                    method->no_side_effects ? ", no side effects" : "");
    if (method->topic[0]) {
        psd_text_add(&line, ", topic ");
        psd_cli_add_safe(&line, method->topic);
    }
    puts(psd_text_string(&line));
    print_comment(method->comment, 6);
}

static void print_description(const psd_cli_call *call, const Polarrpc__V1__ServerDescription *server)
{
    PSD_AUTO_TEXT title = PSD_TEXT_INIT;
    psd_cli_add_safe(&title, server->server);
    printf("%s at %s\n", psd_text_string(&title), psd_client_url(call->client));
    for (size_t i = 0; i < server->n_services; i++) {
        const Polarrpc__V1__ServiceDescription *service = server->services[i];
        PSD_AUTO_TEXT name = PSD_TEXT_INIT;
        psd_cli_add_safe(&name, service->full_name);
        puts("");
        psd_cli_put(&call->screen, stdout, PSD_CLI_BOLD, psd_text_string(&name));
        puts("");
        print_comment(service->comment, 2);
        for (size_t k = 0; k < service->n_methods; k++)
            print_method(service->methods[k]);
    }
}

int psd_cli_describe(psd_cli_call *call, psd_error *error)
{
    if (psd_cli_connect(call, error) < 0)
        return -1;
    Polarrpc__V1__DescribeRequest request = POLARRPC__V1__DESCRIBE_REQUEST__INIT;
    Polarrpc__V1__ServerDescription *response = NULL;
    if (psd_reflection_describe(call->client, &request, NULL, &response, error) < 0)
        return -1;
    if (call->settings->output == PSD_CLI_TEXT)
        print_description(call, response);
    else
        psd_cli_print_message(&response->base, call->settings->output == PSD_CLI_TEXT_YAML);
    protobuf_c_message_free_unpacked(&response->base, NULL);
    return PSD_CLI_OK;
}

/* ---- health ---- */

static int ask_health(psd_cli_call *call, Polarstack__V1__Health **response, psd_error *error)
{
    if (psd_cli_connect(call, error) < 0)
        return -1;
    Polarstack__V1__CheckHealthRequest request = POLARSTACK__V1__CHECK_HEALTH_REQUEST__INIT;
    return psd_health_check_health(call->client, &request, NULL, response, error);
}

static const char *name_or_unknown(const char *name)
{
    return name ? name : "UNKNOWN";
}

static void print_scanner(const psd_cli_call *call, const Polarstack__V1__ScannerHealth *scanner, int64_t now)
{
    bool is_fresh = scanner->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    char age[PSD_CLI_AGE_SIZE];
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    PSD_AUTO_TEXT reason = PSD_TEXT_INIT;
    psd_cli_add_safe(&name, scanner->name);
    printf("  %-8s ", psd_text_string(&name));
    psd_cli_put(
        &call->screen, stdout, is_fresh ? PSD_CLI_GREEN : PSD_CLI_RED,
        name_or_unknown(psd_enum_name(&polarrpc__v1__observation_state__descriptor, (int)scanner->state)));
    if (scanner->last_success_ms > 0)
        printf(", last complete look %s ago in %.1f ms", psd_cli_age(now - scanner->last_success_ms, age),
               (double)scanner->last_duration_us / 1000);
    else
        fputs(", no complete look yet", stdout);
    printf(", %" PRIu64 " complete, %" PRIu64 " failed", scanner->successes, scanner->failures);
    psd_cli_add_safe(&reason, scanner->reason);
    printf("%s%s\n", reason.length > 0 ? ": " : "", psd_text_string(&reason));
}

static void print_health(const psd_cli_call *call, const Polarstack__V1__Health *health)
{
    int64_t now = psd_clock_unix_ms();
    bool is_good = health->status == POLARSTACK__V1__SERVING_STATUS__SERVING;
    char age[PSD_CLI_AGE_SIZE];
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_text_add(&line, ": polarstack-daemon ");
    psd_cli_add_safe(&line, health->version);
    psd_text_add(&line, ", node ");
    psd_cli_add_safe(&line, health->node);
    psd_text_printf(&line, ", pid %d, up %s", health->pid, psd_cli_age(now - health->started_at_ms, age));
    psd_cli_put(
        &call->screen, stdout, is_good ? PSD_CLI_GREEN : PSD_CLI_RED,
        name_or_unknown(psd_enum_name(&polarstack__v1__serving_status__descriptor, (int)health->status)));
    puts(psd_text_string(&line));
    for (size_t i = 0; i < health->n_scanners; i++)
        print_scanner(call, health->scanners[i], now);
}

int psd_cli_health(psd_cli_call *call, psd_error *error)
{
    Polarstack__V1__Health *health = NULL;
    if (ask_health(call, &health, error) < 0)
        return -1;
    if (call->settings->output == PSD_CLI_TEXT)
        print_health(call, health);
    else
        psd_cli_print_message(&health->base, call->settings->output == PSD_CLI_TEXT_YAML);
    bool is_good = health->status == POLARSTACK__V1__SERVING_STATUS__SERVING;
    protobuf_c_message_free_unpacked(&health->base, NULL);
    return is_good ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}

/* ---- version ---- */

static void print_version(const psd_cli_call *call, const Polarstack__V1__Health *health,
                          const psd_error *cause)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_cli_add_safe(&text, health ? health->version : cause->text);
    printf("pdctl %s\n", PSD_VERSION);
    if (health)
        printf("polarstack-daemon %s at %s\n", psd_text_string(&text), psd_client_url(call->client));
    else
        printf("polarstack-daemon not known: %s\n", psd_text_string(&text));
}

static void print_version_tree(const psd_cli_call *call, const Polarstack__V1__Health *health,
                               const psd_error *cause)
{
    cJSON *tree = cJSON_CreateObject();
    if (!tree || !cJSON_AddStringToObject(tree, "client", PSD_VERSION))
        abort();
    cJSON_AddItemToObject(tree, "daemon", health ? psd_string_json(health->version) : cJSON_CreateNull());
    if (!health)
        cJSON_AddItemToObject(tree, "reason", psd_string_json(cause->text));
    psd_cli_print_tree(tree, call->settings->output == PSD_CLI_TEXT_YAML);
    cJSON_Delete(tree);
}

/* The version of pdctl is an answer, with or without a daemon. */
int psd_cli_version(psd_cli_call *call, psd_error *error PSD_UNUSED)
{
    psd_error cause = PSD_ERROR_INIT;
    Polarstack__V1__Health *health = NULL;
    if (ask_health(call, &health, &cause) < 0)
        health = NULL;
    if (call->settings->output == PSD_CLI_TEXT)
        print_version(call, health, &cause);
    else
        print_version_tree(call, health, &cause);
    if (health)
        protobuf_c_message_free_unpacked(&health->base, NULL);
    return PSD_CLI_OK;
}
