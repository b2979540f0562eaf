#include "test/support/bmc_simulator.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/macros.h"
#include "test/support/run_program.h"
#include "test/support/temp_dir.h"

enum { WAIT_MS = 10000 };

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(99);
}

static PSD_PRINTF(4, 5) void write_file(const psd_test_bmc *bmc, const char *name, mode_t mode,
                                        const char *format, ...)
{
    char path[160];
    char next[192];
    snprintf(path, sizeof(path), "%s/%s", bmc->dir, name);
    snprintf(next, sizeof(next), "%s.next", path);
    PSD_AUTO_FILE FILE *file = fopen(next, "we");
    if (!file)
        give_up(path);
    va_list values;
    va_start(values, format);
    vfprintf(file, format, values);
    va_end(values);
    if (fchmod(fileno(file), mode) < 0 || fflush(file) != 0 || rename(next, path) < 0)
        give_up(path);
}

void psd_test_bmc_set(const psd_test_bmc *bmc, const char *address, bool power)
{
    write_file(bmc, "address", 0600, "%s\n", address);
    write_file(bmc, "power", 0600, "%d\n", power);
}

/* The two programs that the simulator asks: "PROGRAM 0x20 get power" and "PROGRAM eth0
 * get ip_addr …". */
static void write_helpers(const psd_test_bmc *bmc)
{
    write_file(bmc, "chassis", 0700, "#!/bin/sh\n[ \"$2 $3\" = 'get power' ] && echo power:$(cat %s/power)\n",
               bmc->dir);
    write_file(bmc, "lan", 0700,
               "#!/bin/sh\n[ \"$2\" = get ] || exit 0\nshift 2\nfor name; do case $name in\n"
               "ip_addr) echo ip_addr:$(cat %s/address) ;;\nip_addr_src) echo ip_addr_src:static ;;\n"
               "subnet_mask) echo subnet_mask:255.255.255.0 ;;\n"
               "*gw_ip_addr) echo $name:10.20.30.1 ;;\n*mac_addr) echo $name:02:00:00:00:00:01 ;;\n"
               "esac; done\n",
               bmc->dir);
}

static void write_settings(psd_test_bmc *bmc)
{
    write_file(bmc, "lan.conf", 0600,
               "name \"bmc\"\nset_working_mc 0x20\nstartlan 1\naddr 127.0.0.1 %u\npriv_limit admin\n"
               "allowed_auths_admin none md2 md5 straight\nguid a123456789abcdefa123456789abcdef\n"
               "lan_config_program \"%s/lan eth0\"\nendlan\nchassis_control \"%s/chassis 0x20\"\n"
               "user 2 true \"tester\" \"secret\" admin 10 none md2 md5 straight\n",
               bmc->port, bmc->dir, bmc->dir);
    write_file(bmc, "sim.emu", 0600,
               "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n");
    write_file(bmc, "password", 0600, "secret\n");
    snprintf(bmc->arguments, sizeof(bmc->arguments),
             "-I lanplus -C 3 -N 1 -R 1 -H 127.0.0.1 -p %u -U tester -f %s/password", bmc->port, bmc->dir);
}

static unsigned free_udp_port(void)
{
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        give_up("socket");
    return ntohs(address.sin_port);
}

static bool answers(const psd_test_bmc *bmc)
{
    char command[512];
    snprintf(command, sizeof(command), "timeout 5 ipmitool %s chassis power status", bmc->arguments);
    const char *const arguments[] = {"sh", "-c", command, NULL};
    return psd_test_run(arguments) == 0;
}

void psd_test_bmc_restart(psd_test_bmc *bmc)
{
    bmc->pid = fork();
    if (bmc->pid < 0)
        give_up("fork");
    if (bmc->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* no simulator outlives its test */
        if (chdir(bmc->dir) < 0 || (mkdir("state", 0700) < 0 && errno != EEXIST))
            give_up(bmc->dir);
        int log = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execlp("ipmi_sim", "ipmi_sim", "-c", "lan.conf", "-f", "sim.emu", "-s", "state", "-n", NULL);
        _exit(127);
    }
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        if (answers(bmc))
            return;
        usleep(20000);
    }
    fprintf(stderr, "ipmi_sim does not answer: see %s/log\n", bmc->dir);
    exit(99);
}

void psd_test_bmc_start(psd_test_bmc *bmc)
{
    bmc->dir = psd_test_temp_dir();
    bmc->port = free_udp_port();
    write_helpers(bmc);
    write_settings(bmc);
    psd_test_bmc_set(bmc, "10.20.30.40", true);
    psd_test_bmc_restart(bmc);
}

void psd_test_bmc_kill(psd_test_bmc *bmc)
{
    kill(bmc->pid, SIGKILL);
    waitpid(bmc->pid, NULL, 0);
}

void psd_test_bmc_stop(psd_test_bmc *bmc)
{
    psd_test_bmc_kill(bmc);
    psd_test_remove_dir(bmc->dir);
}
