/*
 * page.h - answers that may be larger than one message (AIP-158's terms).
 *
 * A page token names the revision that the pages belong to and the next item;
 * a resource that changed between two pages gives ABORTED, and the reader
 * begins again. What stands beside the list travels with the first page only,
 * since the reader joins the pages by concatenation.
 */
#ifndef PSD_SERVER_STORE_PAGE_H
#define PSD_SERVER_STORE_PAGE_H

#include <stdbool.h>

#include "common/error.h"
#include "common/rpc/server.h"
#include "polarrpc/v1/observation.pb-c.h"
#include "server/store/topic.h"

enum { PSD_PAGE_TOKEN_SIZE = 64 };

typedef struct psd_page {
    size_t first; /* index of the first item of this page */
    size_t count;
    char next_token[PSD_PAGE_TOKEN_SIZE]; /* "" on the last page */
} psd_page;

/* Chooses the items of the page that TOKEN asks for, so that they take at most
 * PAGE_SIZE bytes (0, or too much: what fits into one message), but at least
 * one item. FIELD is the number of the repeated field. */
int psd_page_choose(ProtobufCMessage *const *items, size_t item_count, unsigned field,
                    const Polarrpc__V1__Observation *observation, uint32_t page_size, const char *token,
                    psd_page *page, psd_error *error) PSD_MUST_CHECK;

/* What a call wants of a resource with one long list. */
typedef struct psd_page_wish {
    unsigned field; /* number of the list */
    /* Whether it wants ITEM; NULL: all items. */
    bool (*wants)(const void *arg, const ProtobufCMessage *item);
    const void *arg;
    uint32_t page_size;
    const char *token;
} psd_page_wish;

/* Answers CALL with the part of SNAPSHOT that is wished for. The resource has a field
 * next_page_token. */
void psd_page_reply(psd_call *call, const psd_snapshot *snapshot, const psd_page_wish *wish);

#endif
