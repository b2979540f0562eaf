/* doctor.c - pdctl doctor: the findings of daemon and bridge, and of pdctl itself. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/pdctl/bridge.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/runtime_dir.h"
#include "polarstack/v1/diagnosis.rpc.h"

typedef struct report {
    cJSON *findings; /* array */
    bool has_fault;
} report;

static void add(report *r, const char *server, const Polarstack__V1__Finding *finding)
{
    cJSON *tree = psd_message_json(&finding->base);
    cJSON_AddItemToObject(tree, "server", psd_string_json(server));
    cJSON_AddItemToArray(r->findings, tree);
    r->has_fault = r->has_fault || finding->level == POLARSTACK__V1__FINDING_LEVEL__FAULT;
}

static void add_own(report *r, const char *server, Polarstack__V1__FindingLevel level, const char *check,
                    const char *message, const char *mend)
{
    Polarstack__V1__Finding finding = POLARSTACK__V1__FINDING__INIT;
    finding.check = (char *)(uintptr_t)check;
    finding.level = level;
    finding.message = (char *)(uintptr_t)message;
    finding.mend = (char *)(uintptr_t)mend;
    add(r, server, &finding);
}

/* Why nobody answers at SOCKET, as far as can be seen from here. */
static void explain_socket(const psd_cli_call *call, report *r, const char *server, const char *socket,
                           const psd_error *cause, Polarstack__V1__FindingLevel missing, const char *start)
{
    char dir[PATH_MAX];
    PSD_AUTO_TEXT path = PSD_TEXT_INIT;
    PSD_AUTO_TEXT message = PSD_TEXT_INIT;
    psd_runtime_dir_find(call->settings->runtime_dir, dir);
    psd_text_printf(&path, "%s/%s", dir, socket);
    if (access(psd_text_string(&path), F_OK) != 0) {
        psd_text_printf(&message, "there is no socket '%s'", psd_text_string(&path));
        add_own(r, server, missing, "socket", psd_text_string(&message), start);
    } else if (access(psd_text_string(&path), R_OK | W_OK) != 0) {
        psd_text_printf(&message, "this user may not use the socket '%s'", psd_text_string(&path));
        add_own(r, server, POLARSTACK__V1__FINDING_LEVEL__FAULT, "socket", psd_text_string(&message),
                "run pdctl as root, or as a user of the socket's group");
    } else {
        add_own(r, server, POLARSTACK__V1__FINDING_LEVEL__FAULT, "socket", cause->text, start);
    }
}

/* Asks one server; its findings, or why there are none. */
static void ask(psd_cli_call *call, report *r, const char *server, const char *socket,
                int (*connect)(psd_cli_call *call, psd_error *error), Polarstack__V1__FindingLevel missing,
                const char *start)
{
    psd_error error = PSD_ERROR_INIT;
    if (connect(call, &error) < 0) {
        explain_socket(call, r, server, socket, &error, missing, start);
        return;
    }
    Polarstack__V1__DiagnoseRequest request = POLARSTACK__V1__DIAGNOSE_REQUEST__INIT;
    Polarstack__V1__Diagnosis *diagnosis = NULL;
    if (psd_diagnosis_diagnose(call->client, &request, NULL, &diagnosis, &error) < 0) {
        add_own(r, server, POLARSTACK__V1__FINDING_LEVEL__FAULT, "socket", error.text, "see its log");
    } else {
        add_own(r, server, POLARSTACK__V1__FINDING_LEVEL__GOOD, "socket", psd_client_url(call->client), "");
        for (size_t i = 0; i < diagnosis->n_findings; i++)
            add(r, server, diagnosis->findings[i]);
        polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
    }
    psd_client_close(call->client);
    call->client = NULL;
}

static void print_finding(const psd_cli_call *call, const cJSON *finding)
{
    static const struct {
        const char *level;
        const char *word;
        psd_cli_color color;
    } levels[] = {{"GOOD", "ok     ", PSD_CLI_GREEN},
                  {"WARNING", "warning", PSD_CLI_YELLOW},
                  {"FAULT", "FAULT  ", PSD_CLI_RED},
                  {"NOT_CHECKED", "skipped", PSD_CLI_YELLOW}};
    const char *level = cJSON_GetStringValue(cJSON_GetObjectItem(finding, "level"));
    size_t i = 0;
    while (i + 1 < PSD_ARRAY_SIZE(levels) && level && strcmp(levels[i].level, level) != 0)
        i++;
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_cli_put(&call->screen, stdout, levels[i].color, levels[i].word);
    psd_text_add(&line, " ");
    psd_cli_add_safe(&line, cJSON_GetStringValue(cJSON_GetObjectItem(finding, "server")));
    psd_text_add(&line, " ");
    psd_cli_add_safe(&line, cJSON_GetStringValue(cJSON_GetObjectItem(finding, "check")));
    psd_text_add(&line, ": ");
    psd_cli_add_safe(&line, cJSON_GetStringValue(cJSON_GetObjectItem(finding, "message")));
    puts(psd_text_string(&line));
    const char *mend = cJSON_GetStringValue(cJSON_GetObjectItem(finding, "mend"));
    if (mend && mend[0]) {
        PSD_AUTO_TEXT advice = PSD_TEXT_INIT;
        psd_cli_add_safe(&advice, mend);
        printf("        -> %s\n", psd_text_string(&advice));
    }
}

int psd_cli_doctor(psd_cli_call *call, psd_error *error PSD_UNUSED)
{
    report r = {.findings = cJSON_CreateArray()};
    if (!r.findings)
        abort();
    ask(call, &r, "daemon", PSD_DAEMON_SOCKET, psd_cli_connect, POLARSTACK__V1__FINDING_LEVEL__FAULT,
        "start polarstack-daemon, or name its folder with --runtime-dir");
    ask(call, &r, "bridge", PSD_BRIDGE_SOCKET, psd_cli_connect_bridge,
        POLARSTACK__V1__FINDING_LEVEL__NOT_CHECKED,
        "what concerns Kubernetes was not checked: start polarstack-bridge, if this host belongs to a "
        "cluster");
    if (call->settings->output == PSD_CLI_TEXT) {
        const cJSON *finding = NULL;
        cJSON_ArrayForEach(finding, r.findings)
        {
            print_finding(call, finding);
        }
        cJSON_Delete(r.findings);
    } else {
        cJSON *tree = cJSON_CreateObject();
        cJSON_AddItemToObject(tree, "findings", r.findings);
        psd_cli_print_tree(tree, call->settings->output == PSD_CLI_TEXT_YAML);
        cJSON_Delete(tree);
    }
    return r.has_fault ? PSD_CLI_NEGATIVE : PSD_CLI_OK;
}
