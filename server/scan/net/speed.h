/* speed.h - the speed of a network interface, from its driver. */
#ifndef PSD_SERVER_SCAN_NET_SPEED_H
#define PSD_SERVER_SCAN_NET_SPEED_H

#include <stdint.h>

/* Megabits per second; 0 when the driver does not know or cannot be asked. It
 * is asked in the network namespace of the calling thread, which the files of
 * /sys/class/net do not follow. */
uint32_t psd_nic_speed(const char *name);

#endif
