/* Image references stand in ConfigMaps that somebody wrote, and in what runtimes answer. */
#include "server/scan/version/image_name.h"

#include "server/scan/version/image_set.h"
#include "test/fuzz/fuzz.h"

static void must_be_found(const char *name, const char *whole)
{
    psd_image_found found;
    psd_image_set *set = psd_image_set_new();
    psd_image_set_add(set, name, true);
    psd_image_set_seal(set);
    must(psd_image_set_count(set) == 1);
    must(psd_image_set_find(set, whole, &found, NULL) == 0 && found.present && found.pinned);
    psd_image_set_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *name = fuzz_text(data, size);
    psd_error error = PSD_ERROR_INIT;
    psd_text whole = PSD_TEXT_INIT;
    psd_text again = PSD_TEXT_INIT;
    if (psd_image_name_resolve(name, &whole, &error) == 0) {
        /* It stays what it is, has a registry and a path, and either tag or digest. */
        must(psd_image_name_resolve(whole.data, &again, &error) == 0);
        must(strcmp(whole.data, again.data) == 0);
        const char *path = strchr(whole.data, '/');
        must(path && path > whole.data && strpbrk(path, ":@"));
        must(strlen(path) ==
             strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@"));
        must_be_found(name, whole.data);
    } else {
        must(error.code == PSD_INVALID_ARGUMENT && strstr(error.text, "is no image reference: "));
        for (const char *c = error.text; *c; c++)
            must(*c >= ' ' && *c <= '~');
    }
    psd_text_free(&whole);
    psd_text_free(&again);
    free(name);
    return 0;
}
