#include "server/node_config/node_config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "server/node_config/check.h"
#include "server/node_config/unknown_fields.h"
#include "server/store/state_file.h"

/* The configuration and an observation of some bytes. */
enum { FILE_MAX = PSD_NODE_CONFIG_SIZE_MAX + 64 };

struct psd_node_config {
    char *state_dir;
    psd_topic *topic;
    psd_node_config_follower follow;
    void *follow_arg;

    pthread_mutex_t applying; /* one apply at a time */
    bool kept;                /* what the topic holds is on disk */
};

static void free_config(Polarstack__V1__NodeConfig **config)
{
    polarstack__v1__node_config__free_unpacked(*config, NULL);
}

/* ---- messages ---- */

Polarstack__V1__NodeConfig *psd_node_config_checked(const Polarstack__V1__NodeConfig *wanted,
                                                    psd_error *error)
{
    size_t size = polarstack__v1__node_config__get_packed_size(wanted);
    PSD_AUTO_FREE uint8_t *packed = malloc(size + 1);
    if (!packed) {
        psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for a configuration of %zu bytes", size);
        return NULL;
    }
    polarstack__v1__node_config__pack(wanted, packed);
    PSD_AUTO(free_config)
    Polarstack__V1__NodeConfig *copy = polarstack__v1__node_config__unpack(NULL, size, packed);
    if (!copy) {
        psd_error_set(error, PSD_INVALID_ARGUMENT, "the configuration is malformed");
        return NULL;
    }
    polarrpc__v1__observation__free_unpacked(psd_take(copy->observation), NULL);
    psd_forget_unknown_fields(&copy->base);
    if (psd_node_config_check(copy, error) < 0)
        return NULL;
    return psd_take(copy);
}

Polarstack__V1__NodeConfig *psd_node_config_parse(psd_bytes content, psd_error *error)
{
    PSD_AUTO(free_config)
    Polarstack__V1__NodeConfig *config = polarstack__v1__node_config__unpack(NULL, content.length,
                                                                             content.data);
    if (!config || !config->observation || config->observation->observed_at_ms <= 0) {
        psd_error_set(error, PSD_DATA_LOSS, "it holds no configuration");
        return NULL;
    }
    psd_forget_unknown_fields(&config->base);
    if (psd_node_config_check(config, error) < 0) {
        psd_error_prefix(error, "it holds a configuration with faults");
        if (error)
            error->code = PSD_DATA_LOSS;
        return NULL;
    }
    return psd_take(config);
}

/* ---- in force ---- */

static int put_in_force(psd_node_config *config, const Polarstack__V1__NodeConfig *wanted,
                        int64_t observed_at_ms, const char *stale_reason, psd_error *error)
{
    Polarstack__V1__NodeConfig data = *wanted;
    data.observation = NULL;
    config->follow(config->follow_arg, &data);
    const psd_look look = {
        .resource = &data.base, .observed_at_ms = observed_at_ms, .stale_reason = stale_reason};
    return psd_topic_publish(config->topic, &look, error);
}

static bool is_in_force(const psd_node_config *config, psd_bytes data)
{
    const psd_snapshot *snapshot = psd_topic_snapshot(config->topic);
    bool same = config->kept && snapshot->data_length == data.length &&
                memcmp(snapshot->data, data.data, data.length) == 0;
    psd_snapshot_release(snapshot);
    return same;
}

/* The packed DATA behind an observation that holds its time only: protobuf
 * merges what is concatenated. */
static int keep(const psd_node_config *config, psd_bytes data, int64_t observed_at_ms, psd_error *error)
{
    Polarrpc__V1__Observation facts = POLARRPC__V1__OBSERVATION__INIT;
    facts.observed_at_ms = observed_at_ms;
    size_t facts_length = polarrpc__v1__observation__get_packed_size(&facts);
    size_t head = psd_wire_field_size(1, facts_length);
    PSD_AUTO_FREE uint8_t *content = malloc(head + data.length);
    if (!content)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the configuration");
    polarrpc__v1__observation__pack(&facts, psd_wire_write_field_header(content, 1, facts_length));
    memcpy(content + head, data.data, data.length);
    return psd_state_file_write(config->state_dir, PSD_NODE_CONFIG_FILE,
                                (psd_bytes){content, head + data.length}, error);
}

