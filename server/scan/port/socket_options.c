#include "server/scan/port/socket_options.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "server/scan/port/port_table.h"
#include "server/scan/port/process.h"
#include "server/scan/port/tcp_iterator.h"

enum {
    READ_AGAIN_MS = 30000,   /* after which an answer of the iterator is renewed */
    MIN_AGE_MS = 1000,       /* before a socket's descriptor is duplicated */
    MAX_RETRY_MS = 300000,   /* between two tries for one socket */
    WALK_PAUSE_FACTOR = 100, /* pause after a walk, in times of its duration */
};

/* A socket whose options are known, or that is to be asked. */
typedef struct memory {
    uint64_t cookie;
    int64_t good_until_ms; /* what is remembered is read anew after that */
    int64_t retry_at_ms;
    int64_t retry_pause_ms;
    uint8_t reuse;  /* psd_seen; PSD_UNSEEN: not answered yet */
    uint8_t v6only; /* the same */
    bool alive;     /* recalled since the last resolve */
} memory;

/* Sorted by cookie whenever the lock is free. */
static struct {
    pthread_mutex_t lock;
    memory *items;
    size_t count;
    size_t capacity;
    int64_t next_walk_us;
} remembered = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The sockets that a call is about, sorted by cookie. */
typedef struct wanted_sockets {
    psd_socket **items;
    size_t count;
} wanted_sockets;

/* A socket to ask through its owner's descriptor. */
typedef struct candidate {
    uint32_t inode; /* first: sorted by it */
    psd_socket *socket;
} candidate;

typedef struct candidates {
    candidate *items;
    size_t count;
    size_t unanswered;
} candidates;

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_memory(const void *left, const void *right)
{
    return compare_numbers(((const memory *)left)->cookie, ((const memory *)right)->cookie);
}

static int compare_wanted(const void *left, const void *right)
{
    return compare_numbers((*(psd_socket *const *)left)->cookie, (*(psd_socket *const *)right)->cookie);
}

static int compare_candidates(const void *left, const void *right)
{
    return compare_numbers(((const candidate *)left)->inode, ((const candidate *)right)->inode);
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

/* The sockets on PORTS that need an answer. Empty when there is no memory:
 * they stay unknown. */
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

static void take_options(void *arg, const psd_tcp_options *options)
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

static void read_options(wanted_sockets *list, int64_t deadline_ms)
{
    bool useful = false;
    for (size_t i = 0; i < list->count && !useful; i++)
        useful = list->items[i]->state != PSD_TCP_BOUND_INACTIVE;
    psd_error ignored = PSD_ERROR_INIT; /* what is missing stays unknown, and says so */
    int result = useful ? psd_tcp_iterator_read(take_options, list, deadline_ms, &ignored) : 0;
    (void)result;
}

void psd_socket_options_read(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms)
{
    wanted_sockets list = collect(sockets, ports);
    read_options(&list, deadline_ms);
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

/* Appends a memory; NULL: none is free, the socket is met again in the next scan. */
static memory *remember(uint64_t cookie, int64_t now_ms)
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
    *made = (memory){.cookie = cookie, .retry_at_ms = now_ms + MIN_AGE_MS, .retry_pause_ms = MIN_AGE_MS};
    return made;
}

static void remember_answer(memory *known, const psd_socket *socket, int64_t good_until_ms)
{
    known->reuse = socket->reuse;
    known->v6only = socket->v6only;
    known->good_until_ms = good_until_ms;
}

/* Whether a socket still needs an answer that its owner's descriptor gives. */
static bool may_be_asked(const psd_socket *socket)
{
    return socket->inode != 0 && needs_options(socket);
}

/* Remembers what the iterator told, and who is to be asked. */
static void remember_wanted(const wanted_sockets *list, int64_t now_ms)
{
    size_t sorted = remembered.count;
    for (size_t i = 0; i < list->count; i++) {
        const psd_socket *socket = list->items[i];
        /* A request hands its cookie on to the connection that comes of it. */
        bool answered = !needs_options(socket) && socket->state != PSD_TCP_NEW_SYN_RECV;
        bool repeated = i > 0 && list->items[i - 1]->cookie == socket->cookie;
        if (repeated || (!answered && !may_be_asked(socket)))
            continue;
        memory *known = find_memory(socket->cookie, sorted);
        if (!known)
            known = remember(socket->cookie, now_ms);
        if (known && answered)
            remember_answer(known, socket, now_ms + READ_AGAIN_MS);
    }
    if (remembered.count > sorted)
        qsort(remembered.items, remembered.count, sizeof(memory), compare_memory);
}

/* The sockets whose time to be asked has come. Each has a memory. */
static candidates choose_candidates(const wanted_sockets *list, int64_t now_ms)
{
    candidates chosen = {.items = calloc(list->count + 1, sizeof(candidate))};
    for (size_t i = 0; chosen.items && i < list->count; i++) {
        psd_socket *socket = list->items[i];
        const memory *known = may_be_asked(socket) ? find_memory(socket->cookie, remembered.count) : NULL;
        if (known && known->retry_at_ms <= now_ms)
            chosen.items[chosen.count++] = (candidate){.inode = socket->inode, .socket = socket};
    }
    if (chosen.count > 0)
        qsort(chosen.items, chosen.count, sizeof(candidate), compare_candidates);
    chosen.unanswered = chosen.count;
    return chosen;
}

static psd_seen read_flag(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof(value);
    if (getsockopt(fd, level, name, &value, &size) < 0)
        return PSD_UNSEEN;
    return value ? PSD_SEEN_ON : PSD_SEEN_OFF;
}

/* Asks the socket itself, through a short-lived copy of the descriptor. */
static void ask(const psd_holder *holder, psd_socket *socket)
{
    PSD_AUTO_CLOSE int process = (int)syscall(SYS_pidfd_open, holder->pid, 0);
    if (process < 0)
        return;
    PSD_AUTO_CLOSE int copy = (int)syscall(SYS_pidfd_getfd, process, holder->fd, 0);
    if (copy < 0)
        return;
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);
    /* The number may stand for another socket by now. */
    if (getsockopt(copy, SOL_SOCKET, SO_COOKIE, &cookie, &size) < 0 || cookie != socket->cookie)
        return;
    fill(socket, (uint8_t)read_flag(copy, SOL_SOCKET, SO_REUSEADDR),
         (uint8_t)(socket->family == AF_INET6 ? read_flag(copy, IPPROTO_IPV6, IPV6_V6ONLY) : PSD_SEEN_OFF));
}

