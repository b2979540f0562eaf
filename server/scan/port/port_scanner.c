#include "server/scan/port/port_scanner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/port/limitations.h"
#include "server/scan/port/port_table.h"
#include "server/scan/port/sock_diag.h"
#include "server/scan/port/socket_options.h"
#include "server/scan/port/socket_reader.h"

/* All buffers live as long as the scanner and grow only with the host. */
typedef struct port_scanner {
    psd_port_ranges *ranges; /* wanted */
    psd_port_set looked_at;  /* the ranges of the table */
    int64_t listen_period_ms;
    int64_t full_period_ms;
    struct utsname kernel;
    psd_port_host host;
    psd_port_limitations limitations;
    psd_sock_diag *diag;
    psd_port_table *table;
    psd_sockets listeners;     /* published ones, sorted by cookie */
    psd_sockets others;        /* of the last full look */
    psd_sockets new_listeners; /* being looked at */
    psd_sockets new_others;
    int64_t next_full_ms; /* monotonic; 0: at once */
    int64_t observed_at_ms;
} port_scanner;

/* What new listeners mean for the published ones. */
typedef enum difference {
    SAME,
    ADDED,
    GONE, /* at least one is missing, others may be added */
} difference;

static bool ipv6_available(void)
{
    PSD_AUTO_CLOSE int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0;
}

static void fini(void *state)
{
    port_scanner *scanner = state;
    psd_sock_diag_close(scanner->diag);
    psd_port_table_free(scanner->table);
    psd_sockets_free(&scanner->listeners);
    psd_sockets_free(&scanner->others);
    psd_sockets_free(&scanner->new_listeners);
    psd_sockets_free(&scanner->new_others);
    psd_socket_options_forget();
    free(scanner);
}

static int init(const void *settings, void **state, psd_error *error)
{
    const psd_port_scanner_settings *wanted = settings;
    psd_port_set ranges;
    psd_port_ranges_get(wanted->ranges, &ranges);
    if (psd_port_set_is_empty(&ranges))
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "there are no ports to scan: give port ranges");
    if (wanted->listen_period_ms <= 0 || wanted->full_period_ms <= 0)
        return psd_error_set(error, PSD_INVALID_ARGUMENT, "a scan period must be longer than 0");
    port_scanner *scanner = calloc(1, sizeof(*scanner));
    if (!scanner)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for the port scanner");
    scanner->ranges = wanted->ranges;
    scanner->looked_at = ranges;
    scanner->listen_period_ms = wanted->listen_period_ms;
    scanner->full_period_ms = wanted->full_period_ms;
    uname(&scanner->kernel);
    scanner->host = (psd_port_host){.release = scanner->kernel.release, .ipv6 = ipv6_available()};
    if (psd_sock_diag_open(&scanner->diag, error) < 0 ||
        psd_port_table_new(&ranges, &scanner->table, error) < 0) {
        fini(scanner);
        return -1;
    }
    *state = scanner;
    return 0;
}

static void fill_table(port_scanner *scanner, const psd_sockets *others, const psd_sockets *listeners)
{
    psd_port_table_clear(scanner->table);
    psd_port_table_add(scanner->table, others);
    psd_port_table_add(scanner->table, listeners);
}

static void swap(psd_sockets *a, psd_sockets *b)
{
    psd_sockets kept = *a;
    *a = *b;
    *b = kept;
}

static int publish(port_scanner *scanner, const psd_sink *sink, psd_error *error)
{
    const Polarstack__V1__PortUsage *usage = NULL;
    if (psd_port_table_usage(scanner->table, &usage, error) < 0)
        return -1;
    const psd_look look = {
        .resource = &usage->base,
        .observed_at_ms = scanner->observed_at_ms,
        .limitations = scanner->limitations.lines,
        .limitation_count = scanner->limitations.count,
    };
    return sink->publish(sink->arg, &look, error);
}

static void find_limitations(port_scanner *scanner)
{
    const psd_sockets *others = &scanner->new_others;
    for (size_t i = 0; i < others->count && !scanner->host.bound_seen; i++)
        scanner->host.bound_seen = others->items[i].state == PSD_TCP_BOUND_INACTIVE;
    scanner->host.reader_reason = psd_socket_reader_unavailable(scanner->host.bound_seen);
    psd_port_limitations_find(&scanner->host, &scanner->limitations);
}

