/* field_update.c - one part of NodeConfig: value, provenance, staleness. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/node_config_limits.h"
#include "common/node_config_part.h"
#include "common/parse.h"
#include "common/rpc/keyed_list.h"
#include "common/text.h"
#include "k8s/inputs/inputs.h"

typedef Polarstack__V1__NodeConfig node_config;
typedef Polarstack__V1__ConfigProvenance provenance;

static const ProtobufCFieldDescriptor *descriptor_of(const psd_input_field *field)
{
    return protobuf_c_message_descriptor_get_field_by_name(&polarstack__v1__node_config__descriptor,
                                                           field->name);
}

static node_config *new_config(void)
{
    node_config *made = malloc(sizeof(*made));
    if (!made)
        abort();
    polarstack__v1__node_config__init(made);
    return made;
}

static void clean_config(node_config **config)
{
    polarstack__v1__node_config__free_unpacked(*config, NULL);
}

static void swap_bytes(void *a, void *b, size_t size)
{
    char kept[sizeof(void *)];
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

/* Exchanges the field's value between two messages, with what it owns. */
static void swap_field(node_config *a, node_config *b, const ProtobufCFieldDescriptor *field)
{
    char *left = (char *)a;
    char *right = (char *)b;
    bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool is_word = field->type == PROTOBUF_C_TYPE_BOOL && !is_list;
    swap_bytes(left + field->offset, right + field->offset,
               is_word ? sizeof(protobuf_c_boolean) : sizeof(void *));
    if (is_list)
        swap_bytes(left + field->quantifier_offset, right + field->quantifier_offset, sizeof(size_t));
}

/* Whether two messages have the same value there. */
static bool same_field(node_config *a, node_config *b, const ProtobufCFieldDescriptor *field)
{
    node_config left = POLARSTACK__V1__NODE_CONFIG__INIT;
    node_config right = POLARSTACK__V1__NODE_CONFIG__INIT;
    swap_field(&left, a, field);
    swap_field(&right, b, field);
    bool same = psd_message_equal(&left.base, &right.base);
    swap_field(&left, a, field);
    swap_field(&right, b, field);
    return same;
}

/* ---- provenance ---- */

static void set_text(char **text, const char *value)
{
    char *copied = strdup(value);
    if (!copied)
        abort();
    if (*text != protobuf_c_empty_string)
        free(*text);
    *text = copied;
}

/* The entry of NAME, made in its place (they are sorted) when there is none. */
static provenance *entry_of(node_config *config, const char *name)
{
    provenance *entry = psd_node_config_part(config, name);
    if (entry)
        return entry;
    provenance **longer = realloc(config->provenance, (config->n_provenance + 1) * sizeof(*longer));
    entry = malloc(sizeof(*entry));
    if (!longer || !entry)
        abort();
    polarstack__v1__config_provenance__init(entry);
    set_text(&entry->field, name);
    config->provenance = longer;
    size_t at = config->n_provenance++;
    for (; at > 0 && strcmp(longer[at - 1]->field, name) > 0; at--)
        longer[at] = longer[at - 1];
    longer[at] = entry;
    return entry;
}

/* The newest resourceVersion of the objects; empty when they have none. */
static const char *newest_version(const cJSON *objects)
{
    const char *newest = "";
    uint64_t newest_number = 0;
    const cJSON *object = NULL;
    cJSON_ArrayForEach(object, objects)
    {
        const char *version = psd_json_string(object, "metadata/resourceVersion");
        uint64_t number = 0;
        if (!version || psd_parse_uint(version, newest_number, UINT64_MAX, &number, NULL) < 0)
            continue;
        newest = version;
        newest_number = number;
    }
    return newest;
}

