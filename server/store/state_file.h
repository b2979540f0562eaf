/*
 * state_file.h - bytes that must survive a restart, one file each.
 *
 * A file is replaced whole: written beside the old one, synchronized, renamed,
 * and the folder synchronized. Whatever interrupts that, the old content or the
 * new one is there. A header with version, length and CRC-32 tells a damaged
 * file from a good one. One writer at a time.
 */
#ifndef PSD_SERVER_STORE_STATE_FILE_H
#define PSD_SERVER_STORE_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/rpc/wire.h"

/* The header: "psdstate", then little-endian version (32 bits), CRC-32 of the
 * content (32 bits) and its length (64 bits). */
enum { PSD_STATE_FILE_HEADER = 24 };

/* Makes CONTENT the content of DIR/NAME, mode 0600. On failure the old file is
 * untouched; the code is that of the errno, RESOURCE_EXHAUSTED for a full disk. */
int psd_state_file_write(const char *dir, const char *name, psd_bytes content,
                         psd_error *error) PSD_MUST_CHECK;

/* Reads DIR/NAME into *FILE, for free(), at whose end the content lies. NOT_FOUND
 * when there is none; DATA_LOSS when it is damaged or its content larger than
 * MOST; otherwise it could not be read. */
int psd_state_file_read(const char *dir, const char *name, size_t most, uint8_t **file, psd_bytes *content,
                        psd_error *error) PSD_MUST_CHECK;

/* Renames DIR/NAME to DIR/NAME.corrupt, so that it can be looked at. */
int psd_state_file_set_aside(const char *dir, const char *name, psd_error *error) PSD_MUST_CHECK;

/* Finds the content in the bytes of a file; DATA_LOSS when they are damaged. */
int psd_state_file_decode(psd_bytes file, psd_bytes *content, psd_error *error) PSD_MUST_CHECK;

/* Writes the header that belongs before CONTENT. */
void psd_state_file_encode(psd_bytes content, uint8_t out[PSD_STATE_FILE_HEADER]);

#endif
