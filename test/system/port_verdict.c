/*
 * port_verdict - the scanner's verdicts against the kernel's own, for every
 * port, with sockets of all kinds open.
 *
 * A process without privileges looks first: it may answer "unknown", but never
 * wrongly.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "server/scan/port/port_scanner.h"
#include "test/support/port_namespace.h"

enum {
    LISTENING = POLARSTACK__V1__PORT_CLASS__LISTENING,
    BOUND = POLARSTACK__V1__PORT_CLASS__BOUND,
    CONNECTED = POLARSTACK__V1__PORT_CLASS__CONNECTED,
    CLOSING = POLARSTACK__V1__PORT_CLASS__CLOSING,
    BINDABLE = POLARSTACK__V1__BIND_VERDICT__BINDABLE,
    NOT_BINDABLE = POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE,
    UNKNOWN = POLARSTACK__V1__BIND_VERDICT__BIND_VERDICT_UNKNOWN,
};

/* How a socket is made. */
typedef struct socket_kind {
    const char *name;
    const char *address; /* to bind to */
    const char *peer;    /* how a client reaches a server that is bound so */
    int v6only;          /* -1: left alone */
} socket_kind;

static const socket_kind kinds[] = {
    {"IPv4 any", "0.0.0.0", "127.0.0.1", -1},
    {"IPv4 one address", "127.0.0.1", "127.0.0.1", -1},
    {"IPv6 dual stack", "::", "::1", 0},
    {"IPv6 dual stack met by IPv4", "::", "127.0.0.1", 0},
    {"IPv6-only any", "::", "::1", 1},
    {"IPv6 one address", "::1", "::1", -1},
    {"IPv6 mapped address", "::ffff:127.0.0.1", "127.0.0.1", 0},
};

/* What was set up on a port. */
static struct {
    char text[96];
    int port_class;
} expected[PSD_TEST_PORTS];

static unsigned next_port = 20000;

static socklen_t make_address(const char *text, unsigned port, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof(*address));
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        return sizeof(*v4);
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
        psd_test_fail("'%s' is no address", text);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    return sizeof(*v6);
}

static void set_option(int fd, int level, int name, int value)
{
    if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
        psd_test_fail("cannot set a socket option: %s", strerror(errno));
}

static int new_socket(int family, int type, bool reuse, int v6only)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        psd_test_fail("cannot make a socket: %s", strerror(errno));
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
    if (v6only >= 0)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only);
    return fd;
}

static int bind_kind(const socket_kind *kind, int type, bool reuse, unsigned port)
{
    struct sockaddr_storage address;
    socklen_t size = make_address(kind->address, port, &address);
    int fd = new_socket(address.ss_family, type, reuse, kind->v6only);
    if (bind(fd, (struct sockaddr *)&address, size) < 0)
        psd_test_fail("cannot bind %s port %u: %s", kind->name, port, strerror(errno));
    return fd;
}

static unsigned take_port(int port_class, const char *what, const char *kind, bool reuse)
{
    unsigned port = next_port++;
    expected[port].port_class = port_class;
    snprintf(expected[port].text, sizeof(expected[port].text), "%s, %s, %s SO_REUSEADDR", what, kind,
             reuse ? "with" : "without");
    return port;
}

static int listen_on(const socket_kind *kind, bool reuse, unsigned port)
{
    int fd = bind_kind(kind, SOCK_STREAM, reuse, port);
    if (listen(fd, 16) < 0)
        psd_test_fail("cannot listen on port %u: %s", port, strerror(errno));
    return fd;
}

static void connect_to(int fd, const char *address_text, unsigned port)
{
    struct sockaddr_storage address;
    socklen_t size = make_address(address_text, port, &address);
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        psd_test_fail("cannot connect to port %u: %s", port, strerror(errno));
}

static int accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        psd_test_fail("cannot accept: %s", strerror(errno));
    return fd;
}

