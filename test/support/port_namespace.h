/*
 * port_namespace.h - for tests of the port scanner: a network namespace of
 * one's own, the kernel's own verdict on a port, and a sink that collects.
 */
#ifndef PSD_TEST_SUPPORT_PORT_NAMESPACE_H
#define PSD_TEST_SUPPORT_PORT_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/scan/scanner.h"

enum { PSD_TEST_PORTS = 65536, PSD_TEST_LIMITATIONS = 8 };

/* Prints what failed and ends the program. */
void psd_test_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Moves the calling thread into a new network namespace whose loopback
 * interface is up. Needs CAP_SYS_ADMIN. */
void psd_test_enter_namespace(void);

/* What a server would find: socket, SO_REUSEADDR, bind (0.0.0.0, or [::] with
 * IPV6_V6ONLY off), listen. */
bool psd_test_kernel_can_bind(unsigned port, bool ipv4_only);

/* The last look that a sink got. Has no pointers: it may lie in shared memory. */
typedef struct psd_test_look {
    unsigned looks;
    int64_t observed_at_ms;
    uint8_t port_class[PSD_TEST_PORTS]; /* 0: not listed */
    uint8_t bindable[PSD_TEST_PORTS];
    uint8_t bindable_ipv4[PSD_TEST_PORTS];
    size_t limitation_count;
    char limitations[PSD_TEST_LIMITATIONS][512];
} psd_test_look;

/* Its `arg` is a psd_test_look. */
int psd_test_collect(void *arg, const psd_look *look, psd_error *error);

/* A scanner of all ports; ends the program on failure. */
void *psd_test_scanner_new(int64_t listen_period_ms, int64_t full_period_ms);

/* Scans and ends the program when that fails. Returns the pause asked for. */
int64_t psd_test_scan(void *scanner, bool asked, psd_test_look *look);

#endif
