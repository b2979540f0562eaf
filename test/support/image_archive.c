#include "test/support/image_archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/text.h"

enum { BLOCK = 512, LAYER_SIZE = 2 * BLOCK };

/* A tar archive with nothing in it, which ends as all do: in two blocks of zeros. */
static const char empty_layer[LAYER_SIZE];
#define EMPTY_LAYER_SHA256 "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

/* The head of a file in a tar archive (POSIX ustar); numbers are octal. */
typedef struct tar_header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
    char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], pad[12];
} tar_header;
_Static_assert(sizeof(tar_header) == BLOCK, "a head is one block");

static void write_bytes(FILE *file, const void *bytes, size_t length)
{
    if (length > 0 && fwrite(bytes, length, 1, file) != 1) {
        perror("image archive");
        exit(99);
    }
}

static void write_file(FILE *archive, const char *name, const char *bytes, size_t length)
{
    static const char zeros[BLOCK];
    tar_header header = {.mode = "0000644", .uid = "0000000", .gid = "0000000", .mtime = "00000000000"};
    unsigned sum = 0;
    header.type = '0';
    snprintf(header.name, sizeof(header.name), "%s", name);
    snprintf(header.size, sizeof(header.size), "%011zo", length);
    memcpy(header.magic, "ustar", sizeof(header.magic));
    memset(header.version, '0', sizeof(header.version));
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < sizeof(header); i++)
        sum += ((const unsigned char *)&header)[i];
    snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
    write_bytes(archive, &header, sizeof(header));
    write_bytes(archive, bytes, length);
    write_bytes(archive, zeros, (BLOCK - length % BLOCK) % BLOCK);
}

static void write_config(FILE *archive, const char *name, const char *label)
{
    PSD_AUTO_TEXT json = PSD_TEXT_INIT;
    psd_text_printf(&json,
                    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2026-01-01T00:00:00Z\","
                    "\"config\":{\"Cmd\":[\"/none\"],\"Labels\":{\"names\":\"%s\"}},"
                    "\"history\":[{\"created\":\"2026-01-01T00:00:00Z\",\"created_by\":\"test\"}],"
                    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" EMPTY_LAYER_SHA256 "\"]}}",
                    label);
    write_file(archive, name, json.data, json.length);
}

/* NAMES, joined by commas, as the members of a JSON array. */
static void add_names(psd_text *json, const char *names)
{
    for (const char *at = names; *at;) {
        size_t length = strcspn(at, ",");
        psd_text_printf(json, "%s\"%.*s\"", at == names ? "" : ",", (int)length, at);
        at += length + (at[length] == ',');
    }
}

void psd_test_image_archive_write(const char *file, const char *const *names, size_t count)
{
    PSD_AUTO_FILE FILE *archive = fopen(file, "we");
    PSD_AUTO_TEXT manifest = PSD_TEXT_INIT;
    char config[32];
    if (!archive) {
        perror(file);
        exit(99);
    }
    write_file(archive, "layer.tar", empty_layer, sizeof(empty_layer));
    psd_text_add(&manifest, "[");
    for (size_t i = 0; i < count; i++) {
        snprintf(config, sizeof(config), "%zu.json", i);
        write_config(archive, config, names[i]);
        psd_text_printf(&manifest, "%s{\"Config\":\"%s\",\"Layers\":[\"layer.tar\"],\"RepoTags\":[",
                        i > 0 ? "," : "", config);
        add_names(&manifest, names[i]);
        psd_text_add(&manifest, "]}");
    }
    psd_text_add(&manifest, "]");
    write_file(archive, "manifest.json", manifest.data, manifest.length);
    write_bytes(archive, empty_layer, sizeof(empty_layer));
    if (fflush(archive) != 0) {
        perror(file);
        exit(99);
    }
}
