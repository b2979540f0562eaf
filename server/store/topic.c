#include "server/store/topic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/delta.h"
#include "common/rpc/observation.h"
#include "common/rpc/wire.h"
#include "common/thread.h"
#include "polarrpc/v1/envelope.pb-c.h"

/* The data of a complete look, without an observation; shared by all snapshots
 * between two changes. */
typedef struct body {
    atomic_uint references;
    ProtobufCMessage *message;
    size_t length;
    uint8_t packed[];
} body;

typedef struct snapshot {
    psd_snapshot seen; /* first: the public part */
    atomic_uint references;
    body *data;
    ProtobufCMessage *shell;                /* copy of data->message's struct with the observation */
    Polarrpc__V1__Observation *observation; /* owned */
    uint8_t *packed;
} snapshot;

struct psd_topic {
    char *name;
    char *node;
    const psd_resource *resource;
    uint64_t epoch;
    psd_topic_send send;
    void *send_arg;

    pthread_mutex_t publishing; /* one publisher at a time; held while sending */
    pthread_mutex_t mutex;      /* guards `current` only */
    snapshot *current;
};

static void release_body(body *data)
{
    if (!data || atomic_fetch_sub(&data->references, 1) != 1)
        return;
    protobuf_c_message_free_unpacked(data->message, NULL);
    free(data);
}

/* The data of MESSAGE; OLD itself, with one more reference, when it is the same.
 * NULL when out of memory. */
static body *body_of(const ProtobufCMessage *message, body *old)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    PSD_AUTO_FREE body *data = malloc(sizeof(*data) + length + 1);
    if (!data)
        return NULL;
    protobuf_c_message_pack(message, data->packed);
    if (old && old->length == length && memcmp(old->packed, data->packed, length) == 0) {
        atomic_fetch_add(&old->references, 1);
        return old;
    }
    atomic_init(&data->references, 1);
    data->length = length;
    data->message = protobuf_c_message_unpack(message->descriptor, NULL, length, data->packed);
    return data->message ? psd_take(data) : NULL;
}

static void free_snapshot(snapshot *s)
{
    if (s->observation)
        polarrpc__v1__observation__free_unpacked(s->observation, NULL);
    release_body(s->data);
    free(s->shell);
    free(s->packed);
    free(s);
}

void psd_snapshot_release(const psd_snapshot *seen)
{
    snapshot *s = (snapshot *)(uintptr_t)seen;
    if (s && atomic_fetch_sub(&s->references, 1) == 1)
        free_snapshot(s);
}

/* Joins data and observation. NULL when out of memory. */
static snapshot *new_snapshot(const psd_resource *resource, body *data,
                              const Polarrpc__V1__Observation *facts)
{
    snapshot *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    atomic_init(&s->references, 1);
    atomic_fetch_add(&data->references, 1);
    s->data = data;
    size_t facts_length = polarrpc__v1__observation__get_packed_size(facts);
    size_t head = psd_wire_field_size(1, facts_length);
    s->packed = malloc(head + data->length);
    s->shell = malloc(resource->message->sizeof_message);
    if (!s->packed || !s->shell) {
        free_snapshot(s);
        return NULL;
    }
    uint8_t *at = psd_wire_write_field_header(s->packed, 1, facts_length);
    polarrpc__v1__observation__pack(facts, at);
    memcpy(s->packed + head, data->packed, data->length);
    s->observation = polarrpc__v1__observation__unpack(NULL, facts_length, at);
    if (!s->observation) {
        free_snapshot(s);
        return NULL;
    }
    memcpy(s->shell, data->message, resource->message->sizeof_message);
    *psd_observation_slot(s->shell) = s->observation;
    s->seen = (psd_snapshot){.message = s->shell,
                             .observation = s->observation,
                             .packed = s->packed,
                             .packed_length = head + data->length,
                             .data = s->packed + head,
                             .data_length = data->length};
    return s;
}

static Polarrpc__V1__Observation first_facts(const psd_topic *topic)
{
    static char reason[] = "no complete look yet";
    Polarrpc__V1__Observation facts = POLARRPC__V1__OBSERVATION__INIT;
    facts.node = topic->node;
    facts.epoch = topic->epoch;
    facts.state = POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    facts.reason = reason;
    return facts;
}