/* The port that the kernel gave to an outgoing connection. */
static void expect_own_port(int fd, int port_class, const char *what)
{
    struct sockaddr_in6 address = {.sin6_port = 0}; /* IPv4 has its port there too */
    socklen_t size = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        psd_test_fail("cannot tell a socket's address: %s", strerror(errno));
    unsigned port = ntohs(address.sin6_port);
    /* The kernel may give a port to connections with different peers. */
    int known = expected[port].port_class;
    if (known == 0 || (port_class != 0 && port_class < known))
        expected[port].port_class = port_class;
    snprintf(expected[port].text, sizeof(expected[port].text), "%s", what);
}

static void set_up_listeners(void)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(kinds); i++) {
        listen_on(&kinds[i], true, take_port(LISTENING, "listener", kinds[i].name, true));
        listen_on(&kinds[i], false, take_port(LISTENING, "listener", kinds[i].name, false));
    }
    for (size_t i = 0; i < PSD_ARRAY_SIZE(kinds); i++) {
        unsigned port = take_port(LISTENING, "SO_REUSEPORT group", kinds[i].name, false);
        for (int member = 0; member < 2; member++) {
            struct sockaddr_storage address;
            socklen_t size = make_address(kinds[i].address, port, &address);
            int fd = new_socket(address.ss_family, SOCK_STREAM, false, kinds[i].v6only);
            set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
            if (bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 1) < 0)
                psd_test_fail("cannot make a SO_REUSEPORT group: %s", strerror(errno));
        }
    }
}

static void set_up_bound(void)
{
    for (size_t i = 0; i < PSD_ARRAY_SIZE(kinds); i++) {
        for (int reuse = 0; reuse < 2; reuse++) {
            bind_kind(&kinds[i], SOCK_STREAM, reuse, take_port(BOUND, "bound TCP", kinds[i].name, reuse));
            bind_kind(&kinds[i], SOCK_DGRAM, reuse, take_port(BOUND, "bound UDP", kinds[i].name, reuse));
            int udp = bind_kind(&kinds[i], SOCK_DGRAM, reuse,
                                take_port(CONNECTED, "connected UDP", kinds[i].name, reuse));
            connect_to(udp,
                       kinds[i].v6only < 0 && kinds[i].address[0] != ':' ? "127.0.0.1"
                       : kinds[i].peer[0] == ':'                         ? "::1"
                                                                         : "::ffff:127.0.0.1",
                       9);
        }
    }
}

/* How the two ends of a connection are left. */
typedef enum ending {
    OPEN,
    HALF_CLOSED, /* by the client: FIN_WAIT2 there, CLOSE_WAIT here */
    CLIENT_TIME_WAIT,
    SERVER_TIME_WAIT,
} ending;

static const struct {
    const char *name;
    int client_class; /* 0: nothing is left of it */
    int server_class;
} endings[] = {
    [OPEN] = {"open", CONNECTED, CONNECTED},
    [HALF_CLOSED] = {"half closed", CLOSING, CLOSING},
    [CLIENT_TIME_WAIT] = {"client in TIME_WAIT", CLOSING, 0},
    [SERVER_TIME_WAIT] = {"server in TIME_WAIT", 0, CLOSING},
};

static void end_connection(ending how, int client, int server)
{
    char byte;
    if (how == HALF_CLOSED) {
        shutdown(client, SHUT_WR);
        if (read(server, &byte, 1) != 0)
            psd_test_fail("the end of a connection did not arrive");
    } else if (how == CLIENT_TIME_WAIT || how == SERVER_TIME_WAIT) {
        int first = how == CLIENT_TIME_WAIT ? client : server;
        int second = how == CLIENT_TIME_WAIT ? server : client;
        close(first);
        if (read(second, &byte, 1) != 0)
            psd_test_fail("the end of a connection did not arrive");
        close(second);
    }
}

/* What a listener leaves behind when it is closed. */
static void set_up_accepted(const socket_kind *kind, bool reuse, ending how)
{
    char what[64];
    snprintf(what, sizeof(what), "accepted, %s", endings[how].name);
    unsigned port = take_port(endings[how].server_class, what, kind->name, reuse);
    int listener = listen_on(kind, reuse, port);
    struct sockaddr_storage address;
    make_address(kind->peer, port, &address);
    int client = new_socket(address.ss_family, SOCK_STREAM, false, -1);
    connect_to(client, kind->peer, port);
    int server = accept_one(listener);
    snprintf(what, sizeof(what), "client of one that is %s", endings[how].name);
    expect_own_port(client, endings[how].client_class, what);
    close(listener);
    end_connection(how, client, server);
}

