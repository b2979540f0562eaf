#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "server/scanners.h"
#include "server/services/handlers.h"
#include "server/store/page.h"

static void release(const psd_snapshot **snapshot)
{
    psd_snapshot_release(*snapshot);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names asked for, sorted. */
typedef struct names {
    char **at;
    size_t count;
} names;

static bool is_named(const void *arg, const ProtobufCMessage *item)
{
    const names *wanted = arg;
    const char *name = ((const Polarstack__V1__CoreVersion *)item)->name;
    return bsearch(&name, wanted->at, wanted->count, sizeof(*wanted->at), compare_names) != NULL;
}

static void get_core_versions(psd_call *call, const Polarstack__V1__GetCoreVersionsRequest *request,
                              void *arg)
{
    PSD_AUTO(release)
    const psd_snapshot *snapshot = psd_topic_snapshot(((psd_daemon *)arg)->topics[PSD_TOPIC_CORE_VERSIONS]);
    const names wanted = {.at = request->names, .count = request->n_names};
    if (wanted.count > 0)
        qsort(wanted.at, wanted.count, sizeof(*wanted.at), compare_names); /* the request is ours */
    const psd_page_wish wish = {.field = 2,
                                .wants = wanted.count > 0 ? is_named : NULL,
                                .arg = &wanted,
                                .page_size = request->page_size,
                                .token = request->page_token};
    psd_page_reply(call, snapshot, &wish);
}

static void check_core_versions(psd_call *call, const Polarstack__V1__CheckCoreVersionsRequest *request,
                                void *arg)
{
    psd_daemon *daemon = arg;
    psd_watched *watched = psd_scanners_find(daemon, "version");
    psd_version_checks_begin(&daemon->checks, watched->scanner, watched->topic, call, !request->no_wait);
}

static void get_core_version_check(psd_call *call, const Polarstack__V1__GetCoreVersionCheckRequest *request,
                                   void *arg)
{
    PSD_AUTO_FREE uint8_t *packed = NULL;
    size_t length = 0;
    psd_error error = PSD_ERROR_INIT;
    if (psd_operations_get(((psd_daemon *)arg)->checks.operations, request->operation_id, &packed, &length,
                           &error) < 0)
        psd_call_fail(call, &error);
    else
        psd_call_reply_packed(call, packed, length);
}

const psd_core_version_handlers psd_daemon_core_version_handlers = {
    .get_core_versions = get_core_versions,
    .check_core_versions = check_core_versions,
    .get_core_version_check = get_core_version_check,
};
