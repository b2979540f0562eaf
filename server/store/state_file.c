#include "server/store/state_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { VERSION = 1 };

static const char magic[8] = {'p', 's', 'd', 's', 't', 'a', 't', 'e'};

typedef struct header {
    char magic[8];
    uint32_t version; /* these three are little-endian */
    uint32_t crc;
    uint64_t length;
} header;
_Static_assert(sizeof(header) == PSD_STATE_FILE_HEADER, "the header has no gaps");

/* CRC-32 (IEEE 802.3), half a byte at a time: a megabyte takes some milliseconds. */
static uint32_t crc32_of(psd_bytes bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *at = bytes.data;
    uint32_t crc = ~0U;
    for (size_t i = 0; i < bytes.length; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

void psd_state_file_encode(psd_bytes content, uint8_t out[PSD_STATE_FILE_HEADER])
{
    header head = {
        .version = htole32(VERSION), .crc = htole32(crc32_of(content)), .length = htole64(content.length)};
    memcpy(head.magic, magic, sizeof(magic));
    memcpy(out, &head, sizeof(head));
}

int psd_state_file_decode(psd_bytes file, psd_bytes *content, psd_error *error)
{
    header head;
    if (file.length < sizeof(head))
        return psd_error_set(error, PSD_DATA_LOSS, "it has %zu bytes, less than a header", file.length);
    memcpy(&head, file.data, sizeof(head));
    if (memcmp(head.magic, magic, sizeof(magic)) != 0)
        return psd_error_set(error, PSD_DATA_LOSS, "it does not begin as a state file does");
    if (le32toh(head.version) != VERSION)
        return psd_error_set(error, PSD_DATA_LOSS, "it has version %" PRIu32 ", this daemon reads version %d",
                             le32toh(head.version), VERSION);
    psd_bytes found = {(const uint8_t *)file.data + sizeof(head), file.length - sizeof(head)};
    if (le64toh(head.length) != found.length)
        return psd_error_set(error, PSD_DATA_LOSS, "it holds %zu bytes of %" PRIu64, found.length,
                             le64toh(head.length));
    if (le32toh(head.crc) != crc32_of(found))
        return psd_error_set(error, PSD_DATA_LOSS, "its checksum is wrong");
    *content = found;
    return 0;
}

/* DIR/NAME and SUFFIX. */
static int make_path(char path[PATH_MAX], const char *dir, const char *name, const char *suffix,
                     psd_error *error)
{
    if (snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix) >= PATH_MAX)
        return psd_error_set_errno(error, ENAMETOOLONG, "state folder '%.80s...'", dir);
    return 0;
}

static int write_all(int fd, psd_bytes bytes)
{
    const uint8_t *at = bytes.data;
    for (size_t done = 0; done < bytes.length;) {
        ssize_t written = write(fd, at + done, bytes.length - done);
        if (written < 0 && errno != EINTR)
            return -1;
        done += written > 0 ? (size_t)written : 0;
    }
    return 0;
}

/* A new file at PATH, on disk when this returns. */
static int write_new(const char *path, psd_bytes content)
{
    uint8_t head[PSD_STATE_FILE_HEADER];
    psd_state_file_encode(content, head);
    unlink(path); /* of a writer that was killed */
    PSD_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write_all(fd, (psd_bytes){head, sizeof(head)}) < 0 || write_all(fd, content) < 0 ||
        fsync(fd) < 0)
        return -1;
    return close(psd_take_fd(&fd)); /* NFS tells of a full disk only here */
}

static int sync_folder(const char *dir)
{
    PSD_AUTO_CLOSE int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

int psd_state_file_write(const char *dir, const char *name, psd_bytes content, psd_error *error)
{
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    if (make_path(path, dir, name, "", error) < 0 || make_path(temporary, dir, name, ".new", error) < 0)
        return -1;
    if (write_new(temporary, content) < 0 || rename(temporary, path) < 0) {
        psd_error_set_errno(error, errno, "cannot write '%s'", path);
        unlink(temporary);
        return -1;
    }
    if (sync_folder(dir) < 0)
        return psd_error_set_errno(error, errno, "cannot make '%s' last", path);
    return 0;
}

/* The whole of an open file. */
static int read_all(int fd, size_t size, uint8_t *bytes, psd_error *error)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(fd, bytes + done, size - done);
        if (count < 0 && errno != EINTR)
            return psd_error_set_errno(error, errno, "it cannot be read");
        if (count == 0)
            return psd_error_set(error, PSD_DATA_LOSS, "it became shorter while it was read");
        done += count > 0 ? (size_t)count : 0;
    }
    return 0;
}

static int read_file(const char *path, size_t most, uint8_t **file, psd_bytes *content, psd_error *error)
{
    struct stat status;
    PSD_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0)
        return psd_error_set_errno(error, errno, "it cannot be opened");
    if (!S_ISREG(status.st_mode))
        return psd_error_set(error, PSD_DATA_LOSS, "it is no plain file");
    size_t size = (size_t)status.st_size;
    if (size > most + PSD_STATE_FILE_HEADER)
        return psd_error_set(error, PSD_DATA_LOSS, "it has %zu bytes, more than it can have", size);
    PSD_AUTO_FREE uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return psd_error_set(error, PSD_RESOURCE_EXHAUSTED, "no memory for its %zu bytes", size);
    if (read_all(fd, size, bytes, error) < 0 ||
        psd_state_file_decode((psd_bytes){bytes, size}, content, error) < 0)
        return -1;
    *file = psd_take(bytes);
    return 0;
}

int psd_state_file_read(const char *dir, const char *name, size_t most, uint8_t **file, psd_bytes *content,
                        psd_error *error)
{
    char path[PATH_MAX];
    if (make_path(path, dir, name, "", error) < 0)
        return -1;
    if (read_file(path, most, file, content, error) < 0)
        return psd_error_prefix(error, "'%s'", path);
    return 0;
}

int psd_state_file_set_aside(const char *dir, const char *name, psd_error *error)
{
    char path[PATH_MAX];
    char aside[PATH_MAX];
    if (make_path(path, dir, name, "", error) < 0 || make_path(aside, dir, name, ".corrupt", error) < 0)
        return -1;
    if (rename(path, aside) < 0)
        return psd_error_set_errno(error, errno, "cannot rename '%s' to '%s'", path, aside);
    return 0;
}