static int full_look(port_scanner *scanner, int64_t deadline_ms, const psd_sink *sink, psd_error *error)
{
    int64_t start_ms = psd_clock_mono_ms();
    psd_sockets *others = &scanner->new_others;
    psd_sockets *listeners = &scanner->new_listeners;
    scanner->next_full_ms = 0; /* again at once, should this one fail */
    if (psd_sock_diag_all(scanner->diag, deadline_ms, others, listeners, error) < 0)
        return -1;
    int64_t observed_at_ms = psd_clock_unix_ms();
    psd_socket_options_recall(others);
    fill_table(scanner, others, listeners);
    psd_port_set unknown;
    if (psd_port_table_unknown(scanner->table, &unknown)) {
        psd_socket_options_resolve(others, &unknown, deadline_ms);
        fill_table(scanner, others, listeners);
    }
    find_limitations(scanner);
    scanner->observed_at_ms = observed_at_ms;
    if (publish(scanner, sink, error) < 0)
        return -1;
    swap(&scanner->others, others);
    swap(&scanner->listeners, listeners);
    scanner->next_full_ms = start_ms + scanner->full_period_ms;
    return 0;
}

/* Both lists are sorted by cookie. */
static difference compare_listeners(const psd_sockets *before, const psd_sockets *after)
{
    size_t matched = 0;
    for (size_t i = 0; i < after->count && matched < before->count; i++) {
        if (after->items[i].cookie == before->items[matched].cookie)
            matched++;
    }
    if (matched < before->count)
        return GONE;
    return after->count > before->count ? ADDED : SAME;
}

/* Looks at listeners only; *GONE when a full look has to follow. */
static int listen_look(port_scanner *scanner, int64_t deadline_ms, const psd_sink *sink, bool *gone,
                       psd_error *error)
{
    if (psd_sock_diag_listeners(scanner->diag, deadline_ms, &scanner->new_listeners, error) < 0) {
        scanner->next_full_ms = 0;
        return -1;
    }
    difference found = compare_listeners(&scanner->listeners, &scanner->new_listeners);
    *gone = found == GONE;
    if (found != ADDED)
        return 0;
    fill_table(scanner, &scanner->others, &scanner->new_listeners);
    if (publish(scanner, sink, error) < 0)
        return -1;
    swap(&scanner->listeners, &scanner->new_listeners);
    return 0;
}

/* Sockets outside the ranges were seen as well, but not resolved: only a full
 * look makes the new ranges' verdicts complete. */
static int follow_ranges(port_scanner *scanner, psd_error *error)
{
    psd_port_set ranges;
    psd_port_ranges_get(scanner->ranges, &ranges);
    if (psd_port_set_equal(&ranges, &scanner->looked_at))
        return 0;
    if (psd_port_table_set_ranges(scanner->table, &ranges, error) < 0)
        return -1;
    scanner->looked_at = ranges;
    scanner->next_full_ms = 0;
    return 0;
}

static int look(port_scanner *scanner, const psd_scan_request *request, const psd_sink *sink,
                psd_error *error)
{
    if (follow_ranges(scanner, error) < 0)
        return -1;
    bool full = request->asked || psd_clock_mono_ms() >= scanner->next_full_ms;
    if (!full && listen_look(scanner, request->deadline_ms, sink, &full, error) < 0)
        return -1;
    return full ? full_look(scanner, request->deadline_ms, sink, error) : 0;
}

static int scan(void *state, const psd_scan_request *request, const psd_sink *sink, int64_t *next_ms,
                psd_error *error)
{
    port_scanner *scanner = state;
    int result = look(scanner, request, sink, error);
    *next_ms = scanner->listen_period_ms;
    int64_t until_full_ms = scanner->next_full_ms - psd_clock_mono_ms();
    if (result == 0 && until_full_ms < *next_ms)
        *next_ms = until_full_ms > 0 ? until_full_ms : 1;
    return result < 0 ? psd_error_prefix(error, "port scan") : 0;
}

const psd_scanner_type psd_port_scanner = {
    .name = "port",
    .init = init,
    .scan = scan,
    .stop = NULL, /* a dump takes milliseconds */
    .fini = fini,
};
