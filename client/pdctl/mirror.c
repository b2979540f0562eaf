/* mirror.c - pdctl diff: what the daemon knows beside what Kubernetes holds. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/bridge.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "common/clock.h"
#include "polarstack/v1/bridge.rpc.h"

static psd_cli_color color_of(Polarstack__V1__MirrorState state)
{
    switch (state) {
    case POLARSTACK__V1__MIRROR_STATE__IN_SYNC:
        return PSD_CLI_GREEN;
    case POLARSTACK__V1__MIRROR_STATE__FAILED:
    case POLARSTACK__V1__MIRROR_STATE__TOO_LARGE:
        return PSD_CLI_RED;
    default:
        return PSD_CLI_YELLOW;
    }
}

static void print_side(const psd_cli_call *call, psd_cli_color color, char sign, const char *path,
                       const char *text)
{
    if (!text[0])
        return;
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_text_printf(&line, "  %c ", sign);
    psd_cli_add_safe(&line, path);
    psd_text_add(&line, ": ");
    psd_cli_add_safe(&line, text);
    psd_cli_put(&call->screen, stdout, color, psd_text_string(&line));
    puts("");
}

static void print_object(const psd_cli_call *call, const Polarstack__V1__MirroredObject *object)
{
    char age[PSD_CLI_AGE_SIZE];
    const char *state = psd_enum_name(&polarstack__v1__mirror_state__descriptor, (int)object->state);
    PSD_AUTO_TEXT name = PSD_TEXT_INIT;
    PSD_AUTO_TEXT facts = PSD_TEXT_INIT;
    psd_cli_add_safe(&name, object->name);
    psd_cli_put(&call->screen, stdout, PSD_CLI_BOLD, psd_text_string(&name));
    fputs(": ", stdout);
    psd_cli_put(&call->screen, stdout, color_of(object->state), state ? state : "UNKNOWN");
    if (object->written_at_ms > 0)
        psd_text_printf(&facts, ", written %s ago",
                        psd_cli_age(psd_clock_unix_ms() - object->written_at_ms, age));
    if (object->state == POLARSTACK__V1__MIRROR_STATE__NOT_WRITTEN)
        psd_text_printf(&facts, ", %" PRIu64 " mismatches", object->mismatches);
    else
        psd_text_printf(&facts, ", %" PRIu64 " writes, %" PRIu64 " conflicts, %" PRIu64 " failures",
                        object->writes, object->conflicts, object->failures);
    if (object->reason[0]) {
        psd_text_add(&facts, ": ");
        psd_cli_add_safe(&facts, object->reason);
    }
    puts(psd_text_string(&facts));
    for (size_t i = 0; i < object->n_differences; i++) {
        const Polarstack__V1__MirrorDifference *difference = object->differences[i];
        print_side(call, PSD_CLI_RED, '-', difference->path, difference->found);
        print_side(call, PSD_CLI_GREEN, '+', difference->path, difference->wanted);
    }
    if (object->more_differences > 0)
        printf("  and %u more\n", object->more_differences);
}

static bool is_in_sync(const Polarstack__V1__Mirror *mirror)
{
    for (size_t i = 0; i < mirror->n_objects; i++) {
        Polarstack__V1__MirrorState state = mirror->objects[i]->state;
        bool is_meant = state == POLARSTACK__V1__MIRROR_STATE__IN_SYNC ||
                        state == POLARSTACK__V1__MIRROR_STATE__DISABLED ||
                        state == POLARSTACK__V1__MIRROR_STATE__NOT_WRITTEN;
        if (!is_meant || mirror->objects[i]->n_differences > 0)
            return false;
    }
    return true;
}

int psd_cli_diff_mirror(psd_cli_call *call, psd_error *error)
{
    if (psd_cli_connect_bridge(call, error) < 0)
        return -1;
    Polarstack__V1__GetMirrorRequest request = POLARSTACK__V1__GET_MIRROR_REQUEST__INIT;
    Polarstack__V1__Mirror *mirror = NULL;
    if (psd_bridge_get_mirror(call->client, &request, NULL, &mirror, error) < 0)
        return -1;
    if (call->settings->output == PSD_CLI_TEXT) {
        for (size_t i = 0; i < mirror->n_objects; i++)
            print_object(call, mirror->objects[i]);
    } else {
        psd_cli_print_message(&mirror->base, call->settings->output == PSD_CLI_TEXT_YAML);
    }
    bool in_sync = is_in_sync(mirror);
    polarstack__v1__mirror__free_unpacked(mirror, NULL);
    return in_sync ? PSD_CLI_OK : PSD_CLI_NEGATIVE;
}
