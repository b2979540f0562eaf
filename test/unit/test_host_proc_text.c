/* The texts of /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/macros.h"
#include "server/host/proc_text.h"

static void socket_links(void **state)
{
    (void)state;
    uint64_t inode = 0;
    assert_true(psd_proc_socket_inode("socket:[4711]", &inode));
    assert_true(inode == 4711);
    static const char *const others[] = {"",
                                         "socket:[",
                                         "socket:[]",
                                         "socket:[12",
                                         "socket:[1x]",
                                         "pipe:[4711]",
                                         "/dev/null",
                                         "socket:4711",
                                         "socket:[-1]",
                                         "socket:[ 1]",
                                         "socket:[1]]",
                                         "xsocket:[1]",
                                         "anon_inode:[1]",
                                         "socket:[99999999999999999999]"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(others); i++) {
        if (psd_proc_socket_inode(others[i], &inode))
            fail_msg("'%s' was taken for a socket", others[i]);
    }
}

static void start_times(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_true(psd_proc_start_ticks(
        "812 (sshd) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 17 18\n", &number));
    assert_true(number == 987654);
    assert_true(
        psd_proc_start_ticks("8 (a) b) (c d) S 1 8 8 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 55 17\n", &number));
    assert_true(number == 55);
    assert_false(psd_proc_start_ticks("", &number));
    assert_false(psd_proc_start_ticks("812 (sshd) S 1 812", &number));
    assert_false(psd_proc_start_ticks("812 sshd S 1", &number));
    assert_true(psd_proc_boot_time("cpu 1 2\nintr 5 6\nbtime 1700000000\nprocesses 3\n", &number));
    assert_true(number == 1700000000);
    assert_false(psd_proc_boot_time("cpu 1 2\n", &number));
    assert_false(psd_proc_boot_time("cpu 1 2\nbtime x\n", &number));
}

static void expect_printable(const char *bytes, size_t length, size_t size, const char *expected)
{
    char out[64];
    assert_int_equal(psd_proc_printable(bytes, length, out, size), strlen(expected));
    assert_string_equal(out, expected);
}

static void printable_texts(void **state)
{
    (void)state;
    expect_printable("postgres\0-D\0/data\0", 18, 64, "postgres -D /data");
    expect_printable("comm\n", 5, 64, "comm");
    expect_printable("a\x1b[31m\tb\x7f", 9, 64, "a?[31m?b?");
    expect_printable("gr\xc3\xbc\xc3\x9f", 6, 64, "gr\xc3\xbc\xc3\x9f");
    expect_printable("gr\xc3\xbc\xc3\x9f", 6, 6, "gr\xc3\xbc");
    expect_printable("gr\xc3\xbc\xc3\x9f", 6, 5, "gr\xc3\xbc");
    expect_printable("gr\xc3\xbc", 4, 4, "gr");
    expect_printable("\xc3", 1, 64, "?");
    expect_printable("\xc0\xaf\xff\xed\xa0\x80\xf5", 7, 64, "???????");
    expect_printable("\xf0\x9f\x90\x98", 4, 64, "\xf0\x9f\x90\x98");
    expect_printable("\xc2\x85", 2, 64, "??");
    expect_printable("\0\0", 2, 64, "");
    expect_printable("", 0, 64, "");
    expect_printable("abc", 3, 1, "");
}

#define UID "0f6b0e1c-6d5b-4a4e-9d5c-3f1d2c4b5a69"
#define SYSTEMD_UID "0f6b0e1c_6d5b_4a4e_9d5c_3f1d2c4b5a69"
#define STATIC_UID "d4b7f1a2c3e4f5061728394a5b6c7d8e"

static void pod_uids(void **state)
{
    (void)state;
    static const struct {
        const char *cgroup;
        const char *uid; /* NULL: in no pod */
    } rows[] = {
        {"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" SYSTEMD_UID
         ".slice/cri-containerd-0123.scope\n",
         UID},
        {"0::/kubepods.slice/kubepods-pod" SYSTEMD_UID ".slice/crio-0123.scope\n", UID},
        {"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
         "kubelet-kubepods-besteffort-pod" SYSTEMD_UID ".slice/x.scope\n",
         UID},
        {"0::/kubepods/burstable/pod" UID "/0123456789ab\n", UID},
        {"0::/kubepods/pod" UID, UID},
        {"11:memory:/kubepods/besteffort/pod" UID "/0123\n10:pids:/kubepods/besteffort/pod" UID "/0123\n",
         UID},
        {"12:cpu:/\n11:memory:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" SYSTEMD_UID
         ".slice/docker-0123.scope\n",
         UID},
        {"0::/kubepods/burstable/pod" STATIC_UID "/0123\n", STATIC_UID},
        {"0::/\n", NULL},
        {"", NULL},
        {"0::/system.slice/ssh.service\n", NULL},
        {"0::/user.slice/pod" UID "/x\n", NULL},
        {"1:a:/kubepods\n0::/user.slice/pod" UID "/x\n", NULL},
        {"0::/kubepods/pod/x\n", NULL},
        {"0::/kubepods/pod" UID "0/x\n", NULL},
        {"0::/kubepods/podzf6b0e1c-6d5b-4a4e-9d5c-3f1d2c4b5a69/x\n", NULL},
        {"0::/kubepods.slice/kubepods-pod.slice/x\n", NULL},
        {"0::/kubepods.slice/kubepods-burstable.slice\n", NULL},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rows); i++) {
        char uid[PSD_POD_UID_SIZE] = "";
        bool found = psd_proc_pod_uid(rows[i].cgroup, uid);
        if (found != (rows[i].uid != NULL) || (found && strcmp(uid, rows[i].uid) != 0))
            fail_msg("%s: got '%s'", rows[i].cgroup, found ? uid : "none");
    }
}

static void kernel_port_ranges(void **state)
{
    (void)state;
    psd_port_range range = {0, 0};
    assert_true(psd_proc_local_port_range("32768\t60999\n", &range));
    assert_int_equal(range.first, 32768);
    assert_int_equal(range.last, 60999);
    assert_false(psd_proc_local_port_range("", &range));
    assert_false(psd_proc_local_port_range("32768\n", &range));
    assert_false(psd_proc_local_port_range("9 8\n", &range));
    assert_false(psd_proc_local_port_range("1 70000\n", &range));
    psd_port_set ports;
    assert_true(psd_proc_reserved_ports("\n", &ports));
    assert_true(psd_port_set_is_empty(&ports));
    assert_true(psd_proc_reserved_ports("8080,9148-9150\n", &ports));
    assert_true(psd_port_set_has(&ports, 8080) && psd_port_set_has(&ports, 9150));
    assert_false(psd_port_set_has(&ports, 9151));
    assert_false(psd_proc_reserved_ports("x\n", &ports));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket_links),       cmocka_unit_test(start_times),
        cmocka_unit_test(printable_texts),    cmocka_unit_test(pod_uids),
        cmocka_unit_test(kernel_port_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