/* Puts VALUE's field into CONFIG. What is there already keeps its date. */
static void accept(const psd_input_field *field, const char *source, const char *version, int64_t now_ms,
                   node_config *value, node_config *config)
{
    const ProtobufCFieldDescriptor *descriptor = descriptor_of(field);
    provenance *entry = psd_node_config_part(config, field->name);
    bool is_known = entry && strcmp(entry->source, source) == 0 && same_field(value, config, descriptor);
    entry = entry_of(config, field->name);
    set_text(&entry->stale_reason, "");
    if (is_known)
        return;
    swap_field(value, config, descriptor);
    set_text(&entry->source, source);
    set_text(&entry->resource_version, version);
    entry->read_at_ms = now_ms;
}

/* The value that holds without the source, if there is one. */
static bool accept_default(const psd_input_field *field, const char *what, int64_t now_ms,
                           node_config *config)
{
    if (!field->set_default)
        return false;
    PSD_AUTO_TEXT source = PSD_TEXT_INIT;
    PSD_AUTO(clean_config) node_config *value = new_config();
    field->set_default(value);
    psd_text_printf(&source, "default, without %s", what);
    accept(field, psd_text_string(&source), "", now_ms, value, config);
    return true;
}

/* Keeps what CONFIG has, and says why it is no newer. Zero is no value: where
 * there is none yet, the default is one. */
static void keep_stale(const psd_input_field *field, const char *what, const char *reason, int64_t now_ms,
                       node_config *config)
{
    if (!psd_node_config_part(config, field->name))
        accept_default(field, what, now_ms, config);
    provenance *entry = entry_of(config, field->name);
    if (!entry->source[0])
        set_text(&entry->source, what);
    PSD_AUTO_FREE char *line = strndup(reason, PSD_NODE_CONFIG_TEXT_MAX);
    if (!line)
        abort();
    psd_text_flatten(line); /* it may quote what people wrote */
    set_text(&entry->stale_reason, line);
}

static bool has_value_of(const node_config *config, const psd_input_field *field, const char *what)
{
    const provenance *entry = psd_node_config_part(config, field->name);
    return entry && entry->read_at_ms > 0 && strcmp(entry->source, what) == 0;
}

/* The source is not there. It may have been, and then the last word counts. */
static void update_missing(const psd_input_field *field, const char *what, int64_t now_ms,
                           node_config *config)
{
    PSD_AUTO_TEXT reason = PSD_TEXT_INIT;
    if (has_value_of(config, field, what)) {
        psd_text_printf(&reason, "%s does not exist any more", what);
        keep_stale(field, what, psd_text_string(&reason), now_ms, config);
    } else if (!accept_default(field, what, now_ms, config)) {
        psd_text_printf(&reason, "%s does not exist", what);
        keep_stale(field, what, psd_text_string(&reason), now_ms, config);
    }
}

static void update_present(const psd_input_field *field, const char *what, const cJSON *objects,
                           int64_t now_ms, node_config *config)
{
    PSD_AUTO(clean_config) node_config *value = new_config();
    psd_error fault = PSD_ERROR_INIT;
    if (field->read(objects, value, &fault) == 0) {
        accept(field, what, newest_version(objects), now_ms, value, config);
    } else {
        PSD_AUTO_TEXT reason = PSD_TEXT_INIT;
        psd_text_printf(&reason, "%s (resourceVersion %s): %s", what, newest_version(objects), fault.text);
        keep_stale(field, what, psd_text_string(&reason), now_ms, config);
    }
}

bool psd_input_field_update(const psd_input_field *field, const char *what, const psd_informer_view *view,
                            int64_t stale_after_ms, int64_t now_unix_ms, Polarstack__V1__NodeConfig *config)
{
    bool is_overdue = view->lost_for_ms > stale_after_ms;
    if (!view->synced && !is_overdue)
        return false;
    if (view->synced && cJSON_GetArraySize(view->objects) > 0)
        update_present(field, what, view->objects, now_unix_ms, config);
    else if (view->synced)
        update_missing(field, what, now_unix_ms, config);
    if (is_overdue) {
        PSD_AUTO_TEXT reason = PSD_TEXT_INIT;
        psd_text_printf(&reason, "%s cannot be watched: %s", what, view->reason);
        keep_stale(field, what, psd_text_string(&reason), now_unix_ms, config);
    }
    return true;
}
