#include "server/scan/version/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/clock.h"
#include "server/scan/version/cri.h"
#include "server/scan/version/docker.h"
#include "server/scan/version/unix_socket.h"

static const char scheme[] = "unix://";

/* A kubelet's runtime before dockerd, which may run beside it. */
const char *const psd_runtime_endpoints[] = {
    "unix:///run/containerd/containerd.sock",
    "unix:///run/crio/crio.sock",
    "unix:///run/k3s/containerd/containerd.sock",
    "unix:///run/cri-dockerd.sock",
    "unix:///run/docker.sock",
    NULL,
};

enum { NAME_WAIT_MS = 2000 };

struct psd_runtime {
    char *endpoint; /* NULL: the well-known ones */
    psd_stop stop;

    /* Of the endpoint that was asked last. */
    psd_runtime_facts facts;
    psd_http *http;          /* NULL: nothing is known of it */
    psd_socket_kind kind;    /* means something with http */
    psd_cri_version version; /* the same */
    unsigned named;          /* connections there were when facts.name was asked for */

    int64_t made_at_ms;
    const char *held;        /* the well-known endpoint that answered last; NULL: none */
    int64_t silent_since_ms; /* its first failure after that; 0: it has not failed */
};

static const char *path_of(const char *endpoint)
{
    return endpoint + sizeof(scheme) - 1;
}

int psd_runtime_endpoint_check(const char *endpoint, psd_error *error)
{
    size_t longest = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    if (!endpoint || !endpoint[0])
        return 0;
    if (strncmp(endpoint, scheme, sizeof(scheme) - 1) != 0 || path_of(endpoint)[0] != '/')
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%.200s' is no socket of a container runtime, such as %s", endpoint,
                             psd_runtime_endpoints[0]);
    if (strlen(path_of(endpoint)) > longest)
        return psd_error_set(error, PSD_INVALID_ARGUMENT,
                             "'%.200s' is too long: a unix socket's path has at most %zu bytes", endpoint,
                             longest);
    return 0;
}

int psd_runtime_new(const char *endpoint, psd_runtime **runtime, psd_error *error)
{
    if (psd_runtime_endpoint_check(endpoint, error) < 0)
        return -1;
    psd_runtime *made = calloc(1, sizeof(*made));
    if (!made)
        abort();
    if (psd_stop_init(&made->stop, error) < 0) {
        free(made);
        return -1;
    }
    made->made_at_ms = psd_clock_mono_ms();
    made->endpoint = endpoint && endpoint[0] ? psd_text_copy(endpoint) : NULL;
    *runtime = made;
    return 0;
}

/* The connection, and what was found out over it. */
static void forget(psd_runtime *runtime)
{
    psd_http_free(runtime->http);
    runtime->http = NULL;
    runtime->named = 0;
}

void psd_runtime_free(psd_runtime *runtime)
{
    if (!runtime)
        return;
    forget(runtime);
    psd_stop_destroy(&runtime->stop);
    free(runtime->endpoint);
    free(runtime);
}

void psd_runtime_stop(psd_runtime *runtime)
{
    psd_stop_raise(&runtime->stop);
}

/* ---- one endpoint ---- */

/* CRI's version is found out once for a connection, so that a look is one call. */
static int meet(psd_runtime *runtime, const psd_wait *wait, psd_error *error)
{
    const char *path = path_of(runtime->facts.endpoint);
    psd_socket_kind kind = PSD_SOCKET_UNKNOWN;
    if (psd_socket_probe(path, wait, &kind, error) < 0)
        return -1;
    runtime->http = psd_http_new(path);
    runtime->kind = kind;
    if (kind == PSD_SOCKET_HTTP1 || psd_cri_meet(runtime->http, wait, &runtime->version, error) == 0)
        return 0;
    if (error->code == PSD_UNIMPLEMENTED)
        psd_error_append(error,
                         "; CRI is not served here (in containerd, see disabled_plugins of its config.toml)");
    forget(runtime);
    return -1;
}

static int list_images(psd_runtime *runtime, const psd_wait *wait, psd_image_set *set, psd_error *error)
{
    return runtime->kind == PSD_SOCKET_HTTP1
               ? psd_docker_list(runtime->http, wait, set, error)
               : psd_cri_list(runtime->http, runtime->version, wait, set, error);
}

/* A runtime is another one at the earliest when it was connected to anew. Not knowing its
 * name is no failure. */
static void learn_name(psd_runtime *runtime, const psd_wait *wait)
{
    char name[sizeof(runtime->facts.name)] = "";
    int64_t latest_ms = psd_clock_mono_ms() + NAME_WAIT_MS;
    psd_wait shorter = {wait->deadline_ms < latest_ms ? wait->deadline_ms : latest_ms, wait->stop};
    if (runtime->named == psd_http_connections(runtime->http))
        return;
    int result = runtime->kind == PSD_SOCKET_HTTP1
                     ? psd_docker_name(runtime->http, &shorter, name, sizeof(name), NULL)
                     : psd_cri_name(runtime->http, runtime->version, &shorter, name, sizeof(name), NULL);
    if (result < 0)
        return;
    snprintf(runtime->facts.name, sizeof(runtime->facts.name), "%s", name);
    runtime->named = psd_http_connections(runtime->http);
}

