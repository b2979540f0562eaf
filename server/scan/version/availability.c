#include "server/scan/version/availability.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define UNSPECIFIED POLARSTACK__V1__PRESENCE__PRESENCE_UNSPECIFIED
#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN

typedef Polarstack__V1__CoreVersion version;
typedef Polarstack__V1__CoreVersionImage image;

/* Running out of memory ends the program, as in text.h. */
static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        abort();
    return memory;
}

static const version *find_version(const Polarstack__V1__CoreVersionAvailability *before, const char *name)
{
    size_t low = 0;
    size_t high = before ? before->n_versions : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, before->versions[middle]->name);
        if (order == 0)
            return before->versions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const image *find_image(const version *before, const Polarstack__V1__CoreVersionImageName *name)
{
    for (size_t i = 0; before && i < before->n_images; i++) {
        const image *seen = before->images[i];
        if (strcmp(seen->key, name->key) == 0)
            return strcmp(seen->image, name->image) == 0 ? seen : NULL;
    }
    return NULL;
}

static void judge_image(const psd_availability_facts *facts, image *it)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_found found = {.present = false};
    if (!facts->images) {
        it->presence = UNKNOWN;
        it->fault = psd_text_copy(facts->fault);
    } else if (psd_image_set_find(facts->images, it->image, &found, &error) < 0) {
        it->presence = UNKNOWN;
        it->fault = psd_text_copy(error.text);
    } else {
        it->presence = found.present ? PRESENT : ABSENT;
        it->pinned = found.pinned;
    }
}

static image *make_image(const psd_availability_facts *facts,
                         const Polarstack__V1__CoreVersionImageName *name, const image *before)
{
    image *made = zeroed(1, sizeof(*made));
    polarstack__v1__core_version_image__init(made);
    made->key = psd_text_copy(name->key);
    made->image = psd_text_copy(name->image);
    judge_image(facts, made);
    if (made->presence != UNKNOWN)
        made->last_known = made->presence;
    else
        made->last_known = before ? before->last_known : UNSPECIFIED;
    bool holds = before && before->presence == made->presence;
    made->changed_at_ms = holds ? before->changed_at_ms : facts->now_ms;
    return made;
}

/* What a version's images say together. */
typedef struct tally {
    size_t images;
    size_t present;
    size_t absent;
} tally;

static void count(tally *sum, Polarstack__V1__Presence presence)
{
    sum->images++;
    sum->present += presence == PRESENT;
    sum->absent += presence == ABSENT;
}

/* ABSENT when one surely is, PRESENT when all are, else NEITHER. */
static Polarstack__V1__Presence sum_up(const tally *sum, Polarstack__V1__Presence neither)
{
    if (sum->absent > 0)
        return ABSENT;
    return sum->images > 0 && sum->present == sum->images ? PRESENT : neither;
}

static version *make_version(const psd_availability_facts *facts,
                             const Polarstack__V1__CoreVersionDefinition *definition, const version *before)
{
    version *made = zeroed(1, sizeof(*made));
    polarstack__v1__core_version__init(made);
    made->name = psd_text_copy(definition->name);
    made->config_map = psd_text_copy(definition->config_map);
    made->images = zeroed(definition->n_images + 1, sizeof(*made->images));
    tally now = {.images = 0};
    tally last = {.images = 0};
    for (size_t i = 0; i < definition->n_images; i++) {
        const Polarstack__V1__CoreVersionImageName *name = definition->images[i];
        image *seen = make_image(facts, name, find_image(before, name));
        count(&now, seen->presence);
        count(&last, seen->last_known);
        made->images[made->n_images++] = seen;
    }
    made->presence = sum_up(&now, UNKNOWN);
    made->last_known = sum_up(&last, UNSPECIFIED);
    bool holds = before && before->presence == made->presence;
    made->changed_at_ms = holds ? before->changed_at_ms : facts->now_ms;
    return made;
}

Polarstack__V1__CoreVersionAvailability *psd_availability_make(
    const psd_availability_facts *facts, const Polarstack__V1__CoreVersionAvailability *before)
{
    const Polarstack__V1__NodeConfig *config = facts->config;
    Polarstack__V1__CoreVersionAvailability *made = zeroed(1, sizeof(*made));
    polarstack__v1__core_version_availability__init(made);
    made->versions = zeroed(config->n_core_versions + 1, sizeof(*made->versions));
    for (size_t i = 0; i < config->n_core_versions; i++) {
        const Polarstack__V1__CoreVersionDefinition *definition = config->core_versions[i];
        made->versions[made->n_versions++] = make_version(facts, definition,
                                                          find_version(before, definition->name));
    }
    made->runtime = psd_text_copy(facts->runtime);
    made->runtime_endpoint = psd_text_copy(facts->endpoint);
    return made;
}
