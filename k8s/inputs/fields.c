#include "k8s/inputs/fields.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/interface_name.h"
#include "common/log.h"
#include "common/node_config_limits.h"
#include "common/parse.h"
#include "common/port_set.h"
#include "common/text.h"

/* ---- growing a configuration ---- */

static void *checked(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* Adds ITEM to a repeated field. */
#define ADD(array, count, item)                                                \
    do {                                                                       \
        (array) = checked(realloc((array), ((count) + 1) * sizeof(*(array)))); \
        (array)[(count)++] = (item);                                           \
    } while (0)

static void add_range(Polarstack__V1__NodeConfig *config, psd_port_range run)
{
    Polarstack__V1__PortRange *range = checked(malloc(sizeof(*range)));
    polarstack__v1__port_range__init(range);
    range->first = run.first;
    range->last = run.last;
    ADD(config->port_ranges, config->n_port_ranges, range);
}

/* ---- port_ranges ---- */

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static const char blanks[] = " \t\r\n";

/* TEXT without blanks, which people write behind commas. One between digits
 * stays: "5 400" is not 5400. */
static char *without_blanks(const char *text)
{
    char *squeezed = psd_text_copy(text);
    char *to = squeezed;
    for (const char *from = text; *from; from++) {
        const char *next = from + strspn(from, blanks);
        if (next == from)
            *to++ = *from;
        else if (to > squeezed && isdigit((unsigned char)to[-1]) && isdigit((unsigned char)*next))
            *to++ = ' ';
    }
    *to = '\0';
    return squeezed;
}

/* Adds a fault to those before. */
static void add_fault(psd_text *faults, const char *what, const char *name, const char *why)
{
    psd_text_printf(faults, "%s%s '%s': %s", faults->length > 0 ? "; " : "", what, name, why);
}

/* Adds the ranges of an annotation to PORTS, or its faults to FAULTS. */
static void read_ranges(const char *name, const char *value, psd_port_set *ports, psd_text *faults)
{
    PSD_AUTO_FREE char *ranges = without_blanks(value);
    if (!ranges[0])
        return;
    char *rest = ranges;
    for (char *part = strsep(&rest, ","); part; part = strsep(&rest, ",")) {
        psd_error fault = PSD_ERROR_INIT;
        if (psd_port_set_parse(ports, part, &fault) < 0)
            add_fault(faults, "annotation", name, fault.text);
    }
}

/* The ranges of all annotations named ….port.range or ….port.ranges together. */
static int read_port_ranges(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    psd_port_set ports;
    psd_port_set_clear(&ports);
    PSD_AUTO_TEXT faults = PSD_TEXT_INIT;
    const cJSON *annotation = NULL;
    cJSON_ArrayForEach(annotation, psd_json_map(objects, "0/metadata/annotations"))
    {
        const char *value = cJSON_GetStringValue(annotation);
        if (!value ||
            !(ends_in(annotation->string, "port.range") || ends_in(annotation->string, "port.ranges")))
            continue;
        read_ranges(annotation->string, value, &ports, &faults);
    }
    if (faults.length > 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "%s", psd_text_string(&faults));
    psd_port_range run;
    for (unsigned from = 1; psd_port_set_next(&ports, from, &run); from = run.last + 1U)
        add_range(config, run);
    if (config->n_port_ranges == 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "no annotation whose name ends in port.range or port.ranges has ports");
    if (config->n_port_ranges > PSD_NODE_CONFIG_RANGES_MAX)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "the annotations have %zu ranges: at most %d",
                             config->n_port_ranges, PSD_NODE_CONFIG_RANGES_MAX);
    return 0;
}

/* ---- words of ConfigMaps ---- */

/* The text at PATH without blanks around it, which a YAML block brings; empty when
 * there is none. free(). */
static char *trimmed(const cJSON *root, const char *path)
{
    const char *text = psd_json_string(root, path);
    char *word = psd_text_copy(text ? text + strspn(text, blanks) : "");
    size_t length = strlen(word);
    while (length > 0 && strchr(blanks, word[length - 1]))
        word[--length] = '\0';
    return word;
}