static bool ask_holder(void *arg, const psd_holder *holder)
{
    candidates *chosen = arg;
    const candidate key = {.inode = holder->inode};
    const candidate *found = bsearch(&key, chosen->items, chosen->count, sizeof(candidate),
                                     compare_candidates);
    if (!found || !needs_options(found->socket))
        return true;
    ask(holder, found->socket);
    if (!needs_options(found->socket))
        chosen->unanswered--;
    return chosen->unanswered > 0;
}

/* Remembers the answers; who gave none is asked again, later and later. */
static void remember_answers(const candidates *chosen, int64_t now_ms)
{
    for (size_t i = 0; i < chosen->count; i++) {
        const psd_socket *socket = chosen->items[i].socket;
        memory *known = find_memory(socket->cookie, remembered.count);
        if (!needs_options(socket))
            remember_answer(known, socket, INT64_MAX);
        known->retry_pause_ms = known->retry_pause_ms * 2 < MAX_RETRY_MS ? known->retry_pause_ms * 2
                                                                         : MAX_RETRY_MS;
        known->retry_at_ms = now_ms + known->retry_pause_ms;
    }
}

static void ask_candidates(candidates *chosen, int64_t deadline_ms)
{
    int64_t start_us = psd_clock_mono_us();
    PSD_AUTO_FREE uint32_t *inodes = calloc(chosen->count, sizeof(*inodes));
    if (!inodes || start_us < remembered.next_walk_us)
        return;
    for (size_t i = 0; i < chosen->count; i++)
        inodes[i] = chosen->items[i].inode;
    size_t hidden = 0;
    psd_error ignored = PSD_ERROR_INIT; /* what is missing stays unknown, and says so */
    int result = psd_processes_walk(inodes, chosen->count, deadline_ms, ask_holder, chosen, &hidden,
                                    &ignored);
    int64_t end_us = psd_clock_mono_us();
    remembered.next_walk_us = end_us + (end_us - start_us) * WALK_PAUSE_FACTOR;
    if (result == 0 || chosen->unanswered < chosen->count)
        remember_answers(chosen, end_us / 1000);
}

void psd_socket_options_resolve(psd_sockets *sockets, const psd_port_set *ports, int64_t deadline_ms)
{
    wanted_sockets list = collect(sockets, ports);
    read_options(&list, deadline_ms);
    int64_t now_ms = psd_clock_mono_ms();
    pthread_mutex_lock(&remembered.lock);
    forget_dead();
    remember_wanted(&list, now_ms);
    candidates chosen = choose_candidates(&list, now_ms);
    if (chosen.count > 0)
        ask_candidates(&chosen, deadline_ms);
    pthread_mutex_unlock(&remembered.lock);
    free(chosen.items);
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
