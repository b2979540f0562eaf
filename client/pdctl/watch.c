/*
 * watch.c - the changes of a resource, a line each.
 *
 * The callback runs on the watch's thread and prints; the main thread waits
 * for a signal, the callback's own (SIGUSR1) when enough was printed included.
 */
#include "common/rpc/watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/pdctl/diff.h"
#include "client/pdctl/document.h"
#include "client/pdctl/message_json.h"
#include "client/pdctl/resource.h"
#include "client/pdctl/table.h"
#include "common/cleanup.h"
#include "common/clock.h"
#include "common/rpc/keyed_list.h"

typedef struct follower {
    psd_cli_call *call;
    psd_cli_table table;
    ProtobufCMessage *selection;          /* the Get request that the options amount to */
    ProtobufCMessage *known;              /* last state that was really seen; NULL at first */
    Polarrpc__V1__ObservationState state; /* as last said */
    psd_text reason;
    uint64_t left; /* changes to print before the end; 0: no end */
    bool finished;
    char time[PSD_CLOCK_TEXT_SIZE]; /* of the event at work */
    pthread_t main_thread;
} follower;

static void follower_free(follower *it)
{
    if (it->selection)
        protobuf_c_message_free_unpacked(it->selection, NULL);
    if (it->known)
        protobuf_c_message_free_unpacked(it->known, NULL);
    psd_text_free(&it->reason);
}

static bool is_json(const follower *it)
{
    return it->call->settings->output == PSD_CLI_STREAM_JSON;
}

static void finish(follower *it)
{
    it->finished = true;
    pthread_kill(it->main_thread, SIGUSR1);
}

/* ---- JSON: one object a line ---- */

static cJSON *new_object(const follower *it, const char *type)
{
    cJSON *object = cJSON_CreateObject();
    if (!object || !cJSON_AddStringToObject(object, "type", type) ||
        !cJSON_AddStringToObject(object, "time", it->time))
        abort();
    return object;
}

static void print_object(cJSON *object)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_document_json_line(object, &line);
    fputs(psd_text_string(&line), stdout);
    cJSON_Delete(object);
}

static void add_observation(cJSON *object, const Polarrpc__V1__Observation *observation)
{
    if (observation)
        cJSON_AddItemToObject(object, "observation", psd_message_json(&observation->base));
}

/* ---- events ---- */

static void count_change(follower *it)
{
    if (it->left > 0 && --it->left == 0)
        finish(it);
}

static void print_line(follower *it, psd_cli_change change, const void *row)
{
    static const psd_cli_color colors[] = {PSD_CLI_GREEN, PSD_CLI_YELLOW, PSD_CLI_RED};
    char name[16];
    snprintf(name, sizeof(name), "%-8s", psd_cli_change_name(change));
    printf("%-24s  ", it->time);
    psd_cli_put(&it->call->screen, stdout, colors[change], name);
    fputs("  ", stdout);
    psd_cli_table_row(&it->table, &it->call->screen, row);
    count_change(it);
}

static void print_json_change(follower *it, psd_cli_change change, const ProtobufCMessage *message)
{
    cJSON *object = new_object(it, psd_cli_change_name(change));
    cJSON_AddItemToObject(object, "object", psd_message_json(message));
    print_object(object);
    count_change(it);
}

static void print_change(void *arg, psd_cli_change change, const ProtobufCMessage *element)
{
    follower *it = arg;
    bool (*selects)(const ProtobufCMessage *,
                    const ProtobufCMessage *) = it->call->command->resource->selects;
    if (it->finished || (selects && !selects(it->selection, element)))
        return;
    if (is_json(it))
        print_json_change(it, change, element);
    else
        print_line(it, change, element);
}

