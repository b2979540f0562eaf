#include "common/rpc/dedupe.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/rpc/server_call.h"
#include "common/thread.h"

typedef struct entry {
    bool used;
    psd_dedupe_key key;
    int64_t ended_ms;  /* 0 while the request runs */
    nng_msg *answer;   /* NULL while the request runs */
    psd_call *waiting; /* repeats of a request that runs */
} entry;

/* A ring: entries are forgotten in the order in which they came. */
struct psd_dedupe {
    pthread_mutex_t mutex;
    size_t bytes;
    size_t next;
    /* Those of the entries in use, 0 of the others: what a search runs over lies
     * close together. */
    uint64_t call_ids[PSD_DEDUPE_ENTRIES];
    entry entries[PSD_DEDUPE_ENTRIES];
};

psd_dedupe *psd_dedupe_new(void)
{
    psd_dedupe *dedupe = calloc(1, sizeof(*dedupe));
    if (dedupe)
        pthread_mutex_init(&dedupe->mutex, NULL);
    return dedupe;
}

static void forget(psd_dedupe *dedupe, entry *old)
{
    if (old->answer) {
        dedupe->bytes -= nng_msg_len(old->answer);
        nng_msg_free(old->answer);
    }
    *old = (entry){.used = false};
    dedupe->call_ids[old - dedupe->entries] = 0;
}

void psd_dedupe_free(psd_dedupe *dedupe)
{
    if (!dedupe)
        return;
    for (size_t i = 0; i < PSD_DEDUPE_ENTRIES; i++)
        forget(dedupe, &dedupe->entries[i]);
    pthread_mutex_destroy(&dedupe->mutex);
    free(dedupe);
}

uint64_t psd_dedupe_hash(psd_bytes bytes)
{
    const uint8_t *at = bytes.data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < bytes.length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static entry *find(psd_dedupe *dedupe, const psd_dedupe_key *key)
{
    for (size_t i = 0; i < PSD_DEDUPE_ENTRIES; i++) {
        if (dedupe->call_ids[i] == key->call_id && dedupe->entries[i].key.uid == key->uid)
            return &dedupe->entries[i];
    }
    return NULL;
}

static bool is_old(const entry *e, int64_t now)
{
    return e->used && e->ended_ms != 0 && now - e->ended_ms > PSD_DEDUPE_AGE_MS;
}

/* A place for a new entry: the oldest one whose request does not run. */
static entry *make_room(psd_dedupe *dedupe)
{
    for (size_t tried = 0; tried < PSD_DEDUPE_ENTRIES; tried++) {
        entry *e = &dedupe->entries[dedupe->next];
        dedupe->next = (dedupe->next + 1) % PSD_DEDUPE_ENTRIES;
        if (e->used && e->ended_ms == 0)
            continue;
        forget(dedupe, e);
        return e;
    }
    return NULL;
}

psd_dedupe_verdict psd_dedupe_begin(psd_dedupe *dedupe, const psd_dedupe_key *key, struct psd_call *call,
                                    nng_msg **answer)
{
    PSD_LOCKED(&dedupe->mutex);
    entry *e = find(dedupe, key);
    if (e && is_old(e, psd_clock_mono_ms())) {
        forget(dedupe, e);
        e = NULL;
    }
    if (!e) {
        e = make_room(dedupe);
        if (!e)
            return PSD_DEDUPE_FULL;
        *e = (entry){.used = true, .key = *key};
        dedupe->call_ids[e - dedupe->entries] = key->call_id;
        return PSD_DEDUPE_RUN;
    }
    if (e->key.method != key->method || e->key.request_hash != key->request_hash)
        return PSD_DEDUPE_CONFLICT;
    if (e->answer) {
        *answer = NULL;
        if (nng_msg_dup(answer, e->answer) != 0)
            *answer = NULL;
        return PSD_DEDUPE_ANSWERED;
    }
    call->next_waiting = e->waiting;
    e->waiting = call;
    return PSD_DEDUPE_WAITS;
}

/* Forgets the oldest answers until the bytes fit. */
static void trim(psd_dedupe *dedupe, const entry *keep)
{
    for (size_t i = 0; i < PSD_DEDUPE_ENTRIES && dedupe->bytes > PSD_DEDUPE_BYTES; i++) {
        entry *e = &dedupe->entries[(dedupe->next + i) % PSD_DEDUPE_ENTRIES];
        if (e->answer && e != keep)
            forget(dedupe, e);
    }
}

struct psd_call *psd_dedupe_end(psd_dedupe *dedupe, const psd_dedupe_key *key, nng_msg *answer)
{
    PSD_LOCKED(&dedupe->mutex);
    entry *e = find(dedupe, key);
    if (!e)
        return NULL;
    psd_call *waiting = e->waiting;
    e->waiting = NULL;
    if (!answer || nng_msg_dup(&e->answer, answer) != 0) {
        forget(dedupe, e);
        return waiting;
    }
    e->ended_ms = psd_clock_mono_ms();
    dedupe->bytes += nng_msg_len(e->answer);
    trim(dedupe, e);
    return waiting;
}