static int ask_once(psd_runtime *runtime, const psd_wait *wait, psd_image_set **set, psd_error *error)
{
    if (!runtime->http && meet(runtime, wait, error) < 0)
        return -1;
    psd_image_set *images = psd_image_set_new();
    if (list_images(runtime, wait, images, error) < 0) {
        psd_image_set_free(images);
        forget(runtime);
        return -1;
    }
    psd_image_set_seal(images);
    learn_name(runtime, wait);
    *set = images;
    return 0;
}

static bool ended_by_caller(const psd_error *error)
{
    return error->code == PSD_DEADLINE_EXCEEDED || error->code == PSD_CANCELLED;
}

static int ask(psd_runtime *runtime, const char *endpoint, const psd_wait *wait, psd_image_set **set,
               psd_error *error)
{
    if (strcmp(runtime->facts.endpoint, endpoint) != 0) {
        forget(runtime);
        runtime->facts = (psd_runtime_facts){.is_provisional = false};
        snprintf(runtime->facts.endpoint, sizeof(runtime->facts.endpoint), "%s", endpoint);
    }
    bool was_known = runtime->http;
    if (ask_once(runtime, wait, set, error) == 0)
        return 0;
    /* What was known need not hold any more: the runtime was restarted, or is another one. */
    if (was_known && !ended_by_caller(error) && ask_once(runtime, wait, set, error) == 0)
        return 0;
    return psd_error_prefix(error, "%s", endpoint);
}

/* ---- the well-known ones ---- */

/* One that cannot be looked at may be there. */
static bool may_be_there(const char *endpoint)
{
    struct stat status;
    if (stat(path_of(endpoint), &status) == 0)
        return S_ISSOCK(status.st_mode);
    return errno != ENOENT && errno != ENOTDIR;
}

static int refuse_all(psd_error *error)
{
    psd_error_set(error, PSD_UNAVAILABLE, "no container runtime was found: there is no socket at");
    for (const char *const *endpoint = psd_runtime_endpoints; *endpoint; endpoint++)
        psd_error_append(error, "%s%s", endpoint == psd_runtime_endpoints ? " " : ", ", *endpoint);
    return psd_error_append(error, "; one elsewhere must be named");
}

static int ask_well_known(psd_runtime *runtime, const psd_wait *wait, psd_image_set **set, psd_error *error)
{
    psd_error first = PSD_ERROR_INIT;
    if (runtime->silent_since_ms > 0 && psd_clock_mono_ms() - runtime->silent_since_ms >= PSD_RUNTIME_HELD_MS)
        runtime->held = NULL;
    for (const char *const *endpoint = psd_runtime_endpoints; *endpoint; endpoint++) {
        psd_error failure = PSD_ERROR_INIT;
        bool is_held = *endpoint == runtime->held;
        if (!is_held && !may_be_there(*endpoint))
            continue;
        if (ask(runtime, *endpoint, wait, set, &failure) == 0) {
            runtime->held = *endpoint;
            runtime->silent_since_ms = 0;
            runtime->facts.is_provisional = endpoint != psd_runtime_endpoints &&
                                            psd_clock_mono_ms() - runtime->made_at_ms < PSD_RUNTIME_HELD_MS;
            return 0;
        }
        if (is_held && runtime->silent_since_ms == 0)
            runtime->silent_since_ms = psd_clock_mono_ms();
        if (is_held || failure.code != PSD_UNIMPLEMENTED)
            return psd_error_copy(error, &failure);
        if (first.code == PSD_OK)
            first = failure;
    }
    if (first.code != PSD_OK)
        return psd_error_copy(error, &first);
    runtime->facts = (psd_runtime_facts){.is_provisional = false};
    forget(runtime);
    return refuse_all(error);
}

int psd_runtime_list(psd_runtime *runtime, int64_t deadline_ms, psd_image_set **set, psd_runtime_facts *facts,
                     psd_error *error)
{
    psd_wait wait = {.deadline_ms = deadline_ms, .stop = &runtime->stop};
    struct pollfd none = {.fd = -1};
    psd_error failure = PSD_ERROR_INIT;
    *set = NULL;
    int result = psd_wait_poll(&wait, &none, 1, 0, &failure);
    if (result < 0)
        psd_socket_gave_up(&failure);
    else if (runtime->endpoint)
        result = ask(runtime, runtime->endpoint, &wait, set, &failure);
    else
        result = ask_well_known(runtime, &wait, set, &failure);
    *facts = runtime->facts;
    return result < 0 ? psd_error_copy(error, &failure) : 0;
}