/* Of letters, digits and OTHERS; it does not begin with '-'. */
static bool is_name(const char *text, size_t most, const char *others)
{
    if (text[0] == '-' || strlen(text) > most)
        return false;
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr(others, *text))
            return false;
    }
    return true;
}

/* A bool word; OTHERWISE when it is missing or empty. */
static int read_word(const cJSON *objects, const char *key, bool otherwise, protobuf_c_boolean *value,
                     psd_error *error)
{
    char path[64];
    snprintf(path, sizeof(path), "0/data/%s", key);
    PSD_AUTO_FREE char *text = trimmed(objects, path);
    bool read = otherwise;
    /* The text itself stays unsaid: this ConfigMap may hold secrets. */
    if (text[0] && psd_parse_bool(text, &read, NULL) < 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "%s is none of true, false, yes, no, 1, 0", key);
    *value = read;
    return 0;
}

static int read_publish_ports(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    return read_word(objects, "enablePrintPort", true, &config->publish_ports, error);
}

static void default_publish_ports(Polarstack__V1__NodeConfig *config)
{
    config->publish_ports = true;
}

static int read_check_bmc(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    return read_word(objects, "isCheckOObIP", true, &config->check_bmc, error);
}

static void default_check_bmc(Polarstack__V1__NodeConfig *config)
{
    config->check_bmc = true;
}

static int read_ssh_user(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    config->ssh_user = trimmed(objects, "0/data/sshUser");
    if (!is_name(config->ssh_user, PSD_NODE_CONFIG_USER_MAX, "._-"))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "sshUser is no user name");
    return 0;
}

static void default_ssh_user(Polarstack__V1__NodeConfig *config)
{
    config->ssh_user = psd_text_copy("");
}

static void default_client_nic(Polarstack__V1__NodeConfig *config)
{
    config->client_nic = psd_text_copy("bond1");
}

static int read_client_nic(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    static const char path[] = "0/data/NET_CARD_NAME";
    if (!psd_json_at(objects, path)) {
        default_client_nic(config);
        return 0;
    }
    PSD_AUTO_FREE char *name = trimmed(objects, path);
    if (!psd_interface_name_is_valid(name))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "NET_CARD_NAME '%.40s' is no interface name", name);
    config->client_nic = psd_take(name);
    return 0;
}

/* ---- core_versions ---- */

static int by_key(const void *left, const void *right)
{
    const Polarstack__V1__CoreVersionImageName *const *a = left;
    const Polarstack__V1__CoreVersionImageName *const *b = right;
    return strcmp((*a)->key, (*b)->key);
}

static int by_name(const void *left, const void *right)
{
    const Polarstack__V1__CoreVersionDefinition *const *a = left;
    const Polarstack__V1__CoreVersionDefinition *const *b = right;
    int order = strcmp((*a)->name, (*b)->name);
    return order ? order : strcmp((*a)->config_map, (*b)->config_map);
}

static bool names_an_image(const cJSON *item)
{
    return item->string[0] && strstr(item->string + 1, "Image");
}

static void add_image(Polarstack__V1__CoreVersionDefinition *version, const char *key, char *reference)
{
    Polarstack__V1__CoreVersionImageName *image = checked(malloc(sizeof(*image)));
    polarstack__v1__core_version_image_name__init(image);
    image->key = psd_text_copy(key);
    image->image = reference;
    ADD(version->images, version->n_images, image);
}

/* Printable ASCII without blanks. */
static bool is_word(const char *text, size_t most)
{
    size_t length = strlen(text);
    for (; *text; text++) {
        if (!isgraph((unsigned char)*text))
            return false;
    }
    return length > 0 && length <= most;
}

/* Whether the daemon takes it: one that it does not would cost all others. */
static bool is_sound(const Polarstack__V1__CoreVersionDefinition *version)
{
    bool sound = is_word(version->name, PSD_NODE_CONFIG_NAME_MAX) && !strchr(version->name, ',') &&
                 is_word(version->config_map, PSD_NODE_CONFIG_NAME_MAX) &&
                 version->n_images <= PSD_NODE_CONFIG_IMAGES_MAX;
    for (size_t i = 0; sound && i < version->n_images; i++)
        sound = is_word(version->images[i]->key, PSD_NODE_CONFIG_NAME_MAX) &&
                is_word(version->images[i]->image, PSD_NODE_CONFIG_TEXT_MAX) &&
                (i == 0 || strcmp(version->images[i - 1]->key, version->images[i]->key) != 0);
    return sound;
}

