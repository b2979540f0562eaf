/*
 * topic.h - one resource of the store: what was last seen, ready to send.
 *
 * A topic holds one immutable, reference-counted snapshot with its packed
 * bytes. Readers take it without waiting for anybody. A complete look replaces
 * it; the revision grows only when the data, the state or the limitations
 * really changed. A failed look changes nothing but state and reason.
 */
#ifndef PSD_SERVER_STORE_TOPIC_H
#define PSD_SERVER_STORE_TOPIC_H

#include <stdint.h>

#include "common/error.h"
#include "common/rpc/service.h"
#include "polarrpc/v1/observation.pb-c.h"
#include "server/scan/scanner.h"

typedef struct psd_topic psd_topic;

/* Sends one packed Event to the topic's subscribers. */
typedef void (*psd_topic_send)(void *arg, const char *topic, const void *bytes, size_t length);

/* NAME and NODE are copied. The topic starts UNKNOWN at revision 0. */
int psd_topic_new(const char *name, const psd_resource *resource, const char *node, uint64_t epoch,
                  psd_topic_send send, void *send_arg, psd_topic **topic, psd_error *error) PSD_MUST_CHECK;
void psd_topic_free(psd_topic *topic);

const char *psd_topic_name(const psd_topic *topic);

/* A look: FRESH or, with a reason, STALE, or UNKNOWN when it says that there never
 * was a complete one. Fits psd_sink.publish with the topic as ARG. */
int psd_topic_publish(void *arg, const psd_look *look, psd_error *error);

/* A look failed: data stays, state becomes STALE (UNKNOWN if there never was a
 * complete look) with REASON. False when that was known already. */
bool psd_topic_mark_failed(psd_topic *topic, const char *reason);

/* Sends the heartbeat. */
void psd_topic_heartbeat(psd_topic *topic);

typedef struct psd_snapshot {
    const ProtobufCMessage *message;              /* the whole resource, observation included */
    const Polarrpc__V1__Observation *observation; /* points into message */
    const uint8_t *packed;
    size_t packed_length;
    const uint8_t *data; /* the part of `packed` behind the observation */
    size_t data_length;
} psd_snapshot;

/* The current snapshot, with a reference for the caller. Never NULL. */
const psd_snapshot *psd_topic_snapshot(psd_topic *topic);
void psd_snapshot_release(const psd_snapshot *seen);

#endif
