/*
 * port_explain - the explanation of a port against sockets that are really
 * there, in a network namespace of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "server/scan/port/explain.h"
#include "test/support/port_namespace.h"

enum { PORT = 30010, BOUND_PORT = 31000, CONNECTIONS = 300 };

#define POD_UID "0b2c5a4e-7a3d-4c1e-9f00-112233445566"

#define CHECK(condition)                                        \
    do {                                                        \
        if (!(condition))                                       \
            psd_test_fail("line %d: %s", __LINE__, #condition); \
    } while (0)

static Polarstack__V1__PortExplanation *explain(unsigned port)
{
    psd_port_set scanned;
    psd_port_set_clear(&scanned);
    psd_port_set_add(&scanned, 30000, 30999);
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__PortExplanation *explanation = NULL;
    if (psd_port_explain(port, &scanned, psd_clock_mono_ms() + 10000, &explanation, &error) < 0)
        psd_test_fail("%s", error.text);
    printf("%s\n", explanation->summary);
    if (explanation->processes_hidden_reason[0])
        printf("  hidden: %s\n", explanation->processes_hidden_reason);
    return explanation;
}

static void release(Polarstack__V1__PortExplanation *explanation)
{
    protobuf_c_message_free_unpacked(&explanation->base, NULL);
}

static int new_socket(int family, unsigned port, bool listens)
{
    const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    const int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (family == AF_INET6)
        CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0);
    CHECK((family == AF_INET ? bind(fd, (const struct sockaddr *)&v4, sizeof(v4))
                             : bind(fd, (const struct sockaddr *)&v6, sizeof(v6))) == 0);
    CHECK(!listens || listen(fd, CONNECTIONS) == 0);
    return fd;
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void a_free_port_is_free(void)
{
    Polarstack__V1__PortExplanation *made = explain(PORT);
    CHECK(strcmp(made->summary, "port 30010 is free") == 0);
    CHECK(made->n_sockets == 0 && made->port->bindable == POLARSTACK__V1__BIND_VERDICT__BINDABLE);
    CHECK(made->scanned && !made->in_local_port_range && !made->locally_reserved);
    CHECK(made->local_port_range->first == 32768 && made->local_port_range->last == 60999);
    CHECK(made->observed_at_ms > psd_clock_unix_ms() - 60000);
    release(made);
}

static void listeners_and_their_process(void)
{
    int v4 = new_socket(AF_INET, PORT, true);
    int v6 = new_socket(AF_INET6, PORT, true);
    int copy = dup(v4); /* a second descriptor is no second process */
    Polarstack__V1__PortExplanation *made = explain(PORT);
    char expected[128];
    snprintf(expected, sizeof(expected), "(pid %d) listens on 0.0.0.0 and [::]", getpid());
    CHECK(strstr(made->summary, "port 30010 is taken: ") && strstr(made->summary, expected));
    CHECK(made->n_sockets == 2 && made->port->tcp4 && made->port->tcp6);
    const Polarstack__V1__PortSocket *socket = made->sockets[0];
    CHECK(socket->n_processes == 1 && strcmp(socket->protocol, "tcp") == 0);
    CHECK(strcmp(socket->state, "LISTEN") == 0 && socket->inode != 0 && socket->remote_address[0] == '\0');
    const Polarstack__V1__PortProcess *process = socket->processes[0];
    CHECK(process->pid == getpid() && process->name[0] && process->command[0]);
    int64_t age_ms = psd_clock_unix_ms() - process->started_at_ms;
    CHECK(age_ms > -2000 && age_ms < 120000);
    CHECK(made->processes_hidden_reason[0] == '\0');
    release(made);
    close(copy);
    close(v4);
    close(v6);
}

/* Makes the folder, and its parent, of a pod in a cgroup hierarchy of this
 * machine, and writes its path. */
static void make_pod_cgroup(char path[256])
{
    static const char *const hierarchies[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu",
                                              "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(hierarchies); i++) {
        snprintf(path, 256, "%s/cgroup.procs", hierarchies[i]);
        if (access(path, W_OK) < 0)
            continue;
        snprintf(path, 256, "%s/kubepods-psdtest", hierarchies[i]);
        CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
        snprintf(path, 256, "%s/kubepods-psdtest/pod%s", hierarchies[i], POD_UID);
        CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
        return;
    }
    CHECK(!"a cgroup hierarchy that can be written to");
}

