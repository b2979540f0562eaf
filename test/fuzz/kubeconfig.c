/* A kubeconfig: people and other programs write it. */
#include "k8s/api/kubeconfig.h"

#include "test/fuzz/fuzz.h"

static void check_pem(const psd_pem *pem)
{
    must(!pem->file || !pem->data);
    must(!pem->data || pem->data[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"config", "/etc/kube/config"};
    static const char *const contexts[] = {NULL, "", "lab"};
    char *text = fuzz_text(data, size);
    for (size_t i = 0; i < 6; i++) {
        psd_kube_credentials credentials = {.origin = NULL};
        psd_error error = PSD_ERROR_INIT;
        if (psd_kubeconfig_parse(text, size, paths[i % 2], contexts[i / 2], &credentials, &error) == 0) {
            must(credentials.server && credentials.server[0] && credentials.origin);
            check_pem(&credentials.ca);
            check_pem(&credentials.certificate);
            check_pem(&credentials.key);
            must(!credentials.token || !strpbrk(credentials.token, "\r\n"));
        } else {
            must(error.code == PSD_INVALID_ARGUMENT || error.code == PSD_UNIMPLEMENTED);
            must(strstr(error.text, paths[i % 2]) != NULL);
        }
        psd_kube_credentials_free(&credentials);
    }
    free(text);
    return 0;
}