static void note(const follower *it, psd_cli_color color, const char *what, const char *text)
{
    PSD_AUTO_TEXT line = PSD_TEXT_INIT;
    psd_text_add(&line, what);
    psd_cli_add_safe(&line, text);
    fflush(stdout);
    psd_cli_put(&it->call->screen, stderr, color, psd_text_string(&line));
    fputs("\n", stderr);
}

static void remember_state(follower *it, const Polarrpc__V1__Observation *observation)
{
    it->state = observation->state;
    it->reason.length = 0;
    psd_text_add(&it->reason, observation->reason);
}

static void print_sync(follower *it, const psd_watch_event *event,
                       const Polarrpc__V1__Observation *observation)
{
    if (is_json(it)) {
        cJSON *object = new_object(it, "SYNC");
        cJSON_AddBoolToObject(object, "resynchronized", event->resynchronized);
        cJSON_AddItemToObject(object, "reason", psd_string_json(event->reason));
        add_observation(object, observation);
        print_object(object);
    } else {
        PSD_AUTO_TEXT text = PSD_TEXT_INIT;
        if (event->resynchronized)
            psd_text_printf(&text, "%s; states in between may have been skipped; ", event->reason);
        psd_cli_color color = psd_cli_add_freshness(observation, psd_clock_unix_ms(), &text);
        note(it, event->resynchronized ? PSD_CLI_YELLOW : color,
             event->resynchronized ? "resynchronized: " : "synchronized: ", psd_text_string(&text));
    }
    remember_state(it, observation);
}

/* Says so when the data became stale, or fresh again. */
static void print_state(follower *it, const Polarrpc__V1__Observation *observation)
{
    if (observation->state == it->state && strcmp(observation->reason, psd_text_string(&it->reason)) == 0)
        return;
    if (is_json(it)) {
        cJSON *object = new_object(it, "OBSERVATION");
        add_observation(object, observation);
        print_object(object);
    } else {
        PSD_AUTO_TEXT text = PSD_TEXT_INIT;
        psd_cli_color color = psd_cli_add_freshness(observation, psd_clock_unix_ms(), &text);
        note(it, color, "", psd_text_string(&text));
    }
    remember_state(it, observation);
}

static void print_lost(follower *it, const psd_watch_event *event)
{
    if (is_json(it)) {
        cJSON *object = new_object(it, "LOST");
        cJSON_AddItemToObject(object, "reason", psd_string_json(event->reason));
        print_object(object);
    } else {
        note(it, PSD_CLI_RED, "lost the daemon, trying again: ", event->reason);
    }
}

/* A resource that is no list: a line for each part that differs; as JSON, the
 * whole of it when its data does. */
static void print_changed_facts(follower *it, const ProtobufCMessage *resource)
{
    PSD_AUTO(psd_cli_facts_free) psd_cli_facts now = {.count = 0};
    PSD_AUTO(psd_cli_facts_free) psd_cli_facts before = {.count = 0};
    psd_cli_change change = it->known ? PSD_CLI_MODIFIED : PSD_CLI_ADDED;
    if (is_json(it)) {
        if (!it->known || !psd_cli_same_data(it->known, resource))
            print_json_change(it, change, resource);
        return;
    }
    it->call->command->resource->add_facts(resource, &now);
    if (it->known)
        it->call->command->resource->add_facts(it->known, &before);
    for (size_t i = 0; i < now.count && !it->finished; i++) {
        if (!it->known || !psd_cli_fact_equal(&before.items[i], &now.items[i]))
            print_line(it, change, &now.items[i]);
    }
}

/* An UNKNOWN state holds no data: comparing with it would report every element
 * as deleted. The comparison then goes on from what was last seen. */
static void print_changes(follower *it, const ProtobufCMessage *resource)
{
    if (it->call->command->resource->add_facts)
        print_changed_facts(it, resource);
    else
        psd_cli_diff(&it->call->command->resource->watch->resource->lists[0], it->known, resource,
                     print_change, it);
    ProtobufCMessage *copy = psd_message_copy(resource);
    if (!copy)
        abort();
    if (it->known)
        protobuf_c_message_free_unpacked(it->known, NULL);
    it->known = copy;
}

