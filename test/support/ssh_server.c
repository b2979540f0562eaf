#include "test/support/ssh_server.h"

#include <dirent.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/listener.h"
#include "test/support/run_program.h"
#include "test/support/temp_dir.h"

enum { PROCESSES_MAX = 256, WAIT_MS = 10000 };

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(99);
}

void psd_test_ssh_make_key(const char *file, const char *passphrase)
{
    const char *const arguments[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", file, NULL};
    unlink(file);
    if (psd_test_run(arguments) != 0)
        give_up("ssh-keygen");
}

static FILE *create(const char *dir, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    if (!file)
        give_up(path);
    return file;
}

static void copy_key(const char *dir, const char *from, FILE *to)
{
    char path[160];
    char line[1024];
    snprintf(path, sizeof(path), "%s/%s", dir, from);
    PSD_AUTO_FILE FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof(line), file))
        give_up(path);
    fputs(line, to);
}

void psd_test_ssh_server_change_key(const psd_test_ssh_server *server)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/host_key", server->dir);
    psd_test_ssh_make_key(path, "");
}

static void write_files(psd_test_ssh_server *server)
{
    PSD_AUTO_FILE FILE *config = create(server->dir, "sshd_config");
    fprintf(config,
            "ListenAddress 127.0.0.1:%u\nHostKey %s/host_key\nAuthorizedKeysFile %s/authorized_keys\n"
            "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel ERROR\n",
            server->port, server->dir, server->dir);
    PSD_AUTO_FILE FILE *authorized = create(server->dir, "authorized_keys");
    copy_key(server->dir, "user_key.pub", authorized);
    PSD_AUTO_FILE FILE *known = create(server->dir, "known_hosts");
    fprintf(known, "[127.0.0.1]:%u ", server->port);
    copy_key(server->dir, "host_key.pub", known);
}

/* It greets first. */
static bool answers(uint16_t port)
{
    char greeting[4];
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           read(fd, greeting, sizeof(greeting)) == sizeof(greeting);
}

void psd_test_ssh_server_restart(psd_test_ssh_server *server)
{
    server->pid = fork();
    if (server->pid < 0)
        give_up("fork");
    if (server->pid == 0) {
        char config[160];
        char log[160];
        snprintf(config, sizeof(config), "%s/sshd_config", server->dir);
        snprintf(log, sizeof(log), "%s/sshd.log", server->dir);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* no server outlives its test */
        execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", config, "-E", log, NULL);
        give_up("/usr/sbin/sshd");
    }
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        if (answers(server->port))
            return;
        usleep(20000);
    }
    fprintf(stderr, "sshd does not answer: see %s/sshd.log\n", server->dir);
    exit(99);
}

void psd_test_ssh_server_start(psd_test_ssh_server *server)
{
    unsigned port = 0;
    server->dir = psd_test_temp_dir();
    close(psd_test_listen(&port));
    server->port = (uint16_t)port;
    const struct passwd *self = getpwuid(getuid());
    snprintf(server->user, sizeof(server->user), "%s", self ? self->pw_name : "root");
    snprintf(server->key_file, sizeof(server->key_file), "%s/user_key", server->dir);
    snprintf(server->known_hosts, sizeof(server->known_hosts), "%s/known_hosts", server->dir);
    if (geteuid() == 0)
        mkdir("/run/sshd", 0755); /* where sshd separates its privileges */
    psd_test_ssh_make_key(server->key_file, "");
    psd_test_ssh_server_change_key(server);
    write_files(server);
    psd_test_ssh_server_restart(server);
}

typedef struct process {
    pid_t pid;
    pid_t parent;
    bool is_below; /* the server */
} process;

static size_t read_processes(process *processes)
{
    size_t count = 0;
    PSD_AUTO_DIR DIR *proc = opendir("/proc");
    for (const struct dirent *entry = readdir(proc); entry && count < PROCESSES_MAX; entry = readdir(proc)) {
        char path[300];
        int pid = 0;
        int parent = 0;
        snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
        PSD_AUTO_FILE FILE *stat = fopen(path, "re");
        if (stat && fscanf(stat, "%d (%*[^)]) %*c %d", &pid, &parent) == 2)
            processes[count++] = (process){.pid = pid, .parent = parent};
    }
    return count;
}

/* Marks the children of those marked; false when there are no further ones. */
static bool mark_generation(pid_t server, process *processes, size_t count)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        bool is_child = processes[i].parent == server;
        for (size_t k = 0; k < count && !is_child; k++)
            is_child = processes[k].is_below && processes[k].pid == processes[i].parent;
        found = found || (is_child && !processes[i].is_below);
        processes[i].is_below = is_child;
    }
    return found;
}

void psd_test_ssh_server_signal(const psd_test_ssh_server *server, int signal, int whole)
{
    process processes[PROCESSES_MAX];
    size_t count = read_processes(processes);
    while (mark_generation(server->pid, processes, count))
        ;
    for (size_t i = 0; i < count; i++) {
        if (processes[i].is_below)
            kill(processes[i].pid, signal);
    }
    if (whole)
        kill(server->pid, signal);
}

void psd_test_ssh_server_kill(psd_test_ssh_server *server)
{
    psd_test_ssh_server_signal(server, SIGKILL, true);
    waitpid(server->pid, NULL, 0);
}

void psd_test_ssh_server_stop(psd_test_ssh_server *server)
{
    psd_test_ssh_server_kill(server);
    psd_test_remove_dir(server->dir);
}
