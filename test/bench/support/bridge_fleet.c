/*
 * bridge-fleet - many nodes in two processes: the daemons' side and the bridges'.
 *
 *   bridge-fleet daemons DIR COUNT
 *   bridge-fleet bridges DIR COUNT KUBECONFIG
 *
 * Nodes are node-001 and so on, each with a runtime folder of that name in DIR. A
 * daemon here is the real one with its topics, handlers and configuration file, but
 * in place of its scanner this program publishes what ports are in use. A bridge is
 * the real one with its default options; 20 are started a second.
 *
 * Both print "ready", take commands on standard input, and end with it:
 *   change SECONDS   each daemon's ports change once a minute, each at its own phase,
 *                    the first one within a minute; then "changed N"
 *   ports            a line for each daemon: "ports NAME PORT,PORT…"; then "end"
 *   writes           "writes N conflicts N failures N", of all bridges together
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/rpc/background.h"
#include "common/rpc/wire.h"
#include "common/runtime_dir.h"
#include "common/settings.h"
#include "k8s/config.h"
#include "server/services/services.h"
#include "server/topics.h"
#include "test/support/bench.h"

enum {
    MAX_NODES = 1000,
    NODE_PORTS = 40, /* that may be in use; half of them are at first */
    FIRST_PORT = 30000,
    CHANGE_PERIOD_MS = 60000,
    START_PAUSE_US = 50000,
    TICK_US = 20000,
    SOCKET_MODE = 0660,
    STOP_GRACE_MS = 1000,
    STACK_BYTES = 512 * 1024,
    LINE_SIZE = 128,
};

typedef struct fleet_node {
    char name[32];
    char dir[256];
    psd_daemon daemon;
    bool used[NODE_PORTS];
    int64_t change_ms; /* monotonic: the next one */
    psd_bridge bridge;
} fleet_node;

static fleet_node *nodes;
static size_t node_count;

static void must(int result, const psd_error *error)
{
    if (result == 0)
        return;
    fprintf(stderr, "bridge-fleet: %s\n", error->text);
    exit(2);
}

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

/* ---- daemons ---- */

static void publish_ports(fleet_node *node)
{
    Polarstack__V1__PortRange all = POLARSTACK__V1__PORT_RANGE__INIT;
    Polarstack__V1__PortRange *ranges[] = {&all};
    Polarstack__V1__Port ports[NODE_PORTS];
    Polarstack__V1__Port *pointers[NODE_PORTS];
    Polarstack__V1__PortUsage usage = POLARSTACK__V1__PORT_USAGE__INIT;
    all.first = 1;
    all.last = PSD_PORT_MAX;
    usage.ranges = ranges;
    usage.n_ranges = 1;
    usage.ports = pointers;
    for (unsigned i = 0; i < NODE_PORTS; i++) {
        if (!node->used[i])
            continue;
        Polarstack__V1__Port *port = &ports[usage.n_ports];
        polarstack__v1__port__init(port);
        port->port = FIRST_PORT + i;
        port->class_ = POLARSTACK__V1__PORT_CLASS__LISTENING;
        port->tcp4 = true;
        pointers[usage.n_ports++] = port;
    }
    psd_look look = {.resource = &usage.base, .observed_at_ms = psd_clock_unix_ms()};
    psd_error error = PSD_ERROR_INIT;
    must(psd_topic_publish(node->daemon.topics[PSD_TOPIC_PORT_USAGE], &look, &error), &error);
}

/* There is no scanner to tell. */
static void ignore_config(void *arg PSD_UNUSED, const Polarstack__V1__NodeConfig *config PSD_UNUSED)
{
}