/* NULL when the ConfigMap defines no version. */
static Polarstack__V1__CoreVersionDefinition *version_of(const cJSON *config_map)
{
    PSD_AUTO_FREE char *name = trimmed(config_map, "data/name");
    const char *config_map_name = psd_json_string(config_map, "metadata/name");
    if (!name[0] || !config_map_name)
        return NULL;
    Polarstack__V1__CoreVersionDefinition *version = checked(malloc(sizeof(*version)));
    polarstack__v1__core_version_definition__init(version);
    version->name = psd_take(name);
    version->config_map = psd_text_copy(config_map_name);
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, psd_json_map(config_map, "data"))
    {
        PSD_AUTO_FREE char *reference = trimmed(item, "");
        if (names_an_image(item) && reference[0])
            add_image(version, item->string, psd_take(reference));
    }
    if (version->n_images > 0)
        qsort(version->images, version->n_images, sizeof(version->images[0]), by_key);
    bool sound = is_sound(version);
    if (!sound)
        psd_log(PSD_LOG_WARNING, "version ignored",
                "config_map=%s reason=\"its name or an image has blanks or is too long\"", config_map_name);
    if (sound && version->n_images > 0)
        return version;
    polarstack__v1__core_version_definition__free_unpacked(version, NULL);
    return NULL;
}

/* Of two ConfigMaps that define a version of the same name the first one counts,
 * by its own name. */
static void drop_repeats(Polarstack__V1__NodeConfig *config)
{
    size_t kept = 0;
    for (size_t i = 0; i < config->n_core_versions; i++) {
        Polarstack__V1__CoreVersionDefinition *version = config->core_versions[i];
        if (kept == 0 || strcmp(config->core_versions[kept - 1]->name, version->name) != 0) {
            config->core_versions[kept++] = version;
            continue;
        }
        psd_log(PSD_LOG_WARNING, "version defined twice", "name=%s config_map=%s ignored=%s", version->name,
                config->core_versions[kept - 1]->config_map, version->config_map);
        polarstack__v1__core_version_definition__free_unpacked(version, NULL);
    }
    config->n_core_versions = kept;
}

static int read_core_versions(const cJSON *objects, Polarstack__V1__NodeConfig *config, psd_error *error)
{
    const cJSON *config_map = NULL;
    cJSON_ArrayForEach(config_map, objects)
    {
        Polarstack__V1__CoreVersionDefinition *version = version_of(config_map);
        if (version)
            ADD(config->core_versions, config->n_core_versions, version);
    }
    if (config->n_core_versions == 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "none of them defines a version (name and images)");
    qsort(config->core_versions, config->n_core_versions, sizeof(config->core_versions[0]), by_name);
    drop_repeats(config);
    if (config->n_core_versions > PSD_NODE_CONFIG_VERSIONS_MAX)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "there are %zu versions: at most %d",
                             config->n_core_versions, PSD_NODE_CONFIG_VERSIONS_MAX);
    return 0;
}

/* ---- the table ---- */

const psd_input_field psd_input_fields[] = {
    {"check_bmc", PSD_SOURCE_CONTROLLER, read_check_bmc, default_check_bmc},
    {"client_nic", PSD_SOURCE_CCM, read_client_nic, default_client_nic},
    {"core_versions", PSD_SOURCE_CORE_VERSIONS, read_core_versions, NULL},
    {"port_ranges", PSD_SOURCE_MPD_CONTROLLER, read_port_ranges, NULL},
    {"publish_ports", PSD_SOURCE_CONTROLLER, read_publish_ports, default_publish_ports},
    {"ssh_user", PSD_SOURCE_CONTROLLER, read_ssh_user, default_ssh_user},
};
const size_t psd_input_field_count = PSD_ARRAY_SIZE(psd_input_fields);
