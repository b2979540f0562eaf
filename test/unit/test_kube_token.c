/* A bearer token that follows its file. */
#include "k8s/api/token.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/check.h"
#include "test/support/temp_dir.h"

static char *folder;

static const char *in_folder(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_text(const char *path, const char *text)
{
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
}

/* A folder VERSION with the token, and ..data on it, switched by a rename: as
 * kubelet does it. */
static void publish(const char *version, const char *token)
{
    char path[PATH_MAX];
    char data[PATH_MAX];
    assert_int_equal(mkdir(in_folder(version), 0700), 0);
    snprintf(path, sizeof(path), "%s/%s/token", folder, version);
    write_text(path, token);
    assert_int_equal(symlink(version, in_folder("..data_tmp")), 0);
    snprintf(data, sizeof(data), "%s/..data", folder);
    assert_int_equal(rename(in_folder("..data_tmp"), data), 0);
}

static int make_folder(void **state)
{
    (void)state;
    folder = psd_test_temp_dir();
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    psd_test_remove_dir(folder);
    return 0;
}

static void a_token_without_a_file_stays(void **state)
{
    (void)state;
    psd_kube_token token = {.text = NULL};
    psd_kube_credentials credentials = {.token = NULL};
    assert_null(psd_kube_token_now(&token, &credentials));
    static char text[] = "fixed";
    credentials.token = text;
    assert_string_equal(psd_kube_token_now(&token, &credentials), "fixed");
    psd_kube_token_free(&token);
}

static void a_switched_link_brings_the_new_token(void **state)
{
    (void)state;
    publish("..1", "first\n");
    assert_int_equal(symlink("..data/token", in_folder("token")), 0);
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s", in_folder("token"));
    psd_kube_token token = {.text = NULL};
    psd_kube_credentials credentials = {.token_file = path};
    const char *first = psd_kube_token_now(&token, &credentials);
    assert_string_equal(first, "first");
    assert_ptr_equal(psd_kube_token_now(&token, &credentials), first); /* not read again */
    publish("..2", "other");                                           /* as long as the first one */
    assert_string_equal(psd_kube_token_now(&token, &credentials), "other");
    psd_kube_token_free(&token);
    assert_null(token.text);
}

static void what_cannot_be_read_leaves_the_token(void **state)
{
    (void)state;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s", in_folder("token"));
    psd_kube_token token = {.text = NULL};
    psd_kube_credentials credentials = {.token_file = path};
    assert_null(psd_kube_token_now(&token, &credentials)); /* not there yet */
    write_text(path, "");
    assert_null(psd_kube_token_now(&token, &credentials));
    write_text(path, "kept\r\n");
    assert_string_equal(psd_kube_token_now(&token, &credentials), "kept");
    write_text(path, "");
    assert_string_equal(psd_kube_token_now(&token, &credentials), "kept");
    write_text(path, "\n \n");
    assert_string_equal(psd_kube_token_now(&token, &credentials), "kept");
    assert_int_equal(unlink(path), 0);
    assert_string_equal(psd_kube_token_now(&token, &credentials), "kept");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_string_equal(psd_kube_token_now(&token, &credentials), "kept");
    assert_int_equal(rmdir(path), 0);
    write_text(path, "newer");
    assert_string_equal(psd_kube_token_now(&token, &credentials), "newer");
    psd_kube_token_free(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_without_a_file_stays),
        cmocka_unit_test_setup_teardown(a_switched_link_brings_the_new_token, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_leaves_the_token, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
