/*
 * proc_text.h - reads the texts of /proc. Pure functions: each takes a whole
 * file's or link's text, which ends in a zero byte.
 */
#ifndef PSD_SERVER_HOST_PROC_TEXT_H
#define PSD_SERVER_HOST_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/port_set.h"

/* The target of a /proc/PID/fd link: "socket:[4711]" gives 4711. False for
 * anything else. */
bool psd_proc_socket_inode(const char *link, uint64_t *inode);

/* The start time from /proc/PID/stat, in clock ticks since boot. */
bool psd_proc_start_ticks(const char *stat, uint64_t *ticks);

/* The boot time from /proc/stat, in Unix seconds. */
bool psd_proc_boot_time(const char *stat, uint64_t *seconds);

/* Copies LENGTH bytes of TEXT, as UTF-8 for display: zero bytes between words
 * become blanks, those at the end vanish, and what is no printable UTF-8
 * becomes '?'. Cut at SIZE - 1 bytes, between characters. Returns the length. */
size_t psd_proc_printable(const char *text, size_t length, char *out, size_t size);

enum { PSD_POD_UID_SIZE = 37 };

/* The uid of the Kubernetes pod from /proc/PID/cgroup, of cgroup v1 or v2 and
 * as made by either of kubelet's drivers (cgroupfs, systemd); written with '-'
 * as Kubernetes does. False when the process is in no pod. */
bool psd_proc_pod_uid(const char *cgroup, char uid[PSD_POD_UID_SIZE]);

/* ip_local_port_range: "32768\t60999\n". */
bool psd_proc_local_port_range(const char *text, psd_port_range *range);

/* ip_local_reserved_ports: "8080,9148-9150\n", or an empty line for none. */
bool psd_proc_reserved_ports(const char *text, psd_port_set *ports);

#endif
