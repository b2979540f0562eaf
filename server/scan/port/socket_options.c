#include "server/scan/port/socket_options.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/clock.h"
#include "server/scan/port/port_table.h"
#include "server/scan/port/socket_reader.h"

enum {
    GOOD_FOR_MS = 30000,
    MANY = 1000, /* sockets, from which on one walk over all connections is cheaper */
};

typedef struct memory {
    uint64_t cookie;
    int64_t good_until_ms;
    uint8_t reuse;  /* psd_seen */
    uint8_t v6only; /* psd_seen */
    bool alive;     /* recalled since the last resolve */
} memory;

/* Sorted by cookie whenever the lock is free. */
static struct {
    pthread_mutex_t lock;
    memory *items;
    size_t count;
    size_t capacity;
} remembered = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The sockets that a call is about, sorted by cookie. */
typedef struct wanted_sockets {
    psd_socket **items;
    size_t count;
} wanted_sockets;

static int compare_cookies(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_memory(const void *left, const void *right)
{
    return compare_cookies(((const memory *)left)->cookie, ((const memory *)right)->cookie);
}

static int compare_wanted(const void *left, const void *right)
{
    return compare_cookies((*(psd_socket *const *)left)->cookie, (*(psd_socket *const *)right)->cookie);
}

/* Looks among the first COUNT, which are sorted. */
static memory *find_memory(uint64_t cookie, size_t count)
{
    const memory key = {.cookie = cookie};
    return count == 0 ? NULL : bsearch(&key, remembered.items, count, sizeof(key), compare_memory);
}

/* Fills in what was unseen. */
static void fill(psd_socket *socket, uint8_t reuse, uint8_t v6only)
{
    if (socket->reuse == PSD_UNSEEN)
        socket->reuse = reuse;
    if (socket->v6only == PSD_UNSEEN)
        socket->v6only = v6only;
}

void psd_socket_options_recall(psd_sockets *sockets)
{
    int64_t now_ms = psd_clock_mono_ms();
    pthread_mutex_lock(&remembered.lock);
    for (size_t i = 0; i < sockets->count && remembered.count > 0; i++) {
        memory *known = find_memory(sockets->items[i].cookie, remembered.count);
        if (!known)
            continue;
        known->alive = true;
        if (now_ms < known->good_until_ms)
            fill(&sockets->items[i], known->reuse, known->v6only);
    }
    pthread_mutex_unlock(&remembered.lock);
}

static bool needs_options(const psd_socket *socket)
{
    return psd_socket_conflict(socket, PSD_SERVER_DUAL_STACK) == PSD_CONFLICT_UNKNOWN ||
           psd_socket_conflict(socket, PSD_SERVER_IPV4) == PSD_CONFLICT_UNKNOWN;
}

/* The sockets on PORTS that need an answer. None when there is no memory: they
 * stay unknown. */
static wanted_sockets collect(psd_sockets *sockets, const psd_port_set *ports)
{
    wanted_sockets list = {.items = calloc(sockets->count + 1, sizeof(psd_socket *))};
    for (size_t i = 0; list.items && i < sockets->count; i++) {
        psd_socket *socket = &sockets->items[i];
        if (psd_port_set_has(ports, socket->local_port) && needs_options(socket))
            list.items[list.count++] = socket;
    }
    if (list.count > 0)
        qsort(list.items, list.count, sizeof(psd_socket *), compare_wanted);
    return list;
}

static void take_options(void *arg, const psd_socket_options *options)
{
    const wanted_sockets *list = arg;
    psd_socket key = {.cookie = options->cookie};
    psd_socket *key_pointer = &key;
    psd_socket **found = bsearch(&key_pointer, list->items, list->count, sizeof(psd_socket *),
                                 compare_wanted);
    if (!found)
        return;
    if (options->state == PSD_TCP_NEW_SYN_RECV)
        (*found)->state = PSD_TCP_NEW_SYN_RECV;
    else
        fill(*found, options->reuse, options->v6only);
}

static void read_connections(wanted_sockets *list, int64_t deadline_ms)
{
    bool useful = false;
    for (size_t i = 0; i < list->count && !useful; i++)
        useful = list->items[i]->state != PSD_TCP_BOUND_INACTIVE && needs_options(list->items[i]);
    int result = useful ? psd_socket_reader_connections(take_options, list, deadline_ms, NULL) : 0;
    (void)result; /* what was not read stays unseen, which says enough */
}

static void read_ports(wanted_sockets *list, int64_t deadline_ms)
{
    int result = 0;
    for (size_t i = 0; i < list->count && result == 0 && psd_clock_mono_ms() < deadline_ms; i++) {
        if (needs_options(list->items[i]))
            result = psd_socket_reader_port(list->items[i]->local_port, take_options, list, NULL);
    }
}

static wanted_sockets read_options(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms)
{
    wanted_sockets list = collect(sockets, ports);
    if (list.count >= MANY)
        read_connections(&list, deadline_ms);
    read_ports(&list, deadline_ms);
    if (list.count < MANY)
        read_connections(&list, deadline_ms);
    return list;
}

void psd_socket_options_read(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms)
{
    wanted_sockets list = read_options(sockets, ports, deadline_ms);
    free(list.items);
}

static void forget_dead(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < remembered.count; i++) {
        if (!remembered.items[i].alive)
            continue;
        remembered.items[kept] = remembered.items[i];
        remembered.items[kept++].alive = false;
    }
    remembered.count = kept;
}

/* Appends a memory; NULL: there is no room, the socket is read again next time. */
static memory *append_memory(uint64_t cookie)
{
    if (remembered.count == remembered.capacity) {
        size_t capacity = remembered.capacity ? remembered.capacity * 2 : 32;
        memory *items = reallocarray(remembered.items, capacity, sizeof(*items));
        if (!items)
            return NULL;
        remembered.items = items;
        remembered.capacity = capacity;
    }
    memory *made = &remembered.items[remembered.count++];
    *made = (memory){.cookie = cookie};
    return made;
}

static void remember(const wanted_sockets *list, int64_t good_until_ms)
{
    size_t sorted = remembered.count;
    for (size_t i = 0; i < list->count; i++) {
        const psd_socket *socket = list->items[i];
        bool repeated = i > 0 && list->items[i - 1]->cookie == socket->cookie;
        /* A request hands its cookie on to the connection that comes of it. */
        if (repeated || needs_options(socket) || socket->state == PSD_TCP_NEW_SYN_RECV)
            continue;
        memory *known = find_memory(socket->cookie, sorted);
        if (!known)
            known = append_memory(socket->cookie);
        if (!known)
            continue;
        known->reuse = socket->reuse;
        known->v6only = socket->v6only;
        known->good_until_ms = good_until_ms;
    }
    if (remembered.count > sorted)
        qsort(remembered.items, remembered.count, sizeof(memory), compare_memory);
}

void psd_socket_options_resolve(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms)
{
    wanted_sockets list = read_options(sockets, ports, deadline_ms);
    pthread_mutex_lock(&remembered.lock);
    forget_dead();
    remember(&list, psd_clock_mono_ms() + GOOD_FOR_MS);
    pthread_mutex_unlock(&remembered.lock);
    free(list.items);
}

void psd_socket_options_forget(void)
{
    pthread_mutex_lock(&remembered.lock);
    free(remembered.items);
    remembered.items = NULL;
    remembered.count = 0;
    remembered.capacity = 0;
    pthread_mutex_unlock(&remembered.lock);
}
