#include "server/node_config/check.h"

#include <stdio.h>
#include <string.h>

#include "common/interface_name.h"
#include "common/port_set.h"
#include "server/host/proc_text.h"
#include "server/node_config/findings.h"

enum {
    SHOWN = 40, /* bytes of a faulty text that its finding shows */
    STALE_SHOWN = 160,
    PATH_SIZE = 64,
};

static const char alphanumeric[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* TEXT as it may stand in a line, quoted; cut when long. */
typedef struct shown {
    char text[SHOWN + 8];
} shown;

static shown show(const char *text)
{
    shown it;
    char part[SHOWN];
    size_t length = strlen(text);
    psd_proc_printable(text, length, part, sizeof(part));
    snprintf(it.text, sizeof(it.text), "'%s%s'", part, length >= sizeof(part) ? "..." : "");
    return it;
}

/* ---- texts ---- */

/* One line of valid UTF-8. */
static bool is_line(const char *text)
{
    char copy[PSD_NODE_CONFIG_TEXT_MAX + 1];
    size_t length = strlen(text);
    return psd_proc_printable(text, length, copy, sizeof(copy)) == length && memcmp(text, copy, length) == 0;
}

static bool is_word(const char *text)
{
    return is_line(text) && !strchr(text, ' ');
}

static bool is_version_name(const char *text)
{
    return is_word(text) && !strchr(text, ','); /* they are published with commas between them */
}

static bool has_only(const char *text, const char *others)
{
    for (; *text; text++) {
        if (!strchr(alphanumeric, *text) && !strchr(others, *text))
            return false;
    }
    return true;
}

static bool is_user_name(const char *text)
{
    return has_only(text, "._-") && text[0] != '-';
}

typedef struct text_rule {
    bool required;
    size_t most;
    bool (*is_valid)(const char *text);
    const char *wanted;
} text_rule;

static const text_rule line_rule = {false, PSD_NODE_CONFIG_TEXT_MAX, is_line, "one line of printable UTF-8"};
static const text_rule source_rule = {true, PSD_NODE_CONFIG_TEXT_MAX, is_line, "one line of printable UTF-8"};
static const text_rule word_rule = {false, PSD_NODE_CONFIG_NAME_MAX, is_word,
                                    "printable UTF-8 without blanks"};
static const text_rule key_rule = {true, PSD_NODE_CONFIG_NAME_MAX, is_word, "printable UTF-8 without blanks"};
static const text_rule image_rule = {true, PSD_NODE_CONFIG_TEXT_MAX, is_word,
                                     "printable UTF-8 without blanks"};
static const text_rule version_rule = {true, PSD_NODE_CONFIG_NAME_MAX, is_version_name,
                                       "printable UTF-8 without blanks and commas"};
static const text_rule user_rule = {
    false, PSD_NODE_CONFIG_USER_MAX, is_user_name,
    "a user name of letters, digits and '._-', which does not begin with '-'"};

static void check_text(psd_findings *faults, const char *path, const char *text, const text_rule *rule)
{
    size_t length = strlen(text);
    if (length == 0 && rule->required)
        psd_findings_add(faults, "%s: is empty", path);
    else if (length > rule->most)
        psd_findings_add(faults, "%s: %s has %zu bytes: at most %zu", path, show(text).text, length,
                         rule->most);
    else if (length > 0 && !rule->is_valid(text))
        psd_findings_add(faults, "%s: %s: must be %s", path, show(text).text, rule->wanted);
}

static void check_interface(psd_findings *faults, const char *path, const char *text)
{
    size_t longest = psd_interface_name_longest(text);
    if (longest > PSD_INTERFACE_NAME_MAX)
        psd_findings_add(faults, "%s: %s has %zu bytes: at most %d", path, show(text).text, longest,
                         PSD_INTERFACE_NAME_MAX);
    else if (text[0] && !psd_interface_name_is_valid(text))
        psd_findings_add(faults, "%s: %s: must be " PSD_INTERFACE_NAME_WANTED, path, show(text).text);
}

/* Of two neighbours in a list that is sorted by this text; an empty one is a
 * fault already. */
static void check_order(psd_findings *faults, const char *path, const char *before, const char *text)
{
    int order = text[0] ? strcmp(before, text) : -1;
    if (order == 0)
        psd_findings_add(faults, "%s: %s stands there twice", path, show(text).text);
    else if (order > 0)
        psd_findings_add(faults, "%s: %s is not sorted: it belongs before %s", path, show(text).text,
                         show(before).text);
}

/* True when the list is short enough to be looked at. */
static bool check_count(psd_findings *faults, const char *path, size_t count, size_t most)
{
    if (count > most)
        psd_findings_add(faults, "%s: %zu of them: at most %zu", path, count, most);
    return count <= most;
}

/* ---- port_ranges ---- */

static void check_ranges(psd_findings *faults, const Polarstack__V1__NodeConfig *config)
{
    if (!check_count(faults, "port_ranges", config->n_port_ranges, PSD_NODE_CONFIG_RANGES_MAX))
        return;
    uint32_t end = 0;
    for (size_t i = 0; i < config->n_port_ranges; i++) {
        const Polarstack__V1__PortRange *range = config->port_ranges[i];
        if (range->first < 1 || range->first > PSD_PORT_MAX || range->last < 1 || range->last > PSD_PORT_MAX)
            psd_findings_add(faults, "port_ranges[%zu]: %u-%u: ports are 1 to %d", i, range->first,
                             range->last, PSD_PORT_MAX);
        else if (range->last < range->first)
            psd_findings_add(faults, "port_ranges[%zu]: %u-%u: ends before it begins", i, range->first,
                             range->last);
        else if (range->first <= end)
            psd_findings_add(faults, "port_ranges[%zu]: %u-%u: not sorted or overlapping: begins before %u",
                             i, range->first, range->last, end + 1);
        else
            end = range->last;
    }
}

/* ---- provenance ---- */

/* The parts, sorted as provenance is. */
enum { CHECK_BMC, CLIENT_NIC, CORE_VERSIONS, PORT_RANGES, PUBLISH_PORTS, SSH_USER, PARTS };

static const char *const part_names[PARTS] = {
    [CHECK_BMC] = "check_bmc",     [CLIENT_NIC] = "client_nic",       [CORE_VERSIONS] = "core_versions",
    [PORT_RANGES] = "port_ranges", [PUBLISH_PORTS] = "publish_ports", [SSH_USER] = "ssh_user",
};

static int part_number(const char *name)
{
    for (int i = 0; i < PARTS; i++) {
        if (strcmp(part_names[i], name) == 0)
            return i;
    }
    return -1;
}

static void check_entry(psd_findings *faults, size_t index, const Polarstack__V1__ConfigProvenance *entry)
{
    char path[PATH_SIZE];
    if (part_number(entry->field) < 0)
        psd_findings_add(faults, "provenance[%zu].field: %s is no part of the configuration", index,
                         show(entry->field).text);
    snprintf(path, sizeof(path), "provenance[%zu].source", index);
    check_text(faults, path, entry->source, &source_rule);
    snprintf(path, sizeof(path), "provenance[%zu].resource_version", index);
    check_text(faults, path, entry->resource_version, &word_rule);
    if (entry->read_at_ms < 0)
        psd_findings_add(faults, "provenance[%zu].read_at_ms: is negative", index);
    snprintf(path, sizeof(path), "provenance[%zu].stale_reason", index);
    check_text(faults, path, entry->stale_reason, &line_rule);
}

static void check_provenance(psd_findings *faults, const Polarstack__V1__NodeConfig *config)
{
    const bool is_there[PARTS] = {
        [CHECK_BMC] = config->check_bmc,
        [CLIENT_NIC] = config->client_nic[0] != '\0',
        [CORE_VERSIONS] = config->n_core_versions > 0,
        [PORT_RANGES] = config->n_port_ranges > 0,
        [PUBLISH_PORTS] = config->publish_ports,
        [SSH_USER] = config->ssh_user[0] != '\0',
    };
    bool has_entry[PARTS] = {false};
    size_t count = config->n_provenance;
    if (!check_count(faults, "provenance", count, PARTS))
        return;
    for (size_t i = 0; i < count; i++) {
        const Polarstack__V1__ConfigProvenance *entry = config->provenance[i];
        int part = part_number(entry->field);
        if (part >= 0)
            has_entry[part] = true;
        check_entry(faults, i, entry);
        char path[PATH_SIZE];
        snprintf(path, sizeof(path), "provenance[%zu].field", i);
        if (i > 0)
            check_order(faults, path, config->provenance[i - 1]->field, entry->field);
    }
    for (int i = 0; i < PARTS; i++) {
        if (is_there[i] && !has_entry[i])
            psd_findings_add(faults, "%s: has a value, but no provenance entry", part_names[i]);
    }
}

/* ---- core_versions ---- */

static void check_images(psd_findings *faults, size_t index,
                         const Polarstack__V1__CoreVersionDefinition *version)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "core_versions[%zu].images", index);
    if (version->n_images == 0)
        psd_findings_add(faults, "%s: is empty", path);
    if (!check_count(faults, path, version->n_images, PSD_NODE_CONFIG_IMAGES_MAX))
        return;
    for (size_t i = 0; i < version->n_images; i++) {
        const Polarstack__V1__CoreVersionImageName *image = version->images[i];
        snprintf(path, sizeof(path), "core_versions[%zu].images[%zu].key", index, i);
        check_text(faults, path, image->key, &key_rule);
        if (i > 0)
            check_order(faults, path, version->images[i - 1]->key, image->key);
        snprintf(path, sizeof(path), "core_versions[%zu].images[%zu].image", index, i);
        check_text(faults, path, image->image, &image_rule);
    }
}

