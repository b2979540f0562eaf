/* The texts of /proc; a process chooses some of them (its name, its command). */
#include "server/host/proc_text.h"

#include "test/fuzz/fuzz.h"

static void check_printable(const char *text, size_t size)
{
    for (size_t room = 1; room <= 64; room += 21) {
        char *out = malloc(room);
        must(out);
        size_t length = psd_proc_printable(text, size, out, room);
        must(length < room && strlen(out) == length);
        for (size_t i = 0; i < length; i++)
            must((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    uint64_t number = 0;
    psd_port_range range = {0, 0};
    psd_port_set set;
    char uid[PSD_POD_UID_SIZE];
    psd_port_set_clear(&set);
    psd_proc_socket_inode(text, &number);
    psd_proc_start_ticks(text, &number);
    psd_proc_boot_time(text, &number);
    if (psd_proc_pod_uid(text, uid))
        must(strlen(uid) >= 32 && strlen(uid) < PSD_POD_UID_SIZE);
    if (psd_proc_local_port_range(text, &range))
        must(range.first <= range.last);
    psd_proc_reserved_ports(text, &set);
    check_printable(text, size);
    free(text);
    return 0;
}
