#include "k8s/api/token.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"

void psd_kube_token_free(psd_kube_token *token)
{
    if (token->text)
        explicit_bzero(token->text, strlen(token->text));
    free(psd_take(token->text));
}

/* Kubernetes replaces the file by a rename: another inode, another time. */
static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const char *psd_kube_token_now(psd_kube_token *token, const psd_kube_credentials *credentials)
{
    struct stat now = {0};
    if (!credentials->token_file)
        return credentials->token;
    if (stat(credentials->token_file, &now) == 0 && token->text && is_same(&now, &token->seen))
        return token->text;
    psd_error error = PSD_ERROR_INIT;
    char *text = NULL;
    int result = psd_kube_read_file(credentials->token_file, "token file", &text, &error);
    if (result == 0) {
        text[strcspn(text, " \t\r\n")] = '\0';
        if (text[0] == '\0') /* whoever writes it has only begun */
            result = psd_error_set(&error, PSD_FAILED_PRECONDITION, "the token file '%s' is empty",
                                   credentials->token_file);
    }
    if (result < 0) {
        free(text);
        if (psd_failure_is_new(&token->log, &error))
            psd_log(PSD_LOG_WARNING, "token not read", "reason=\"%s\"", error.text);
        return token->text;
    }
    psd_failure_is_over(&token->log);
    psd_kube_token_free(token);
    token->text = text;
    token->seen = now;
    return token->text;
}
