/* What dockerd answers, or whoever has its socket: the list of images and the version. */
#include "server/scan/version/docker.h"

#include "test/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Without a zero byte behind it. */
    char *json = malloc(size > 0 ? size : 1);
    must(json);
    if (size > 0)
        memcpy(json, data, size);
    psd_error error = PSD_ERROR_INIT;
    char name[32] = "";
    psd_image_set *set = psd_image_set_new();
    if (psd_docker_read_images(json, size, set, &error) == 0) {
        psd_image_set_seal(set);
        must(psd_image_set_count(set) <= size);
    } else {
        must(error.code == PSD_INTERNAL && strstr(error.text, "its answer cannot be read"));
    }
    if (psd_docker_read_name(json, size, name, sizeof(name), &error) == 0) {
        must(strncmp(name, "docker ", 7) == 0);
        for (const char *c = name; *c; c++)
            must(*c >= ' ' && *c <= '~');
    } else {
        must(!name[0]);
    }
    psd_image_set_free(set);
    free(json);
    return 0;
}
