#include "server/host/kernel_ports.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "server/host/proc_text.h"
#include "server/host/process.h"

static const char *const range_path = "/proc/sys/net/ipv4/ip_local_port_range";
static const char *const reserved_path = "/proc/sys/net/ipv4/ip_local_reserved_ports";

int psd_kernel_ports_read(psd_kernel_ports *ports, psd_error *error)
{
    enum { longest = 1 << 19 }; /* every second port reserved */
    PSD_AUTO_FREE char *text = malloc(longest);
    if (!text)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory to read %s", reserved_path);
    if (psd_proc_read(range_path, text, longest, NULL, error) < 0)
        return -1;
    if (!psd_proc_local_port_range(text, &ports->local))
        return psd_error_set(error, PSD_DATA_LOSS, "cannot understand %s", range_path);
    if (psd_proc_read(reserved_path, text, longest, NULL, error) < 0)
        return -1;
    if (!psd_proc_reserved_ports(text, &ports->reserved))
        return psd_error_set(error, PSD_DATA_LOSS, "cannot understand %s", reserved_path);
    return 0;
}