static void a_process_in_a_pod(void)
{
    char cgroup[256];
    char procs[300];
    make_pod_cgroup(cgroup);
    snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
    int fd = new_socket(AF_INET, PORT, true);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    close(fd); /* the child has it alone */
    char pid[16];
    snprintf(pid, sizeof(pid), "%d", (int)child);
    write_text(procs, pid);
    Polarstack__V1__PortExplanation *made = explain(PORT);
    CHECK(made->n_sockets == 1 && made->sockets[0]->n_processes == 1);
    CHECK(made->sockets[0]->processes[0]->pid == child);
    CHECK(strcmp(made->sockets[0]->processes[0]->pod_uid, POD_UID) == 0);
    release(made);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(rmdir(cgroup) == 0);
    *strrchr(cgroup, '/') = '\0';
    CHECK(rmdir(cgroup) == 0);
}

static void a_bound_port_and_the_kernel_settings(void)
{
    write_text("/proc/sys/net/ipv4/ip_local_reserved_ports", "31000-31005");
    write_text("/proc/sys/net/ipv4/ip_local_port_range", "31000 40000");
    int fd = new_socket(AF_INET, BOUND_PORT, false);
    Polarstack__V1__PortExplanation *made = explain(BOUND_PORT);
    CHECK(made->port->class_ == POLARSTACK__V1__PORT_CLASS__BOUND && !made->scanned);
    CHECK(made->in_local_port_range && made->locally_reserved && made->local_port_range->last == 40000);
    CHECK(made->sockets[0]->reuse_address_known && !made->sockets[0]->reuse_address);
    CHECK(strstr(made->summary, "port 31000 is taken: ") && strstr(made->summary, "does not listen"));
    release(made);
    close(fd);
}

static void many_sockets_are_cut(void)
{
    const struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int listener = new_socket(AF_INET, PORT, true);
    for (int i = 0; i < CONNECTIONS; i++) {
        int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(connect(client, (const struct sockaddr *)&server, sizeof(server)) == 0);
        CHECK(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
    }
    Polarstack__V1__PortExplanation *made = explain(PORT);
    CHECK(made->n_sockets == PSD_EXPLAIN_SOCKETS_MAX && strstr(made->summary, "; only 256 of 301 sockets"));
    CHECK(made->sockets[0]->class_ == POLARSTACK__V1__PORT_CLASS__LISTENING);
    CHECK(made->sockets[255]->remote_port != 0 && made->sockets[255]->n_processes == 1);
    release(made);
    close(listener);
    made = explain(PORT); /* what the listener left behind */
    CHECK(made->port->class_ == POLARSTACK__V1__PORT_CLASS__CONNECTED);
    CHECK(made->port->bindable == POLARSTACK__V1__BIND_VERDICT__NOT_BINDABLE);
    CHECK(made->sockets[0]->reuse_address_known && !made->sockets[0]->reuse_address);
    release(made);
}

static void hidden_processes_are_told(void)
{
    pid_t child = fork();
    if (child == 0) {
        CHECK(close_range(3, ~0U, 0) == 0); /* or it would hold the sockets itself */
        CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
        Polarstack__V1__PortExplanation *made = explain(PORT);
        CHECK(made->n_sockets > 0 && made->sockets[0]->n_processes == 0);
        CHECK(strstr(made->processes_hidden_reason, "CAP_SYS_PTRACE"));
        release(made);
        exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void no_port_is_refused(void)
{
    psd_port_set none;
    psd_port_set_clear(&none);
    Polarstack__V1__PortExplanation *made = NULL;
    psd_error error = PSD_ERROR_INIT;
    CHECK(psd_port_explain(0, &none, INT64_MAX, &made, &error) < 0 && error.code == PSD_INVALID_ARGUMENT);
    CHECK(psd_port_explain(65536, &none, INT64_MAX, &made, &error) < 0);
    CHECK(psd_port_explain(80, &none, 0, &made, &error) < 0 && error.code == PSD_DEADLINE_EXCEEDED);
    CHECK(made == NULL);
}

int main(void)
{
    const struct rlimit files = {4096, 4096};
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    psd_test_enter_namespace();
    a_free_port_is_free();
    listeners_and_their_process();
    a_process_in_a_pod();
    a_bound_port_and_the_kernel_settings();
    many_sockets_are_cut();
    hidden_processes_are_told();
    no_port_is_refused();
    printf("port_explain: passed\n");
    return 0;
}
