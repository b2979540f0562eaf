/* versions.c - how get and watch show the resource CoreVersionAvailability. */
#include "client/pdctl/versions.h"

#include <stdlib.h>
#include <string.h>

#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "polarstack/v1/core_version.rpc.h"

#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN

typedef Polarstack__V1__CoreVersion version;
typedef Polarstack__V1__CoreVersionImage image;

static const version *as_version(const void *row)
{
    return row;
}

/* A newer daemon's value is as good as unknown. */
static const char *word_of(Polarstack__V1__Presence presence)
{
    return presence == PRESENT ? "PRESENT" : presence == ABSENT ? "ABSENT" : "UNKNOWN";
}

psd_cli_color psd_cli_add_presence(Polarstack__V1__Presence presence, Polarstack__V1__Presence last_known,
                                   psd_text *out)
{
    psd_text_add(out, word_of(presence));
    if (presence == PRESENT)
        return PSD_CLI_GREEN;
    if (presence == ABSENT)
        return PSD_CLI_RED;
    if (last_known == PRESENT || last_known == ABSENT)
        psd_text_printf(out, " (was %s)", word_of(last_known));
    return PSD_CLI_YELLOW;
}

size_t psd_cli_count_images(const version *it, Polarstack__V1__Presence presence)
{
    size_t count = 0;
    for (size_t i = 0; i < it->n_images; i++)
        count += it->images[i]->presence == presence;
    return count;
}

/* ---- cells ---- */

static psd_cli_color print_version_name(const void *row, psd_text *cell)
{
    psd_cli_add_safe(cell, as_version(row)->name);
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_presence(const void *row, psd_text *cell)
{
    return psd_cli_add_presence(as_version(row)->presence, as_version(row)->last_known, cell);
}

/* "4/5"; "?/5" when none can be told: 0 would say that none is there. */
static psd_cli_color print_images(const void *row, psd_text *cell)
{
    const version *it = as_version(row);
    size_t present = psd_cli_count_images(it, PRESENT);
    bool nothing_told = present == 0 && psd_cli_count_images(it, ABSENT) == 0;
    if (nothing_told)
        psd_text_printf(cell, "?/%zu", it->n_images);
    else
        psd_text_printf(cell, "%zu/%zu", present, it->n_images);
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_age(const void *row, psd_text *cell)
{
    char age[PSD_CLI_AGE_SIZE] = "-";
    if (as_version(row)->changed_at_ms > 0)
        psd_cli_age(psd_clock_unix_ms() - as_version(row)->changed_at_ms, age);
    psd_text_add(cell, age);
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_config_map(const void *row, psd_text *cell)
{
    psd_cli_add_safe(cell, as_version(row)->config_map[0] ? as_version(row)->config_map : "-");
    return PSD_CLI_PLAIN;
}

static psd_cli_color print_not_present(const void *row, psd_text *cell)
{
    const version *it = as_version(row);
    for (size_t i = 0; i < it->n_images; i++) {
        const image *one = it->images[i];
        if (one->presence == PRESENT)
            continue;
        psd_text_add(cell, cell->length > 0 ? "," : "");
        psd_cli_add_safe(cell, one->key);
        psd_text_add(cell, "=");
        psd_cli_add_safe(cell, one->image);
        psd_text_add(cell, one->presence == ABSENT ? "" : "?");
    }
    if (cell->length == 0)
        psd_text_add(cell, "-");
    return PSD_CLI_PLAIN;
}

static const psd_cli_column columns[] = {
    {"NAME", false, 16, print_version_name},    {"PRESENCE", false, 8, print_presence},
    {"IMAGES", false, 6, print_images},         {"AGE", false, 6, print_age},
    {"CONFIG-MAP", true, 24, print_config_map}, {"NOT-PRESENT", true, 24, print_not_present},
};

/* ---- selection ---- */

static void add_names(Polarstack__V1__GetCoreVersionsRequest *request, const char *list)
{
    PSD_AUTO_FREE char *copy = psd_text_copy(list);
    char *rest = copy;
    size_t most = 1;
    for (const char *at = copy; *at; at++)
        most += *at == ',';
    request->names = calloc(most, sizeof(*request->names));
    if (!request->names)
        abort();
    for (const char *name = strsep(&rest, ","); name; name = strsep(&rest, ","))
        request->names[request->n_names++] = psd_text_copy(name);
}

static ProtobufCMessage *make_request(const psd_cli_settings *settings)
{
    Polarstack__V1__GetCoreVersionsRequest *request = malloc(sizeof(*request));
    if (!request)
        abort();
    polarstack__v1__get_core_versions_request__init(request);
    if (settings->names)
        add_names(request, settings->names);
    return &request->base;
}

static bool selects(const ProtobufCMessage *message, const ProtobufCMessage *element)
{
    const Polarstack__V1__GetCoreVersionsRequest *request =
        (const Polarstack__V1__GetCoreVersionsRequest *)message;
    for (size_t i = 0; i < request->n_names; i++) {
        if (strcmp(request->names[i], as_version(element)->name) == 0)
            return true;
    }
    return request->n_names == 0;
}

const psd_cli_resource psd_cli_versions = {
    .kind = "version",
    .unknown = "which versions this host has is not known",
    .hint = "see 'pdctl doctor'",
    .watch = &psd_core_version_methods[PSD_CORE_VERSION_METHOD_WATCH_CORE_VERSIONS],
    .columns = columns,
    .column_count = PSD_ARRAY_SIZE(columns),
    .request = make_request,
    .selects = selects,
};
