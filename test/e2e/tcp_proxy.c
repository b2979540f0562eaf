/*
 * tcp-proxy - stands between a client and a server of 127.0.0.1 and fails as told.
 *
 *   tcp-proxy LISTEN_PORT TARGET_PORT
 *
 * LISTEN_PORT 0 takes a free port. Its first line is "port N". Commands are lines
 * on standard input; each is answered, once it holds, by "ok COMMAND" or "error …"
 * on standard output. It ends with its input.
 *
 *   pass          forwards (so it starts; connections kept by blackhole go on)
 *   refuse        accepts connections and resets them at once; those there are go on
 *   blackhole     keeps all connections, takes new ones, forwards nothing
 *   cut           resets all connections now
 *   cut-after N   resets all connections when N more bytes of the server have gone through
 *   delay MS      holds all that arrives for that time; 0 ends it
 *   stats         "stats open=N accepted=N to-server=BYTES to-client=BYTES", then ok
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/parse.h"

enum {
    MAX_PAIRS = 256, /* further clients wait in the listener's queue */
    BUFFER_SIZE = 65536,
    LINE_SIZE = 128,
    MAX_DELAY_MS = 600000,
    FIRST_PAIR_SLOT = 2, /* of the poll set, after standard input and the listener */
};

/* What came from one side and has not gone to the other one yet. */
typedef struct tcp_flow {
    size_t start, end;
    int64_t due_ms;
    bool from_ended; /* its sender sends no more */
    bool to_ended;   /* and its receiver was told */
    unsigned char bytes[BUFFER_SIZE];
} tcp_flow;

typedef enum side { CLIENT, SERVER, SIDES } side;

typedef struct tcp_pair {
    int fds[SIDES];
    tcp_flow from[SIDES]; /* by sender */
} tcp_pair;

typedef enum proxy_mode { PASS, REFUSE, BLACKHOLE } proxy_mode;

typedef struct tcp_proxy {
    proxy_mode mode;
    int listener;
    uint16_t target_port;
    int64_t delay_ms;
    bool cut_armed;
    uint64_t cut_after; /* bytes left until then */
    uint64_t accepted;
    uint64_t passed[SIDES]; /* by sender */
    size_t pair_count;
    tcp_pair *pairs[MAX_PAIRS];
    char line[LINE_SIZE];
    size_t line_length;
} tcp_proxy;