static void on_event(void *arg, const psd_watch_event *event, const ProtobufCMessage *resource)
{
    follower *it = arg;
    if (it->finished)
        return;
    psd_clock_format(psd_clock_unix_ms(), it->time);
    const Polarrpc__V1__Observation *observation = resource ? psd_observation_of(resource) : NULL;
    if (event->kind == PSD_WATCH_LOST)
        print_lost(it, event);
    else if (!observation)
        note(it, PSD_CLI_RED, "", "the daemon sent a resource without an observation: ignored");
    else if (event->kind == PSD_WATCH_SYNCED)
        print_sync(it, event, observation);
    else
        print_state(it, observation);
    bool has_data = observation && event->kind != PSD_WATCH_LOST && event->kind != PSD_WATCH_REFRESHED &&
                    observation->state != POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    if (has_data)
        print_changes(it, resource);
    if (fflush(stdout) != 0 || ferror(stdout))
        finish(it); /* main looks at the stream and says what is wrong */
}

/* Calls the generic callback: the resource is the same in every type. */
static void shim(psd_any_function callback PSD_UNUSED, void *arg, const psd_watch_event *event,
                 const ProtobufCMessage *resource)
{
    on_event(arg, event, resource);
}

/* Until a signal, the end of the time, or the end of our reader, which would
 * otherwise be noticed with the next change only. True: the user's signal. */
static bool wait_for_end(int signals, int64_t duration_ms)
{
    struct pollfd sources[] = {{.fd = signals, .events = POLLIN}, {.fd = STDOUT_FILENO}};
    int64_t end = psd_clock_mono_ms() + duration_ms;
    int ready = 0;
    do {
        int64_t left = duration_ms > 0 ? end - psd_clock_mono_ms() : -1;
        if (duration_ms > 0 && left <= 0)
            return false;
        ready = poll(sources, PSD_ARRAY_SIZE(sources), left > INT_MAX ? INT_MAX : (int)left);
    } while (ready == 0 || (ready < 0 && errno == EINTR));
    struct signalfd_siginfo signal;
    return sources[0].revents && read(signals, &signal, sizeof(signal)) == sizeof(signal) &&
           signal.ssi_signo != SIGUSR1;
}

/* Before the client makes threads, which inherit the mask. */
static int open_signals(psd_error *error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC);
    return fd >= 0 ? fd : psd_error_set_errno(error, errno, "signalfd");
}

int psd_cli_watch(psd_cli_call *call, psd_error *error)
{
    const psd_cli_resource *resource = call->command->resource;
    PSD_AUTO_CLOSE int signals = open_signals(error);
    if (signals < 0)
        return -1;
    if (psd_cli_connect(call, error) < 0)
        return -1;
    PSD_AUTO(follower_free)
    follower it = {
        .call = call,
        .table = psd_cli_table_of(resource, false),
        .selection = resource->request(call->settings),
        .left = call->settings->count,
        .main_thread = pthread_self(),
    };
    psd_cli_table_reserve(&it.table);
    if (!is_json(&it) && !call->settings->no_headers) {
        printf("%-24s  %-8s  ", "TIME", "CHANGE");
        psd_cli_table_head(&it.table, &call->screen);
        fflush(stdout);
    }
    psd_watch *watch = NULL;
    if (psd_client_watch(call->client, resource->watch, NULL, shim, NULL, &it, &watch, error) < 0)
        return -1;
    /* The callback may hang in a write, to a reader that does not read; all
     * events before are written. Not _exit(): its form in sanitized builds
     * flushes stdout, and so waits for that reader too. */
    if (wait_for_end(signals, call->settings->duration_ms))
        syscall(SYS_exit_group, PSD_CLI_OK);
    psd_watch_stop(watch);
    return PSD_CLI_OK;
}
