/*
 * process.h - which processes hold a socket, and who they are.
 *
 * Reads /proc only. Blocks for some milliseconds on a host with thousands of
 * processes. Looking at a descriptor there holds its file for an instant, as
 * lsof or ss -p do: an owner that closes a socket in that instant and binds its
 * port again may find it taken. So this is for answers to a person, not for
 * periodic scans.
 */
#ifndef PSD_SERVER_HOST_PROCESS_H
#define PSD_SERVER_HOST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/error.h"
#include "polarstack/v1/port_usage.pb-c.h"
#include "server/host/proc_text.h"

/* A process and a socket that it holds. */
typedef struct psd_holder {
    pid_t pid;
    uint32_t inode;
} psd_holder;

/* Looks through the descriptors of all processes and calls FOUND for each that
 * is one of the COUNT sockets in INODES, which it sorts. FOUND returns false to end
 * the walk. *HIDDEN is the number of processes that may not be looked into. A
 * process that ends meanwhile is no error. */
int psd_processes_walk(uint32_t *inodes, size_t count, int64_t deadline_ms,
                       bool (*found)(void *arg, const psd_holder *holder), void *arg, size_t *hidden,
                       psd_error *error) PSD_MUST_CHECK;

/* Makes the description of a process; for protobuf_c_message_free_unpacked.
 * What cannot be read stays empty. NULL: no memory. */
Polarstack__V1__PortProcess *psd_process_describe(pid_t pid);

/* Reads a whole file under /proc into TEXT, cut at SIZE - 1 bytes, and ends it
 * with a zero byte. *LENGTH may be NULL. */
int psd_proc_read(const char *path, char *text, size_t size, size_t *length, psd_error *error) PSD_MUST_CHECK;

#endif
