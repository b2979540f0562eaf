/* version_why.c - pdctl why version: what is there of a version, and what to do about the rest. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client/pdctl/resource.h"
#include "client/pdctl/versions.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "polarstack/v1/core_version.rpc.h"

#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT

typedef Polarstack__V1__CoreVersion version;
typedef Polarstack__V1__CoreVersionImage image;
typedef Polarstack__V1__CoreVersionAvailability availability;

/* ---- facts ---- */

psd_cli_color psd_cli_add_version_summary(const version *it, psd_text *out)
{
    size_t present = psd_cli_count_images(it, PRESENT);
    size_t absent = psd_cli_count_images(it, ABSENT);
    psd_text_add(out, "version ");
    psd_cli_add_safe(out, it->name);
    psd_text_add(out, " is ");
    psd_cli_color color = psd_cli_add_presence(it->presence, it->last_known, out);
    if (it->presence == PRESENT)
        psd_text_printf(out, ": all of its images are on this host");
    else if (it->presence == ABSENT)
        psd_text_printf(out, ": %zu of %zu images %s not on this host", absent, it->n_images,
                        absent == 1 ? "is" : "are");
    else
        psd_text_printf(out, ": %zu of %zu images cannot be told", it->n_images - present - absent,
                        it->n_images);
    return color;
}

static void add_since(int64_t since_ms, int64_t now_ms, psd_text *out)
{
    char time[PSD_CLOCK_TEXT_SIZE];
    char age[PSD_CLI_AGE_SIZE];
    psd_text_printf(out, "%s (%s)", psd_clock_format(since_ms, time), psd_cli_age(now_ms - since_ms, age));
}

/* Adds "label: " or "label: not told" and an end of line. */
static void add_line(psd_text *out, const char *label, const psd_text *value)
{
    psd_cli_add_field(out, label, value->length > 0 ? value->data : "not known");
}

static void add_origin(const availability *answer, const version *it, psd_text *out)
{
    PSD_AUTO_TEXT origin = PSD_TEXT_INIT;
    PSD_AUTO_TEXT runtime = PSD_TEXT_INIT;
    if (it->config_map[0]) {
        psd_text_add(&origin, "ConfigMap ");
        psd_cli_add_safe(&origin, it->config_map);
    }
    add_line(out, "defined by:", &origin);
    psd_cli_add_safe(&runtime, answer->runtime);
    if (answer->runtime_endpoint[0]) {
        psd_text_add(&runtime, runtime.length > 0 ? " at " : "not known, at ");
        psd_cli_add_safe(&runtime, answer->runtime_endpoint);
    }
    add_line(out, "runtime:", &runtime);
}

static void add_image(const image *it, int64_t now_ms, psd_text *out)
{
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    PSD_AUTO_TEXT state = PSD_TEXT_INIT;
    PSD_AUTO_TEXT fault = PSD_TEXT_INIT;
    psd_cli_add_safe(&name, it->key);
    psd_text_add(&name, " ");
    psd_cli_add_safe(&name, it->image);
    add_line(out, "image:", &name);
    psd_cli_add_presence(it->presence, it->last_known, &state);
    psd_text_add(&state, " since ");
    add_since(it->changed_at_ms, now_ms, &state);
    if (it->presence == PRESENT)
        psd_text_add(&state, it->pinned ? ", pinned" : ", not pinned");
    add_line(out, "  presence:", &state);
    psd_cli_add_safe(&fault, it->fault);
    if (fault.length > 0)
        add_line(out, "  fault:", &fault);
}

/* ---- what to do ---- */

static void add_hint(psd_text *out, const char *text)
{
    psd_text_printf(out, "  -> %s\n", text);
}

static bool is_runtime(const availability *answer, const char *name)
{
    return strncasecmp(answer->runtime, name, strlen(name)) == 0;
}

/* How to get IT onto the host; crictl and docker take any form of a name. */
static void hint_pull(const availability *answer, const image *it, psd_text *out)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, "get it: ");
    if (is_runtime(answer, "docker")) {
        psd_text_add(&text, "docker pull ");
        psd_cli_add_safe(&text, it->image);
        psd_text_add(&text, ", or docker load -i FILE");
    } else {
        psd_text_add(&text, "crictl --runtime-endpoint ");
        psd_cli_add_safe(&text, answer->runtime_endpoint[0] ? answer->runtime_endpoint : "ENDPOINT");
        psd_text_add(&text, " pull ");
        psd_cli_add_safe(&text, it->image);
        if (is_runtime(answer, "containerd"))
            psd_text_add(&text, ", or ctr -n k8s.io images import FILE");
    }
    add_hint(out, psd_text_string(&text));
}

/* A label that pins: of no effect in older ones. */
static void hint_collection(const availability *answer, size_t loose, size_t count, psd_text *out)
{
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_printf(&text,
                    "%zu of %zu images %s not pinned: once its disk is fuller than "
                    "imageGCHighThresholdPercent (85 if not set), the kubelet removes images that no "
                    "container uses",
                    loose, count, loose == 1 ? "is" : "are");
    add_hint(out, psd_text_string(&text));
    if (is_runtime(answer, "containerd"))
        add_hint(out, "pin them: ctr -n k8s.io images label IMAGE io.cri-containerd.pinned=pinned "
                      "(containerd 1.6.25, 1.7.10 or newer), or raise that limit");
    else if (is_runtime(answer, "cri-o"))
        add_hint(out, "pin them: pinned_images in the configuration of CRI-O, or raise that limit");
    else
        add_hint(out, "raise that limit, or have a container use them");
}