static void start_daemon(fleet_node *node)
{
    char url[320];
    psd_daemon *daemon = &node->daemon;
    psd_server_options options = {.max_in_flight = 2};
    psd_error error = PSD_ERROR_INIT;
    snprintf(daemon->node, sizeof(daemon->node), "%s", node->name);
    arc4random_buf(&daemon->epoch, sizeof(daemon->epoch));
    snprintf(url, sizeof(url), "ipc://%s/%s", node->dir, PSD_DAEMON_SOCKET);
    must(psd_server_new(&options, &daemon->server, &error), &error);
    must(psd_topics_init(daemon, &error), &error);
    must(psd_services_add(daemon, &error), &error);
    must(psd_server_listen(daemon->server, url, SOCKET_MODE, &error), &error);
    must(psd_node_config_open(node->dir, daemon->topics[PSD_TOPIC_NODE_CONFIG], ignore_config, NULL,
                              &daemon->node_config, &error),
         &error);
    for (unsigned i = 0; i < NODE_PORTS; i += 2)
        node->used[i] = true;
    publish_ports(node);
    must(psd_server_start(daemon->server, &error), &error);
}

static void stop_daemons(void)
{
    for (size_t i = 0; i < node_count; i++)
        psd_server_stop(nodes[i].daemon.server, STOP_GRACE_MS);
    psd_background_wait();
    for (size_t i = 0; i < node_count; i++) {
        psd_server_free(nodes[i].daemon.server);
        psd_node_config_free(nodes[i].daemon.node_config);
        psd_topics_free(&nodes[i].daemon);
    }
}

/* As the daemon's main thread does. */
static void *send_heartbeats(void *arg PSD_UNUSED)
{
    for (;;) {
        for (size_t i = 0; i < node_count; i++)
            psd_topics_heartbeat(&nodes[i].daemon);
        usleep(PSD_HEARTBEAT_PERIOD_MS * 1000);
    }
    return NULL;
}

static void change(unsigned long seconds)
{
    int64_t begin_ms = psd_clock_mono_ms();
    int64_t end_ms = begin_ms + (int64_t)seconds * 1000;
    unsigned long changes = 0;
    for (size_t i = 0; i < node_count; i++)
        nodes[i].change_ms = begin_ms + arc4random_uniform(CHANGE_PERIOD_MS);
    for (int64_t now_ms = begin_ms; now_ms < end_ms; now_ms = psd_clock_mono_ms()) {
        for (size_t i = 0; i < node_count; i++) {
            fleet_node *node = &nodes[i];
            if (now_ms < node->change_ms)
                continue;
            unsigned which = arc4random_uniform(NODE_PORTS);
            node->used[which] = !node->used[which];
            publish_ports(node);
            node->change_ms += CHANGE_PERIOD_MS;
            changes++;
        }
        usleep(TICK_US);
    }
    printf("changed %lu\n", changes);
    fflush(stdout);
}

/* What the topic holds, which is what was published last. */
static void print_ports(fleet_node *node)
{
    const psd_snapshot *snapshot = psd_topic_snapshot(node->daemon.topics[PSD_TOPIC_PORT_USAGE]);
    const Polarstack__V1__PortUsage *usage = (const Polarstack__V1__PortUsage *)snapshot->message;
    printf("ports %s ", node->name);
    for (size_t i = 0; i < usage->n_ports; i++)
        printf("%s%" PRIu32, i > 0 ? "," : "", usage->ports[i]->port);
    puts("");
    psd_snapshot_release(snapshot);
}

/* ---- bridges ---- */

static void start_bridge(fleet_node *node, char *kubeconfig)
{
    char program[] = "polarstack-bridge";
    char dir[] = "--runtime-dir";
    char name[] = "--node-name";
    char credentials[] = "--kubeconfig";
    char *arguments[] = {program, dir, node->dir, name, node->name, credentials, kubeconfig, NULL};
    int count = (int)PSD_ARRAY_SIZE(arguments) - 1;
    psd_error error = PSD_ERROR_INIT;
    must(psd_settings_load(psd_bridge_options(), &node->bridge.config, sizeof(node->bridge.config),
                           &node->bridge.config.program.config_file, count, arguments, &error),
         &error);
    must(psd_bridge_open(&node->bridge, &error), &error);
    must(psd_bridge_start(&node->bridge, &error), &error);
}