static int keep_first(psd_node_config *config, psd_bytes data, int64_t observed_at_ms, psd_error *error)
{
    psd_error why = PSD_ERROR_INIT;
    if (is_in_force(config, data))
        return 0;
    if (keep(config, data, observed_at_ms, &why) < 0) {
        psd_log(PSD_LOG_WARNING, "the node's configuration cannot be kept", "reason=\"%s\"", why.text);
        if (why.code != PSD_RESOURCE_EXHAUSTED)
            why.code = PSD_FAILED_PRECONDITION;
        psd_error_copy(error, &why);
        return psd_error_append(error, ": the old configuration stays in force");
    }
    config->kept = true;
    psd_log(PSD_LOG_INFO, "the node's configuration has changed", "bytes=%zu", data.length);
    return 0;
}

int psd_node_config_apply(psd_node_config *config, const Polarstack__V1__NodeConfig *wanted, psd_error *error)
{
    size_t length = polarstack__v1__node_config__get_packed_size(wanted);
    PSD_AUTO_FREE uint8_t *packed = malloc(length + 1);
    if (!packed)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the configuration");
    polarstack__v1__node_config__pack(wanted, packed);
    char stale[PSD_ERROR_TEXT_SIZE];
    PSD_LOCKED(&config->applying);
    int64_t now_ms = psd_clock_unix_ms();
    if (keep_first(config, (psd_bytes){packed, length}, now_ms, error) < 0)
        return -1;
    return put_in_force(config, wanted, now_ms, psd_node_config_stale_reason(wanted, stale), error);
}

/* ---- at the start ---- */

static Polarstack__V1__NodeConfig *read_kept(const psd_node_config *config, psd_error *error)
{
    PSD_AUTO_FREE uint8_t *file = NULL;
    psd_bytes content;
    if (psd_state_file_read(config->state_dir, PSD_NODE_CONFIG_FILE, FILE_MAX, &file, &content, error) < 0)
        return NULL;
    return psd_node_config_parse(content, error);
}

/* The file cannot be used: says so once, and why the topic is UNKNOWN. */
static void do_without(const psd_node_config *config, const psd_error *why)
{
    psd_error aside = PSD_ERROR_INIT;
    const char *reason = "the configuration that was kept cannot be read, and none was applied yet";
    if (why->code == PSD_NOT_FOUND) {
        reason = "no configuration was applied yet";
    } else if (why->code != PSD_DATA_LOSS) {
        psd_log(PSD_LOG_WARNING, "the kept configuration cannot be read", "reason=\"%s\"", why->text);
    } else {
        reason = "the configuration that was kept is damaged, and none was applied yet";
        bool moved = psd_state_file_set_aside(config->state_dir, PSD_NODE_CONFIG_FILE, &aside) == 0;
        psd_log(PSD_LOG_WARNING, "the kept configuration is damaged", "file=%s/%s%s reason=\"%s\"%s%s",
                config->state_dir, PSD_NODE_CONFIG_FILE, moved ? ".corrupt" : "", why->text, moved ? "" : " ",
                aside.text);
    }
    psd_topic_mark_failed(config->topic, reason);
}

static int load(psd_node_config *config, psd_error *error)
{
    psd_error why = PSD_ERROR_INIT;
    PSD_AUTO(free_config) Polarstack__V1__NodeConfig *found = read_kept(config, &why);
    if (!found) {
        do_without(config, &why);
        return 0;
    }
    config->kept = true;
    return put_in_force(config, found, found->observation->observed_at_ms,
                        "kept from before the daemon's start; nobody has confirmed it since", error);
}

int psd_node_config_open(const char *state_dir, psd_topic *topic, psd_node_config_follower follow, void *arg,
                         psd_node_config **config, psd_error *error)
{
    psd_node_config *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_node_config){
        .state_dir = strdup(state_dir), .topic = topic, .follow = follow, .follow_arg = arg};
    pthread_mutex_init(&made->applying, NULL);
    if (!made->state_dir)
        psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    if (!made->state_dir || load(made, error) < 0) {
        psd_node_config_free(made);
        return -1;
    }
    *config = made;
    return 0;
}

void psd_node_config_free(psd_node_config *config)
{
    if (!config)
        return;
    pthread_mutex_destroy(&config->applying);
    free(config->state_dir);
    free(config);
}