static snapshot *first_snapshot(const psd_topic *topic)
{
    PSD_AUTO_FREE ProtobufCMessage *empty = malloc(topic->resource->message->sizeof_message);
    if (!empty)
        return NULL;
    protobuf_c_message_init(topic->resource->message, empty);
    body *data = body_of(empty, NULL);
    if (!data)
        return NULL;
    Polarrpc__V1__Observation facts = first_facts(topic);
    snapshot *s = new_snapshot(topic->resource, data, &facts);
    release_body(data);
    return s;
}

int psd_topic_new(const char *name, const psd_resource *resource, const char *node, uint64_t epoch,
                  psd_topic_send send, void *send_arg, psd_topic **topic, psd_error *error)
{
    psd_topic *made = calloc(1, sizeof(*made));
    if (!made)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    *made = (psd_topic){.name = strdup(name),
                        .node = strdup(node),
                        .resource = resource,
                        .epoch = epoch,
                        .send = send,
                        .send_arg = send_arg};
    pthread_mutex_init(&made->publishing, NULL);
    pthread_mutex_init(&made->mutex, NULL);
    made->current = made->name && made->node ? first_snapshot(made) : NULL;
    if (!made->current) {
        psd_topic_free(made);
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "out of memory");
    }
    *topic = made;
    return 0;
}

void psd_topic_free(psd_topic *topic)
{
    if (!topic)
        return;
    if (topic->current)
        psd_snapshot_release(&topic->current->seen);
    pthread_mutex_destroy(&topic->publishing);
    pthread_mutex_destroy(&topic->mutex);
    free(topic->name);
    free(topic->node);
    free(topic);
}

const char *psd_topic_name(const psd_topic *topic)
{
    return topic->name;
}

static snapshot *reference(psd_topic *topic)
{
    PSD_LOCKED(&topic->mutex);
    atomic_fetch_add(&topic->current->references, 1);
    return topic->current;
}

const psd_snapshot *psd_topic_snapshot(psd_topic *topic)
{
    return &reference(topic)->seen;
}

static void send_event(psd_topic *topic, const psd_snapshot *seen, Polarrpc__V1__EventKind kind,
                       const uint8_t *payload, size_t length)
{
    Polarrpc__V1__Event event = POLARRPC__V1__EVENT__INIT;
    event.epoch = topic->epoch;
    event.revision = seen->observation->revision;
    event.kind = kind;
    event.payload.data = (uint8_t *)(uintptr_t)payload;
    event.payload.len = length;
    size_t size = polarrpc__v1__event__get_packed_size(&event);
    PSD_AUTO_FREE uint8_t *packed = malloc(size);
    if (!packed)
        return; /* a gap: the next event shows it */
    polarrpc__v1__event__pack(&event, packed);
    topic->send(topic->send_arg, topic->name, packed, size);
}

static void send_heartbeat(psd_topic *topic, const psd_snapshot *seen)
{
    size_t size = polarrpc__v1__observation__get_packed_size(seen->observation);
    PSD_AUTO_FREE uint8_t *packed = malloc(size + 1);
    if (!packed)
        return;
    polarrpc__v1__observation__pack(seen->observation, packed);
    send_event(topic, seen, POLARRPC__V1__EVENT_KIND__HEARTBEAT, packed, size);
}

/* Sends the smaller of delta and snapshot, or word that there is something too
 * large to send. */
static void send_change(psd_topic *topic, const snapshot *old, const snapshot *new)
{
    PSD_AUTO_FREE uint8_t *delta = NULL;
    size_t length = 0;
    psd_error error = PSD_ERROR_INIT;
    bool has_delta = psd_delta_make(topic->resource, old->seen.message, new->seen.message, &delta, &length,
                                    &error) == 0;
    if (has_delta && length <= PSD_WIRE_PAYLOAD_MAX && length < new->seen.packed_length)
        send_event(topic, &new->seen, POLARRPC__V1__EVENT_KIND__DELTA, delta, length);
    else if (new->seen.packed_length <= PSD_WIRE_PAYLOAD_MAX)
        send_event(topic, &new->seen, POLARRPC__V1__EVENT_KIND__SNAPSHOT, new->packed,
                   new->seen.packed_length);
    else
        send_heartbeat(topic, &new->seen);
}