static void stop_bridges(void)
{
    for (size_t i = 0; i < node_count; i++) {
        psd_bridge_stop(&nodes[i].bridge);
        psd_options_free(psd_bridge_options(), &nodes[i].bridge.config);
    }
}

static void print_writes(void)
{
    uint64_t writes = 0;
    uint64_t conflicts = 0;
    uint64_t failures = 0;
    for (size_t i = 0; i < node_count; i++) {
        Polarstack__V1__Mirror *mirror = psd_mirror_describe(nodes[i].bridge.mirror);
        for (size_t k = 0; k < mirror->n_objects; k++) {
            writes += mirror->objects[k]->writes;
            conflicts += mirror->objects[k]->conflicts;
            failures += mirror->objects[k]->failures;
        }
        polarstack__v1__mirror__free_unpacked(mirror, NULL);
    }
    printf("writes %" PRIu64 " conflicts %" PRIu64 " failures %" PRIu64 "\n", writes, conflicts, failures);
    fflush(stdout);
}

/* ---- both ---- */

static void make_nodes(const char *dir)
{
    nodes = calloc(node_count, sizeof(*nodes));
    if (!nodes)
        abort();
    for (size_t i = 0; i < node_count; i++) {
        snprintf(nodes[i].name, sizeof(nodes[i].name), "node-%03zu", i + 1);
        snprintf(nodes[i].dir, sizeof(nodes[i].dir), "%s/%s", dir, nodes[i].name);
        if (mkdir(nodes[i].dir, 0755) < 0 && errno != EEXIST)
            psd_bench_check(-1, nodes[i].dir);
    }
}

static void raise_limits(void)
{
    struct rlimit files;
    pthread_attr_t attributes;
    psd_bench_check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
    files.rlim_cur = files.rlim_max;
    psd_bench_check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    psd_bench_check(pthread_setattr_default_np(&attributes), "stack size");
    pthread_attr_destroy(&attributes);
}

static void obey(char *line)
{
    unsigned seconds = 0;
    if (sscanf(line, "change %u", &seconds) == 1) {
        change(seconds);
    } else if (strcmp(line, "ports\n") == 0) {
        for (size_t i = 0; i < node_count; i++)
            print_ports(&nodes[i]);
        say("end");
    } else if (strcmp(line, "writes\n") == 0) {
        print_writes();
    } else {
        fprintf(stderr, "bridge-fleet: unknown command %s", line);
    }
}

int main(int argc, char **argv)
{
    bool bridges = argc == 5 && strcmp(argv[1], "bridges") == 0;
    bool daemons = argc == 4 && strcmp(argv[1], "daemons") == 0;
    uint64_t count = 0;
    char line[LINE_SIZE];
    if ((!bridges && !daemons) || psd_parse_uint(argv[3], 1, MAX_NODES, &count, NULL) < 0) {
        fputs("bridge-fleet: see the head of its source\n", stderr);
        return 2;
    }
    node_count = (size_t)count;
    signal(SIGPIPE, SIG_IGN);
    psd_log_set_level(PSD_LOG_WARNING);
    raise_limits();
    make_nodes(argv[2]);
    for (size_t i = 0; i < node_count; i++) {
        if (daemons) {
            start_daemon(&nodes[i]);
            continue;
        }
        start_bridge(&nodes[i], argv[4]);
        usleep(START_PAUSE_US);
    }
    pthread_t heart;
    if (daemons)
        psd_bench_check(pthread_create(&heart, NULL, send_heartbeats, NULL), "thread");
    say("ready");
    while (fgets(line, sizeof(line), stdin))
        obey(line);
    if (daemons) {
        pthread_cancel(heart);
        pthread_join(heart, NULL);
        stop_daemons();
    } else {
        stop_bridges();
    }
    free(nodes);
    return 0;
}