static side other(side one)
{
    return one == CLIENT ? SERVER : CLIENT;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static void reset(int fd)
{
    if (fd < 0)
        return;
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* The last pair takes the place. */
static void drop_pair(tcp_proxy *proxy, size_t index, void (*end)(int fd))
{
    PSD_AUTO_FREE tcp_pair *dropped = proxy->pairs[index];
    end(dropped->fds[CLIENT]);
    end(dropped->fds[SERVER]);
    proxy->pairs[index] = proxy->pairs[--proxy->pair_count];
    proxy->pairs[proxy->pair_count] = NULL;
}

static void close_fd(int fd)
{
    close(fd);
}

static void cut(tcp_proxy *proxy)
{
    while (proxy->pair_count > 0)
        drop_pair(proxy, proxy->pair_count - 1, reset);
}

/* ---- connections ---- */

static int connect_to_target(uint16_t port)
{
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    int on = 1;
    if (fd < 0 || (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 && errno != EINPROGRESS))
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return psd_take_fd(&fd);
}

static void accept_client(tcp_proxy *proxy)
{
    PSD_AUTO_CLOSE int fd = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    proxy->accepted++;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    PSD_AUTO_CLOSE int server = proxy->mode == REFUSE ? -1 : connect_to_target(proxy->target_port);
    tcp_pair *made = server < 0 ? NULL : calloc(1, sizeof(*made));
    if (!made) {
        reset(psd_take_fd(&fd));
        return;
    }
    made->fds[CLIENT] = psd_take_fd(&fd);
    made->fds[SERVER] = psd_take_fd(&server);
    proxy->pairs[proxy->pair_count++] = made;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* 0, or -1 when the connection has failed. */
static int receive(const tcp_proxy *proxy, tcp_pair *pair, side from, int64_t now)
{
    tcp_flow *flow = &pair->from[from];
    ssize_t got = recv(pair->fds[from], flow->bytes, sizeof(flow->bytes), 0);
    if (got < 0)
        return would_block() ? 0 : -1;
    flow->from_ended = got == 0;
    flow->start = 0;
    flow->end = (size_t)got;
    flow->due_ms = now + proxy->delay_ms;
    return 0;
}

static size_t allowed_by_cut(const tcp_proxy *proxy, side from, size_t length)
{
    return from == SERVER && proxy->cut_armed && proxy->cut_after < length ? (size_t)proxy->cut_after
                                                                           : length;
}

static int forward(tcp_proxy *proxy, tcp_pair *pair, side from)
{
    tcp_flow *flow = &pair->from[from];
    int to = pair->fds[other(from)];
    size_t length = allowed_by_cut(proxy, from, flow->end - flow->start);
    if (length > 0) {
        ssize_t sent = send(to, flow->bytes + flow->start, length, MSG_NOSIGNAL);
        if (sent < 0)
            return would_block() ? 0 : -1;
        flow->start += (size_t)sent;
        proxy->passed[from] += (uint64_t)sent;
        if (from == SERVER && proxy->cut_armed)
            proxy->cut_after -= (uint64_t)sent;
    }
    if (flow->start == flow->end && flow->from_ended && !flow->to_ended) {
        shutdown(to, SHUT_WR);
        flow->to_ended = true;
    }
    return 0;
}

/* ---- one turn ---- */

static bool wants_to_receive(const tcp_flow *flow)
{
    return flow->start == flow->end && !flow->from_ended;
}

static bool wants_to_send(const tcp_flow *flow, int64_t now)
{
    return (flow->start < flow->end || (flow->from_ended && !flow->to_ended)) && flow->due_ms <= now;
}

static struct pollfd poll_side(const tcp_proxy *proxy, const tcp_pair *pair, side one, int64_t now)
{
    struct pollfd wanted = {.fd = pair->fds[one]};
    bool forwards = proxy->mode != BLACKHOLE;
    if (forwards && wants_to_receive(&pair->from[one]))
        wanted.events |= POLLIN;
    if (forwards && wants_to_send(&pair->from[other(one)], now))
        wanted.events |= POLLOUT;
    /* Ended in both directions, it would tell so again and again. */
    if (!wanted.events && pair->from[other(one)].to_ended)
        wanted.fd = -1;
    return wanted;
}

/* 0, or -1 when the connection has failed. */
static int serve_side(tcp_proxy *proxy, tcp_pair *pair, side one, const struct pollfd *polled, int64_t now)
{
    if (!polled->revents)
        return 0;
    if (!polled->events)
        return -1; /* only a reset wakes a side that waits for nothing */
    if ((polled->events & POLLIN) && (polled->revents & (POLLIN | POLLHUP | POLLERR)) &&
        receive(proxy, pair, one, now) < 0)
        return -1;
    if ((polled->events & POLLOUT) && forward(proxy, pair, other(one)) < 0)
        return -1;
    return 0;
}

static bool is_over(const tcp_pair *pair)
{
    return pair->from[CLIENT].to_ended && pair->from[SERVER].to_ended;
}

/* From the last one on: a dropped pair's place is taken by one that was served. */
static void serve_pairs(tcp_proxy *proxy, const struct pollfd *set, size_t count, int64_t now)
{
    for (size_t i = count; i-- > 0;) {
        const struct pollfd *polled = &set[FIRST_PAIR_SLOT + i * SIDES];
        tcp_pair *pair = proxy->pairs[i];
        if (serve_side(proxy, pair, CLIENT, &polled[CLIENT], now) < 0 ||
            serve_side(proxy, pair, SERVER, &polled[SERVER], now) < 0)
            drop_pair(proxy, i, reset);
        else if (is_over(pair))
            drop_pair(proxy, i, close_fd);
    }
    if (proxy->cut_armed && proxy->cut_after == 0) {
        proxy->cut_armed = false;
        cut(proxy);
    }
}

/* Until the next held bytes are due; -1 when none are. */
static int next_timeout(const tcp_proxy *proxy, int64_t now)
{
    int64_t wait = INT_MAX;
    bool held = false;
    for (size_t i = 0; proxy->mode != BLACKHOLE && i < proxy->pair_count; i++) {
        for (side from = CLIENT; from < SIDES; from++) {
            const tcp_flow *flow = &proxy->pairs[i]->from[from];
            if (wants_to_receive(flow) || flow->to_ended || flow->due_ms <= now)
                continue;
            held = true;
            wait = flow->due_ms - now < wait ? flow->due_ms - now : wait;
        }
    }
    return held ? (int)wait : -1;
}

/* ---- commands ---- */

static int set_mode(tcp_proxy *proxy, const char *word)
{
    static const struct {
        const char *word;
        proxy_mode mode;
    } modes[] = {{"pass", PASS}, {"refuse", REFUSE}, {"blackhole", BLACKHOLE}};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(word, modes[i].word) == 0) {
            proxy->mode = modes[i].mode;
            return 0;
        }
    }
    return -1;
}

static int obey(tcp_proxy *proxy, const char *line, psd_error *error)
{
    uint64_t number = 0;
    if (set_mode(proxy, line) == 0)
        return 0;
    if (strcmp(line, "cut") == 0) {
        cut(proxy);
        return 0;
    }
    if (strcmp(line, "stats") == 0) {
        printf("stats open=%zu accepted=%llu to-server=%llu to-client=%llu\n", proxy->pair_count,
               (unsigned long long)proxy->accepted, (unsigned long long)proxy->passed[CLIENT],
               (unsigned long long)proxy->passed[SERVER]);
        return 0;
    }
    if (strncmp(line, "cut-after ", strlen("cut-after ")) == 0) {
        if (psd_parse_uint(line + strlen("cut-after "), 1, UINT64_MAX, &number, error) < 0)
            return -1;
        proxy->cut_armed = true;
        proxy->cut_after = number;
        return 0;
    }
    if (strncmp(line, "delay ", strlen("delay ")) == 0) {
        if (psd_parse_uint(line + strlen("delay "), 0, MAX_DELAY_MS, &number, error) < 0)
            return -1;
        proxy->delay_ms = (int64_t)number;
        return 0;
    }
    return psd_error_set(error, PSD_INVALID_ARGUMENT,
                         "there is no command '%s', only: pass refuse blackhole cut cut-after delay stats",
                         line);
}

static void answer(tcp_proxy *proxy, const char *line)
{
    psd_error error = PSD_ERROR_INIT;
    if (obey(proxy, line, &error) < 0)
        printf("error %s\n", error.text);
    else
        printf("ok %s\n", line);
    fflush(stdout);
}

/* False at the end of the input. */
static bool read_commands(tcp_proxy *proxy)
{
    char bytes[LINE_SIZE];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n') {
            proxy->line[proxy->line_length] = '\0';
            proxy->line_length = 0;
            answer(proxy, proxy->line);
        } else if (proxy->line_length < LINE_SIZE - 1) {
            proxy->line[proxy->line_length++] = bytes[i];
        }
    }
    return got > 0 || (got < 0 && would_block());
}