static bool same_texts(char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return true;
}

static void replace(psd_topic *topic, snapshot *new)
{
    PSD_LOCKED(&topic->mutex);
    topic->current = new;
}

/* Publishes DATA with FACTS, whose node, epoch and revision are set here. Called
 * with `publishing` held. */
static int publish(psd_topic *topic, body *data, Polarrpc__V1__Observation *facts, bool changed,
                   psd_error *error)
{
    snapshot *old = topic->current;
    facts->node = topic->node;
    facts->epoch = topic->epoch;
    facts->revision = old->seen.observation->revision + changed;
    snapshot *new = new_snapshot(topic->resource, data, facts);
    if (!new)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for a snapshot of %zu bytes",
                             data->length);
    replace(topic, new);
    if (changed)
        send_change(topic, old, new);
    psd_snapshot_release(&old->seen);
    return 0;
}

static Polarrpc__V1__ObservationState state_of(const psd_look *look)
{
    if (!look->stale_reason)
        return POLARRPC__V1__OBSERVATION_STATE__FRESH;
    return look->observed_at_ms == 0 ? POLARRPC__V1__OBSERVATION_STATE__UNKNOWN
                                     : POLARRPC__V1__OBSERVATION_STATE__STALE;
}

int psd_topic_publish(void *arg, const psd_look *look, psd_error *error)
{
    psd_topic *topic = arg;
    PSD_LOCKED(&topic->publishing);
    body *data = body_of(look->resource, topic->current->data);
    if (!data)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the resource");
    const Polarrpc__V1__Observation *before = topic->current->seen.observation;
    bool is_first = before->observed_at_ms == 0 && look->observed_at_ms != 0;
    bool other_data = data != topic->current->data || is_first;
    Polarrpc__V1__ObservationState state = state_of(look);
    const char *reason = look->stale_reason ? look->stale_reason : "";
    bool changed = other_data || before->state != state || strcmp(before->reason, reason) != 0 ||
                   !same_texts(before->limitations, before->n_limitations, look->limitations,
                               look->limitation_count);
    Polarrpc__V1__Observation facts = POLARRPC__V1__OBSERVATION__INIT;
    facts.state = state;
    facts.reason = (char *)(uintptr_t)reason;
    facts.observed_at_ms = look->observed_at_ms;
    facts.changed_at_ms = other_data ? psd_clock_unix_ms() : before->changed_at_ms;
    facts.limitations = (char **)(uintptr_t)look->limitations;
    facts.n_limitations = look->limitation_count;
    int result = publish(topic, data, &facts, changed, error);
    release_body(data);
    return result;
}

bool psd_topic_mark_failed(psd_topic *topic, const char *reason)
{
    PSD_LOCKED(&topic->publishing);
    const snapshot *old = topic->current;
    const Polarrpc__V1__Observation *before = old->seen.observation;
    bool never = before->revision == 0 || before->observed_at_ms == 0;
    Polarrpc__V1__ObservationState state = never ? POLARRPC__V1__OBSERVATION_STATE__UNKNOWN
                                                 : POLARRPC__V1__OBSERVATION_STATE__STALE;
    if (before->state == state && strcmp(before->reason, reason) == 0)
        return false;
    Polarrpc__V1__Observation facts = *before;
    facts.state = state;
    facts.reason = (char *)(uintptr_t)reason;
    body *data = old->data;
    atomic_fetch_add(&data->references, 1);
    publish(topic, data, &facts, true, NULL);
    release_body(data);
    return true;
}

void psd_topic_heartbeat(psd_topic *topic)
{
    PSD_LOCKED(&topic->publishing);
    snapshot *s = reference(topic);
    send_heartbeat(topic, &s->seen);
    psd_snapshot_release(&s->seen);
}
