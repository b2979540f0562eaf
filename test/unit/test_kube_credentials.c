/* Where the credentials are found, and every way not to find them. */
#include "k8s/api/credentials.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/check.h"
#include "test/support/temp_dir.h"

static char *folder;

static char *in_folder(const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static void write_text(const char *name, const char *text)
{
    PSD_AUTO_FREE char *path = in_folder(name);
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
}

static void write_kubeconfig(const char *name, const char *server)
{
    char text[1000];
    snprintf(text, sizeof(text),
             "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
             "clusters: [{name: k, cluster: {server: '%s'}}]\nusers: [{name: u, user: {token: t}}]\n",
             server);
    write_text(name, text);
}

/* Nothing is to be found outside. */
static int begin(void **state)
{
    (void)state;
    static const char *const names[] = {"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"};
    folder = psd_test_temp_dir();
    for (size_t i = 0; i < PSD_ARRAY_SIZE(names); i++)
        unsetenv(names[i]);
    return setenv("HOME", folder, 1);
}

static int end(void **state)
{
    (void)state;
    psd_test_remove_dir(folder);
    return 0;
}

static void check_found(const psd_kube_credentials_options *options, const char *server, const char *origin)
{
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_kube_credentials_load(options, &credentials, &error), &error);
    assert_string_equal(credentials.server, server);
    if (!strstr(credentials.origin, origin))
        fail_msg("'%s' does not name '%s'", credentials.origin, origin);
}

static void check_refused(const psd_kube_credentials_options *options, psd_code code, const char *part)
{
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_kube_credentials_load(options, &credentials, &error), &error, code, part);
}

static void make_service_account(void)
{
    PSD_AUTO_FREE char *dir = in_folder("sa");
    assert_int_equal(mkdir(dir, 0700), 0);
    write_text("sa/token", "sa-token\n");
    write_text("sa/ca.crt", "-----BEGIN CERTIFICATE-----\n");
    setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "6443", 1);
}

static void the_service_account_is_read(void **state)
{
    (void)state;
    make_service_account();
    PSD_AUTO_FREE char *dir = in_folder("sa");
    PSD_AUTO_FREE char *token = in_folder("sa/token");
    PSD_AUTO_FREE char *ca = in_folder("sa/ca.crt");
    psd_kube_credentials_options options = {.service_account_dir = dir};
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_kube_credentials_load(&options, &credentials, &error), &error);
    assert_string_equal(credentials.server, "https://10.96.0.1:6443");
    assert_string_equal(credentials.token_file, token);
    assert_string_equal(credentials.ca.file, ca);
    assert_null(credentials.token);
    assert_false(credentials.insecure);
    setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    check_found(&options, "https://[fd00::1]:6443", dir);
    unsetenv("KUBERNETES_SERVICE_PORT");
    check_found(&options, "https://[fd00::1]:443", dir);
    options.master = "https://10.0.0.9:6443/";
    check_found(&options, "https://10.0.0.9:6443", dir);
    assert_int_equal(unlink(ca), 0);
    check_refused(&options, PSD_NOT_FOUND, "cannot read the cluster's CA certificate '");
}

static void the_order_is_kept(void **state)
{
    (void)state;
    PSD_AUTO_FREE char *named = in_folder("named");
    PSD_AUTO_FREE char *environment = in_folder("environment");
    PSD_AUTO_FREE char *kube = in_folder(".kube");
    PSD_AUTO_FREE char *dir = in_folder("sa");
    psd_kube_credentials_options options = {.service_account_dir = dir};
    check_refused(&options, PSD_FAILED_PRECONDITION, "there are no credentials for the API server");
    assert_int_equal(mkdir(kube, 0700), 0);
    write_kubeconfig(".kube/config", "https://home");
    check_found(&options, "https://home", "/.kube/config', context 'c'");
    write_kubeconfig("environment", "https://environment");
    setenv("KUBECONFIG", environment, 1);
    check_found(&options, "https://environment", environment);
    make_service_account();
    check_found(&options, "https://10.96.0.1:6443", "service account in '");
    write_kubeconfig("named", "https://named///");
    options.kubeconfig = named;
    check_found(&options, "https://named", named);
    options.kubeconfig = ""; /* as "--kubeconfig=" of a DaemonSet gives it */
    check_found(&options, "https://10.96.0.1:6443", "service account in '");
    PSD_AUTO_FREE char *token = in_folder("sa/token");
    assert_int_equal(unlink(token), 0);
    check_found(&options, "https://environment", environment);
}