/* An outgoing connection from a port of its choice. */
static void set_up_bound_client(const socket_kind *kind, bool reuse, ending how, const char *peer,
                                int peer_listener, unsigned peer_port)
{
    char what[64];
    snprintf(what, sizeof(what), "bound client, %s", endings[how].name);
    int client = bind_kind(kind, SOCK_STREAM, reuse,
                           take_port(endings[how].client_class, what, kind->name, reuse));
    connect_to(client, peer, peer_port);
    end_connection(how, client, accept_one(peer_listener));
}

/* Outgoing connections whose port the kernel chooses. */
static void set_up_free_clients(int listener, unsigned port)
{
    for (int reuse = 0; reuse < 2; reuse++) {
        for (int v6only = -1; v6only < 2; v6only++) {
            int v6 = new_socket(AF_INET6, SOCK_STREAM, reuse, v6only);
            connect_to(v6, "::1", port);
            expect_own_port(v6, CONNECTED, "free IPv6 client");
            accept_one(listener);
        }
        int v4 = new_socket(AF_INET, SOCK_STREAM, reuse, -1);
        connect_to(v4, "127.0.0.1", port);
        expect_own_port(v4, CONNECTED, "free IPv4 client");
        accept_one(listener);
        int mapped = new_socket(AF_INET6, SOCK_STREAM, reuse, 0);
        connect_to(mapped, "::ffff:127.0.0.1", port);
        expect_own_port(mapped, CONNECTED, "free IPv6 client to a mapped address");
        accept_one(listener);
    }
}

static void set_up_connections(void)
{
    unsigned port = take_port(LISTENING, "server", "IPv6 dual stack", true);
    int listener = listen_on(&kinds[2], true, port);
    for (size_t i = 0; i < PSD_ARRAY_SIZE(kinds); i++) {
        const char *peer = strcmp(kinds[i].peer, "::1") == 0 ? "::1"
                           : strchr(kinds[i].address, ':')   ? "::ffff:127.0.0.1"
                                                             : "127.0.0.1";
        for (int reuse = 0; reuse < 2; reuse++) {
            for (int how = OPEN; how <= SERVER_TIME_WAIT; how++) {
                set_up_accepted(&kinds[i], reuse, (ending)how);
                set_up_bound_client(&kinds[i], reuse, (ending)how, peer, listener, port);
            }
        }
    }
    set_up_free_clients(listener, port);
}

/* Connections that never come about: the server's queue is full. */
static void set_up_syn_sent(void)
{
    unsigned port = take_port(LISTENING, "full server", "IPv6 dual stack", true);
    struct sockaddr_storage address;
    int server = bind_kind(&kinds[2], SOCK_STREAM, true, port);
    if (listen(server, 0) < 0)
        psd_test_fail("cannot listen: %s", strerror(errno));
    int only = new_socket(AF_INET, SOCK_STREAM, false, -1);
    connect_to(only, "127.0.0.1", port);
    expect_own_port(only, CONNECTED, "only client of a full server");
    for (size_t i = 0; i < PSD_ARRAY_SIZE(kinds); i++) {
        for (int reuse = 0; reuse < 2; reuse++) {
            unsigned own = take_port(CONNECTED, "SYN_SENT", kinds[i].name, reuse);
            int fd = bind_kind(&kinds[i], SOCK_STREAM, reuse, own);
            bool v4 = !strchr(kinds[i].address, ':');
            bool v6 = strcmp(kinds[i].peer, "::1") == 0;
            socklen_t size = make_address(v4 ? "127.0.0.1" : v6 ? "::1" : "::ffff:127.0.0.1", port, &address);
            fcntl(fd, F_SETFL, O_NONBLOCK);
            if (connect(fd, (struct sockaddr *)&address, size) == 0 || errno != EINPROGRESS)
                psd_test_fail("a connection to a full server came about");
        }
    }
}