static void add_hints(const availability *answer, const version *it, psd_text *out)
{
    bool is_fresh = answer->observation &&
                    answer->observation->state == POLARRPC__V1__OBSERVATION_STATE__FRESH;
    size_t loose = 0;
    bool has_fault = false;
    for (size_t i = 0; i < it->n_images; i++) {
        const image *one = it->images[i];
        loose += one->presence == PRESENT && !one->pinned;
        has_fault = has_fault || one->fault[0];
        if (one->presence == ABSENT)
            hint_pull(answer, one, out);
    }
    if (!is_fresh)
        add_hint(out, "see that the container runtime runs and where: 'pdctl doctor', option "
                      "--runtime-endpoint of the daemon; then 'pdctl check versions'");
    else if (has_fault)
        add_hint(out, "correct the image's name where the version is defined");
    if (it->presence == PRESENT && loose > 0)
        hint_collection(answer, loose, it->n_images, out);
}

void psd_cli_add_version_details(const availability *answer, const version *it, int64_t now_ms, psd_text *out)
{
    PSD_AUTO_TEXT since = PSD_TEXT_INIT;
    PSD_AUTO_TEXT freshness = PSD_TEXT_INIT;
    add_since(it->changed_at_ms, now_ms, &since);
    add_line(out, "since:", &since);
    add_origin(answer, it, out);
    if (answer->observation)
        psd_cli_add_freshness(answer->observation, now_ms, &freshness);
    add_line(out, "seen:", &freshness);
    for (size_t i = 0; i < it->n_images; i++)
        add_image(it->images[i], now_ms, out);
    add_hints(answer, it, out);
}

/* ---- the command ---- */

static int get_versions(psd_cli_call *call, char *name, availability **answer, psd_error *error)
{
    Polarstack__V1__GetCoreVersionsRequest request = POLARSTACK__V1__GET_CORE_VERSIONS_REQUEST__INIT;
    request.names = &name;
    request.n_names = name ? 1 : 0;
    return psd_core_version_get_core_versions(call->client, &request, NULL, answer, error);
}

static const char *name_at(size_t index, const void *arg)
{
    return ((const availability *)arg)->versions[index]->name;
}

static void say_no_version(const psd_cli_call *call, const availability *all)
{
    const char *near = psd_suggest(call->operands[0], all->n_versions, name_at, all);
    PSD_AUTO_TEXT text = PSD_TEXT_INIT;
    psd_text_add(&text, "pdctl: the cluster defines no version '");
    psd_cli_add_safe(&text, call->operands[0]);
    psd_text_add(&text, near ? "': did you mean '" : "': see 'pdctl get versions");
    psd_cli_add_safe(&text, near ? near : "");
    psd_text_add(&text, near ? "'?" : "'");
    psd_cli_say(&call->screen, PSD_CLI_RED, psd_text_string(&text));
}

/* The cluster knows no version of this name, or has told none at all. */
static int report_no_version(psd_cli_call *call, psd_error *error)
{
    availability *all = NULL;
    if (get_versions(call, NULL, &all, error) < 0)
        return -1;
    bool is_told = all->n_versions > 0 ||
                   (all->observation && all->observation->state != POLARRPC__V1__OBSERVATION_STATE__UNKNOWN);
    if (is_told)
        say_no_version(call, all);
    else
        psd_cli_report_unknown(call, all->observation);
    polarstack__v1__core_version_availability__free_unpacked(all, NULL);
    return PSD_CLI_NEGATIVE;
}

static void print_version(const psd_cli_call *call, const availability *answer)
{
    PSD_AUTO_TEXT summary = PSD_TEXT_INIT;
    PSD_AUTO_TEXT details = PSD_TEXT_INIT;
    psd_cli_color color = psd_cli_add_version_summary(answer->versions[0], &summary);
    psd_cli_put(&call->screen, stdout, color, psd_text_string(&summary));
    puts("");
    psd_cli_add_version_details(answer, answer->versions[0], psd_clock_unix_ms(), &details);
    fputs(psd_text_string(&details), stdout);
}

static int show_version(psd_cli_call *call, const availability *answer, psd_error *error)
{
    bool is_text = call->settings->output == PSD_CLI_TEXT;
    if (!is_text)
        psd_cli_print_message(&answer->base, call->settings->output == PSD_CLI_TEXT_YAML);
    if (answer->n_versions == 0)
        return report_no_version(call, error);
    if (is_text)
        print_version(call, answer);
    return answer->versions[0]->presence == PRESENT ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}

int psd_cli_why_version(psd_cli_call *call, psd_error *error)
{
    if (psd_cli_connect(call, error) < 0)
        return -1;
    PSD_AUTO_FREE char *name = psd_text_copy(call->operands[0]);
    availability *answer = NULL;
    if (get_versions(call, name, &answer, error) < 0)
        return -1;
    int result = show_version(call, answer, error);
    polarstack__v1__core_version_availability__free_unpacked(answer, NULL);
    return result;
}
