/*
 * message.h - the messages of one netlink datagram, and what they say of a
 * request: pure, so that canned bytes can be fed.
 */
#ifndef PSD_SERVER_SCAN_NETLINK_MESSAGE_H
#define PSD_SERVER_SCAN_NETLINK_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

typedef struct psd_netlink_message {
    uint16_t type; /* RTM_… */
    uint16_t flags;
    uint32_t sequence;
    const char *payload; /* borrowed */
    size_t length;
} psd_netlink_message;

/* Gets each message; -1 ends the walk. */
typedef int (*psd_netlink_visit)(void *arg, const psd_netlink_message *message, psd_error *error);

/* Visits the messages of a datagram, control messages included. */
int psd_netlink_walk(const void *datagram, size_t length, psd_netlink_visit visit, void *arg,
                     psd_error *error) PSD_MUST_CHECK;

/* The answer to one request, datagram by datagram. Starts with the first four. */
typedef struct psd_netlink_answer {
    uint32_t sequence;
    bool is_dump;            /* only the mark of the end ends it, not a message that stands alone */
    psd_netlink_visit visit; /* gets what was asked for, without control messages */
    void *arg;
    bool ended;
    bool interrupted;  /* the tables changed meanwhile: the answer is worth nothing */
    unsigned messages; /* visited */
    unsigned parts;    /* datagrams with something that was asked for */
} psd_netlink_answer;

/* Reads one datagram. When the kernel refused the request, the error has its
 * errno in sys_errno. */
int psd_netlink_answer_read(psd_netlink_answer *answer, const void *datagram, size_t length,
                            psd_error *error) PSD_MUST_CHECK;

#endif