/* The second look answers from what the first one remembered. */
static void scan_twice(psd_test_look *look)
{
    void *scanner = psd_test_scanner_new(PSD_PORT_LISTEN_PERIOD_MS, PSD_PORT_FULL_PERIOD_MS);
    for (int i = 0; i < 2; i++) {
        int64_t start_us = psd_clock_mono_us();
        psd_test_scan(scanner, true, look);
        printf("scan %d of user %u: %lld us\n", i + 1, getuid(), (long long)(psd_clock_mono_us() - start_us));
    }
    psd_port_scanner.fini(scanner);
}

/* Scans in a child that is nobody; its look ends in LOOK. */
static void scan_unprivileged(psd_test_look *look)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
            psd_test_fail("cannot become nobody: %s", strerror(errno));
        scan_twice(look);
        exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
        psd_test_fail("the scan without privileges failed");
}

/* The kernel's verdicts as the scanner would write them. */
static void ask_kernel(psd_test_look *look)
{
    for (unsigned port = 1; port < PSD_TEST_PORTS; port++) {
        look->bindable[port] = psd_test_kernel_can_bind(port, false) ? BINDABLE : NOT_BINDABLE;
        look->bindable_ipv4[port] = psd_test_kernel_can_bind(port, true) ? BINDABLE : NOT_BINDABLE;
    }
}

static bool agrees(uint8_t seen, uint8_t truth, unsigned *unknown)
{
    *unknown += seen == UNKNOWN;
    if (seen == 0) /* not listed */
        seen = BINDABLE;
    return seen == UNKNOWN || seen == truth;
}

/* Prints and counts disagreements. */
static unsigned compare(const char *who, const psd_test_look *look, const psd_test_look *kernel,
                        unsigned *unknown)
{
    unsigned wrong = 0;
    *unknown = 0;
    for (unsigned port = 1; port < PSD_TEST_PORTS; port++) {
        bool dual = agrees(look->bindable[port], kernel->bindable[port], unknown);
        bool ipv4 = agrees(look->bindable_ipv4[port], kernel->bindable_ipv4[port], unknown);
        bool same_class = look->port_class[port] == expected[port].port_class;
        if (dual && ipv4 && same_class)
            continue;
        wrong++;
        printf("%s: port %u (%s): class %u (expected %d), dual-stack %u (kernel %u), IPv4 %u (kernel %u)\n",
               who, port, expected[port].text, look->port_class[port], expected[port].port_class,
               look->bindable[port], kernel->bindable[port], look->bindable_ipv4[port],
               kernel->bindable_ipv4[port]);
    }
    printf("%s: %u disagreements, %u unknown verdicts, %zu limitations\n", who, wrong, *unknown,
           look->limitation_count);
    for (size_t i = 0; i < look->limitation_count; i++)
        printf("%s: limitation: %s\n", who, look->limitations[i]);
    return wrong;
}

int main(void)
{
    psd_test_look *looks = mmap(NULL, 3 * sizeof(*looks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                -1, 0);
    struct rlimit files = {4096, 4096};
    if (looks == MAP_FAILED || setrlimit(RLIMIT_NOFILE, &files) < 0)
        psd_test_fail("cannot begin: %s", strerror(errno));
    psd_test_enter_namespace();
    set_up_listeners();
    set_up_bound();
    set_up_connections();
    set_up_syn_sent();
    printf("%u ports set up\n", next_port - 20000);

    scan_unprivileged(&looks[0]); /* first: a loaded BPF program would be inherited */
    scan_twice(&looks[1]);
    ask_kernel(&looks[2]);

    unsigned unknown = 0;
    unsigned wrong = compare("nobody", &looks[0], &looks[2], &unknown);
    if (unknown == 0 || looks[0].limitation_count == 0) {
        printf("nobody: verdicts are unknown without privileges, and a limitation says so: this did not "
               "happen\n");
        wrong++;
    }
    wrong += compare("root", &looks[1], &looks[2], &unknown);
    if (unknown > 0 || looks[1].limitation_count > 0) {
        printf("root: there must be no unknown verdict and no limitation\n");
        wrong++;
    }
    printf("port_verdict: %s\n", wrong ? "FAILED" : "passed");
    return wrong ? 1 : 0;
}