static void check_versions(psd_findings *faults, const Polarstack__V1__NodeConfig *config)
{
    if (!check_count(faults, "core_versions", config->n_core_versions, PSD_NODE_CONFIG_VERSIONS_MAX))
        return;
    for (size_t i = 0; i < config->n_core_versions; i++) {
        const Polarstack__V1__CoreVersionDefinition *version = config->core_versions[i];
        char path[PATH_SIZE];
        snprintf(path, sizeof(path), "core_versions[%zu].name", i);
        check_text(faults, path, version->name, &version_rule);
        if (i > 0)
            check_order(faults, path, config->core_versions[i - 1]->name, version->name);
        snprintf(path, sizeof(path), "core_versions[%zu].config_map", i);
        check_text(faults, path, version->config_map, &word_rule);
        check_images(faults, i, version);
    }
}

/* ---- the whole ---- */

static void check_size(psd_findings *faults, const Polarstack__V1__NodeConfig *config)
{
    Polarstack__V1__NodeConfig data = *config;
    data.observation = NULL;
    size_t size = polarstack__v1__node_config__get_packed_size(&data);
    if (size > PSD_NODE_CONFIG_SIZE_MAX)
        psd_findings_add(faults, "the configuration has %zu bytes: at most %d", size,
                         PSD_NODE_CONFIG_SIZE_MAX);
}