static void no_credentials_says_where_it_looked(void **state)
{
    (void)state;
    PSD_AUTO_FREE char *dir = in_folder("sa");
    psd_kube_credentials_options options = {.service_account_dir = dir};
    char part[PATH_MAX];
    snprintf(part, sizeof(part), "('%s/token'), and neither --kubeconfig nor $KUBECONFIG names a file", dir);
    check_refused(&options, PSD_FAILED_PRECONDITION, part);
    options.service_account_dir = NULL;
    check_refused(&options, PSD_FAILED_PRECONDITION, "('" PSD_SERVICE_ACCOUNT_DIR "/token')");
    unsetenv("HOME");
    check_refused(&options, PSD_FAILED_PRECONDITION, "there are no credentials");
    options.kubeconfig = dir;
    check_refused(&options, PSD_NOT_FOUND, "cannot read the kubeconfig '");
}

static void several_files_are_not_merged(void **state)
{
    (void)state;
    psd_kube_credentials_options options = {.service_account_dir = folder};
    setenv("KUBECONFIG", "/a:/b", 1);
    check_refused(&options, PSD_INVALID_ARGUMENT,
                  "$KUBECONFIG names several files, which are not merged here: give one with --kubeconfig");
}

static void servers_are_urls(void **state)
{
    (void)state;
    PSD_AUTO_FREE char *named = in_folder("named");
    psd_kube_credentials_options options = {.kubeconfig = named};
    static const char *const refused[] = {"10.0.0.1:6443", "ftp://x", "https:/x", "https://", "//x"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        write_kubeconfig("named", refused[i]);
        check_refused(&options, PSD_INVALID_ARGUMENT, "is no https:// url");
    }
    options.master = "10.0.0.1";
    check_refused(&options, PSD_INVALID_ARGUMENT, "option '--master': '10.0.0.1' is no https:// url");
    options.master = "http://127.0.0.1:8080/";
    check_found(&options, "http://127.0.0.1:8080", named);
}

static void certificate_and_key_belong_together(void **state)
{
    (void)state;
    PSD_AUTO_FREE char *named = in_folder("named");
    psd_kube_credentials_options options = {.kubeconfig = named};
    static const char *const halves[] = {"client-key: k.pem", "client-certificate: c.pem",
                                         "client-key-data: YQ==", "client-certificate-data: YQ=="};
    char text[1000];
    static const char format[] = "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
                                 "clusters: [{name: k, cluster: {server: 'https://x'}}]\n"
                                 "users: [{name: u, user: {%s}}]\n";
    for (size_t i = 0; i < PSD_ARRAY_SIZE(halves); i++) {
        snprintf(text, sizeof(text), format, halves[i]);
        write_text("named", text);
        check_refused(&options, PSD_INVALID_ARGUMENT,
                      "context 'c': a client certificate needs its key, and a key its certificate");
    }
    snprintf(text, sizeof(text), format, "client-key-data: YQ==, client-certificate: c.pem");
    write_text("named", text);
    check_found(&options, "https://x", named);
}

static void files_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    PSD_AUTO_FREE char *path = in_folder("file");
    PSD_AUTO_FREE char *text = NULL;
    psd_error error = PSD_ERROR_INIT;
    write_text("file", "some text\n");
    assert_works(psd_kube_read_file(path, "token file", &text, &error), &error);
    assert_string_equal(text, "some text\n");
    char *other = NULL;
    assert_int_equal(truncate(path, (1 << 20) + 1), 0);
    assert_fails(psd_kube_read_file(path, "token file", &other, &error), &error, PSD_INVALID_ARGUMENT,
                 "/file' is larger than 1 MiB");
    assert_int_equal(truncate(path, 1 << 10), 0);
    assert_fails(psd_kube_read_file(path, "token file", &other, &error), &error, PSD_INVALID_ARGUMENT,
                 "/file' is no text: it has zero bytes");
    assert_fails(psd_kube_read_file(folder, "token file", &other, &error), &error, PSD_INTERNAL,
                 "cannot read the token file '");
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_service_account_is_read, begin, end),
        cmocka_unit_test_setup_teardown(the_order_is_kept, begin, end),
        cmocka_unit_test_setup_teardown(no_credentials_says_where_it_looked, begin, end),
        cmocka_unit_test_setup_teardown(several_files_are_not_merged, begin, end),
        cmocka_unit_test_setup_teardown(servers_are_urls, begin, end),
        cmocka_unit_test_setup_teardown(certificate_and_key_belong_together, begin, end),
        cmocka_unit_test_setup_teardown(files_are_read_whole_or_not_at_all, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
