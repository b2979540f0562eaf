/* The answer of an API server to a watch; the first byte chooses the pieces. */
#include "k8s/api/watch_events.h"

#include "test/fuzz/fuzz.h"

typedef struct count {
    size_t events;
    bool ended;
} count;

static void look_at(void *arg, psd_kube_watch_event *event)
{
    count *c = arg;
    must(!c->ended);
    must(cJSON_IsObject(event->object));
    c->ended = event->type == PSD_KUBE_ERROR;
    must(c->ended == !event->version);
    if (c->events++ % 2 == 0)
        cJSON_Delete(psd_take(event->object));
}

/* In pieces of SIZE bytes. Returns how many events there were. */
static size_t feed(const char *text, size_t length, size_t size)
{
    psd_kube_watch_events events = {.ended = false};
    count c = {.events = 0};
    psd_error error = PSD_ERROR_INIT;
    int result = 0;
    for (size_t at = 0; at < length && result == 0; at += size) {
        size_t part = length - at < size ? length - at : size;
        char *piece = malloc(part);
        must(piece);
        memcpy(piece, text + at, part);
        result = psd_kube_watch_events_feed(&events, piece, part, look_at, &c, &error);
        free(piece);
    }
    must(result == 0 || error.code == PSD_DATA_LOSS || error.code == PSD_RESOURCE_EXHAUSTED);
    psd_kube_watch_events_free(&events);
    return c.events;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    must(feed(text, size - 1, size) == feed(text, size - 1, 1 + data[0]));
    return 0;
}