int psd_node_config_check(const Polarstack__V1__NodeConfig *config, psd_error *error)
{
    char text[PSD_ERROR_TEXT_SIZE];
    psd_findings faults = psd_findings_in(text);
    check_size(&faults, config);
    check_ranges(&faults, config);
    check_interface(&faults, "client_nic", config->client_nic);
    check_text(&faults, "ssh_user", config->ssh_user, &user_rule);
    check_versions(&faults, config);
    check_provenance(&faults, config);
    if (faults.count == 0)
        return 0;
    psd_findings_end(&faults);
    return psd_error_set(error, PSD_INVALID_ARGUMENT, "%s", text);
}

const char *psd_node_config_stale_reason(const Polarstack__V1__NodeConfig *config,
                                         char text[PSD_ERROR_TEXT_SIZE])
{
    psd_findings stale = psd_findings_in(text);
    for (size_t i = 0; i < config->n_provenance; i++) {
        const Polarstack__V1__ConfigProvenance *entry = config->provenance[i];
        char reason[STALE_SHOWN];
        psd_proc_printable(entry->stale_reason, strlen(entry->stale_reason), reason, sizeof(reason));
        if (reason[0])
            psd_findings_add(&stale, "%s: %s", entry->field, reason);
    }
    psd_findings_end(&stale);
    return stale.count > 0 ? text : NULL;
}