/* ---- life ---- */

static void run(tcp_proxy *proxy)
{
    struct pollfd set[FIRST_PAIR_SLOT + MAX_PAIRS * SIDES];
    for (;;) {
        int64_t now = psd_clock_mono_ms();
        size_t count = proxy->pair_count;
        set[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
        set[1] = (struct pollfd){.fd = count < MAX_PAIRS ? proxy->listener : -1, .events = POLLIN};
        for (size_t i = 0; i < count; i++)
            for (side one = CLIENT; one < SIDES; one++)
                set[FIRST_PAIR_SLOT + i * SIDES + one] = poll_side(proxy, proxy->pairs[i], one, now);
        if (poll(set, FIRST_PAIR_SLOT + count * SIDES, next_timeout(proxy, now)) < 0 && errno != EINTR) {
            perror("poll");
            return;
        }
        serve_pairs(proxy, set, count, psd_clock_mono_ms());
        if (set[1].revents)
            accept_client(proxy);
        if (set[0].revents && !read_commands(proxy))
            return;
    }
}

static int listen_on(uint16_t port, uint16_t *given, psd_error *error)
{
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    socklen_t length = sizeof(address);
    int on = 1;
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return psd_error_set_errno(error, errno, "cannot listen on port %u", (unsigned)port);
    *given = ntohs(address.sin_port);
    return psd_take_fd(&fd);
}

static int start(tcp_proxy *proxy, char **arguments, psd_error *error)
{
    uint64_t listen_port;
    uint64_t target_port;
    uint16_t given = 0;
    if (psd_parse_uint(arguments[0], 0, 65535, &listen_port, error) < 0 ||
        psd_parse_uint(arguments[1], 1, 65535, &target_port, error) < 0)
        return -1;
    proxy->target_port = (uint16_t)target_port;
    proxy->listener = listen_on((uint16_t)listen_port, &given, error);
    if (proxy->listener < 0)
        return -1;
    printf("port %u\n", (unsigned)given);
    fflush(stdout);
    return 0;
}

int main(int argc, char **argv)
{
    static tcp_proxy proxy = {.listener = -1};
    psd_error error = PSD_ERROR_INIT;
    if (argc != 3) {
        fprintf(stderr, "usage: tcp-proxy LISTEN_PORT TARGET_PORT <COMMANDS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* whoever read the answers may have gone */
    int started = start(&proxy, argv + 1, &error);
    if (started < 0)
        fprintf(stderr, "tcp-proxy: %s\n", error.text);
    else
        run(&proxy);
    cut(&proxy);
    psd_cleanup_fd(&proxy.listener);
    return started < 0;
}
