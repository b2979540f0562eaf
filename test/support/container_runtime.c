#include "test/support/container_runtime.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/macros.h"
#include "test/support/image_archive.h"
#include "test/support/run_program.h"
#include "test/support/temp_dir.h"

enum { WAIT_MS = 60000, PATH_SIZE = 192 };

static _Noreturn void give_up(const psd_test_runtime *runtime, const char *what)
{
    fprintf(stderr, "%s: see %s/log\n", what, runtime->dir);
    exit(99);
}

/* ---- its settings ---- */

static void write_file(const psd_test_runtime *runtime, const char *name, const char *text)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", runtime->dir, name);
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0)
        give_up(runtime, path);
}

/* As container_runtime.sh has it. */
static void write_containerd_settings(const psd_test_runtime *runtime)
{
    const char *dir = runtime->dir;
    const char *disabled = runtime->kind == PSD_TEST_CONTAINERD ? "" : "\"io.containerd.grpc.v1.cri\"";
    char text[2048];
    snprintf(
        text, sizeof(text),
        "version = 2\nroot = \"%s/root\"\nstate = \"%s/state\"\ndisabled_plugins = [%s]\n"
        "[grpc]\n  address = \"%s\"\n[ttrpc]\n  address = \"%s/ttrpc.sock\"\n"
        "[plugins.\"io.containerd.grpc.v1.cri\"]\n  stream_server_port = \"0\"\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n    snapshotter = \"native\"\n"
        "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = \"%s/cni\"\n    conf_dir = \"%s/cni\"\n"
        "[plugins.\"io.containerd.internal.v1.opt\"]\n  path = \"%s/opt\"\n",
        dir, dir, disabled, runtime->socket, dir, dir, dir, dir);
    write_file(runtime, "config.toml", text);
}

/* ---- its process ---- */

static _Noreturn void run_containerd(const psd_test_runtime *runtime)
{
    char config[PATH_SIZE];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* no runtime outlives its test */
    snprintf(config, sizeof(config), "%s/config.toml", runtime->dir);
    execlp("containerd", "containerd", "--config", config, NULL);
    _exit(127);
}

static _Noreturn void run_dockerd(const psd_test_runtime *runtime)
{
    char data[PATH_SIZE];
    char state[PATH_SIZE];
    char number[PATH_SIZE];
    char settings[PATH_SIZE];
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* so that its own containerd ends, too */
    snprintf(data, sizeof(data), "%s/data", runtime->dir);
    snprintf(state, sizeof(state), "%s/exec", runtime->dir);
    snprintf(number, sizeof(number), "%s/dockerd.pid", runtime->dir);
    snprintf(settings, sizeof(settings), "%s/daemon.json", runtime->dir);
    execlp("dockerd", "dockerd", "--host", runtime->endpoint, "--data-root", data, "--exec-root", state,
           "--pidfile", number, "--config-file", settings, "--iptables=false", "--ip6tables=false",
           "--bridge=none", "--storage-driver=vfs", NULL);
    _exit(127);
}

/* Runs ctr or docker. True: it ended well. */
static bool command(const psd_test_runtime *runtime, const char *const *words)
{
    const char *all[16] = {"ctr", "--address", runtime->socket, "--namespace", "k8s.io"};
    const char *const docker[] = {"docker", "--host", runtime->endpoint};
    size_t count = 5;
    if (runtime->kind == PSD_TEST_DOCKERD) {
        count = PSD_ARRAY_SIZE(docker);
        memcpy(all, docker, sizeof(docker));
    }
    for (; *words && count + 1 < PSD_ARRAY_SIZE(all); words++)
        all[count++] = *words;
    all[count] = NULL;
    return psd_test_run(all) == 0;
}

void psd_test_runtime_restart(psd_test_runtime *runtime)
{
    static const char *const version[] = {"version", NULL};
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/log", runtime->dir);
    runtime->pid = fork();
    if (runtime->pid < 0)
        give_up(runtime, "fork");
    if (runtime->pid == 0) {
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        if (runtime->kind == PSD_TEST_DOCKERD)
            run_dockerd(runtime);
        run_containerd(runtime);
    }
    int64_t end_ms = psd_clock_mono_ms() + WAIT_MS;
    while (!command(runtime, version)) {
        if (psd_clock_mono_ms() > end_ms || waitpid(runtime->pid, NULL, WNOHANG) != 0)
            give_up(runtime, "the container runtime does not answer");
        usleep(20000);
    }
}

void psd_test_runtime_start(psd_test_runtime *runtime, psd_test_runtime_kind kind)
{
    runtime->kind = kind;
    runtime->dir = psd_test_temp_dir();
    snprintf(runtime->socket, sizeof(runtime->socket), "%s/%s.sock", runtime->dir,
             kind == PSD_TEST_DOCKERD ? "docker" : "containerd");
    snprintf(runtime->endpoint, sizeof(runtime->endpoint), "unix://%s", runtime->socket);
    write_containerd_settings(runtime);
    write_file(runtime, "daemon.json", "{}\n");
    psd_test_runtime_restart(runtime);
}

void psd_test_runtime_pause(const psd_test_runtime *runtime)
{
    if (kill(runtime->pid, SIGSTOP) < 0 || waitpid(runtime->pid, NULL, WUNTRACED) != runtime->pid)
        give_up(runtime, "it does not stop");
}

void psd_test_runtime_continue(const psd_test_runtime *runtime)
{
    kill(runtime->pid, SIGCONT);
}

void psd_test_runtime_kill(psd_test_runtime *runtime)
{
    kill(runtime->pid, SIGCONT);
    kill(runtime->pid, SIGTERM);
    waitpid(runtime->pid, NULL, 0);
}

void psd_test_runtime_stop(psd_test_runtime *runtime)
{
    psd_test_runtime_kill(runtime);
    psd_test_remove_dir(runtime->dir);
}

/* ---- its images ---- */

static void must_command(const psd_test_runtime *runtime, const char *const *words)
{
    if (!command(runtime, words))
        give_up(runtime, words[1]);
}

void psd_test_runtime_add(const psd_test_runtime *runtime, const char *const *names, size_t count)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/images.tar", runtime->dir);
    psd_test_image_archive_write(path, names, count);
    if (runtime->kind == PSD_TEST_DOCKERD)
        must_command(runtime, (const char *const[]){"image", "load", "--input", path, NULL});
    else
        must_command(runtime,
                     (const char *const[]){"images", "import", "--snapshotter", "native", path, NULL});
}

void psd_test_runtime_tag(const psd_test_runtime *runtime, const char *name, const char *other)
{
    const char *noun = runtime->kind == PSD_TEST_DOCKERD ? "image" : "images";
    must_command(runtime, (const char *const[]){noun, "tag", name, other, NULL});
}

void psd_test_runtime_remove(const psd_test_runtime *runtime, const char *name)
{
    const char *noun = runtime->kind == PSD_TEST_DOCKERD ? "image" : "images";
    must_command(runtime, (const char *const[]){noun, "rm", name, NULL});
}
