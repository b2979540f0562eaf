/* The file that kubectl uses: what is taken of it, and every refusal. */
#include "k8s/api/kubeconfig.h"

#include "common/cleanup.h"
#include "test/support/check.h"

static const char whole[] = "apiVersion: v1\n"
                            "kind: Config\n"
                            "current-context: lab\n"
                            "contexts:\n"
                            "- name: lab\n"
                            "  context: {cluster: lab-cluster, user: admin, namespace: x}\n"
                            "- name: anonymous\n"
                            "  context: {cluster: open}\n"
                            "- name: mixed\n"
                            "  context: {cluster: open, user: robot}\n"
                            "clusters:\n"
                            "- name: lab-cluster\n"
                            "  cluster:\n"
                            "    server: https://10.0.0.1:6443\n"
                            "    certificate-authority: pki/ca.crt\n"
                            "    tls-server-name: kubernetes\n"
                            "- name: open\n"
                            "  cluster:\n"
                            "    server: https://10.0.0.2\n"
                            "    insecure-skip-tls-verify: true\n"
                            "    certificate-authority: ignored\n"
                            "    certificate-authority-data: |\n"
                            "      YW\n"
                            "      Jj\n"
                            "users:\n"
                            "- name: admin\n"
                            "  user: {client-certificate: /etc/c.pem, client-key: k.pem}\n"
                            "- name: robot\n"
                            "  user:\n"
                            "    tokenFile: robot.token\n"
                            "    token: |\n"
                            "      abc\n";

static int parse(const char *text, const char *path, const char *context, psd_kube_credentials *credentials,
                 psd_error *error)
{
    *credentials = (psd_kube_credentials){.origin = NULL};
    return psd_kubeconfig_parse(text, strlen(text), path, context, credentials, error);
}

static void the_current_context_is_taken(void **state)
{
    (void)state;
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_works(parse(whole, "/etc/kube/config", NULL, &credentials, &error), &error);
    assert_string_equal(credentials.origin, "kubeconfig '/etc/kube/config', context 'lab'");
    assert_string_equal(credentials.server, "https://10.0.0.1:6443");
    assert_string_equal(credentials.server_name, "kubernetes");
    assert_string_equal(credentials.ca.file, "/etc/kube/pki/ca.crt");
    assert_string_equal(credentials.certificate.file, "/etc/c.pem");
    assert_string_equal(credentials.key.file, "/etc/kube/k.pem");
    assert_null(credentials.token);
    assert_null(credentials.token_file);
    assert_false(credentials.insecure);
}

static void another_context_may_be_named(void **state)
{
    (void)state;
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_works(parse(whole, "config", "mixed", &credentials, &error), &error);
    assert_string_equal(credentials.server, "https://10.0.0.2");
    assert_null(credentials.ca.file); /* the data is stronger */
    assert_string_equal(credentials.ca.data, "abc");
    assert_string_equal(credentials.token_file, "robot.token");
    assert_string_equal(credentials.token, "abc");
    assert_true(credentials.insecure);
    psd_kube_credentials_free(&credentials);
    assert_works(parse(whole, "config", "anonymous", &credentials, &error), &error);
    assert_null(credentials.token);
    assert_null(credentials.certificate.file);
}

/* One context of one cluster and one user. */
static int parse_parts(const char *cluster, const char *user, psd_error *error)
{
    char text[2000];
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    snprintf(text, sizeof(text),
             "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: ann}}]\n"
             "clusters: [{name: k, cluster: {%s}}]\nusers: [{name: ann, user: {%s}}]\n",
             cluster, user);
    return parse(text, "/k", NULL, &credentials, error);
}

static void plugins_and_passwords_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *user;
        const char *part;
    } refused[] = {
        {"exec: {command: aws}",
         "kubeconfig '/k': user 'ann' has 'exec', which is not supported: use a token"},
        {"auth-provider: {name: gcp}", "user 'ann' has 'auth-provider', which is not supported"},
        {"username: a, password: b", "user 'ann' has 'username', which is not supported"},
        {"token: t, password: b", "user 'ann' has 'password', which is not supported"},
        {"token: t, as: root", "user 'ann' has 'as', which is not supported"},
    };
    psd_error error = PSD_ERROR_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++)
        assert_fails(parse_parts("server: https://x", refused[i].user, &error), &error, PSD_UNIMPLEMENTED,
                     refused[i].part);
}

static void words_for_insecure(void **state)
{
    (void)state;
    static const char *const taken[] = {"true", "false", "yes", "no", "1", "0", "TRUE", "''"};
    psd_error error = PSD_ERROR_INIT;
    char cluster[100];
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        snprintf(cluster, sizeof(cluster), "server: https://x, insecure-skip-tls-verify: %s", taken[i]);
        assert_works(parse_parts(cluster, "token: t", &error), &error);
    }
    assert_fails(parse_parts("server: https://x, insecure-skip-tls-verify: maybe", "token: t", &error),
                 &error, PSD_INVALID_ARGUMENT,
                 "kubeconfig '/k': insecure-skip-tls-verify: 'maybe' is neither true nor false");
}

static void data_is_base64_of_text(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    assert_fails(parse_parts("server: https://x, certificate-authority-data: '!'", "token: t", &error),
                 &error, PSD_INVALID_ARGUMENT,
                 "kubeconfig '/k', context 'c': certificate-authority-data is not base64");
    assert_fails(parse_parts("server: https://x", "client-certificate-data: YQ", &error), &error,
                 PSD_INVALID_ARGUMENT, "client-certificate-data is not base64");
    assert_fails(parse_parts("server: https://x", "client-key-data: AAAA", &error), &error,
                 PSD_INVALID_ARGUMENT, "context 'c': client-key-data is no PEM");
    assert_fails(parse_parts("server: https://x", "client-key-data: ' '", &error), &error,
                 PSD_INVALID_ARGUMENT, "client-key-data is no PEM");
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *context;
        const char *part;
    } refused[] = {
        {"", NULL, "kubeconfig '/k' is empty"},
        {"# nothing\n", NULL, "kubeconfig '/k' is empty"},
        {"a: [\n", NULL, "kubeconfig '/k' is not YAML: line 2: "},
        {"a: b\n\tc: d\n", NULL, "kubeconfig '/k' is not YAML: line 2: "},
        {"a: *nothing\n", NULL, "kubeconfig '/k' is not YAML: line 1: found undefined alias"},
        {"just words", NULL, "kubeconfig '/k' has no current-context"},
        {"current-context: ''\n", NULL, "set one with 'kubectl config use-context'"},
        {"current-context: [x]\n", NULL, "has no current-context"},
        {"current-context: lab\n", NULL, "kubeconfig '/k': it has no context 'lab'"},
        {"current-context: lab\n", "other", "it has no context 'other'"},
        {"current-context: lab\ncontexts: {name: lab}\n", NULL, "it has no context 'lab'"},
        {"current-context: lab\ncontexts: [{name: lab}, 3, null]\n", NULL, "it has no context 'lab'"},
        {"current-context: lab\ncontexts: [{name: lab, context: {user: u}}]\n", NULL,
         "kubeconfig '/k': context 'lab' names no cluster"},
        {"current-context: lab\ncontexts: [{name: lab, context: {cluster: gone}}]\n", NULL,
         "kubeconfig '/k': it has no cluster 'gone'"},
        {"current-context: lab\ncontexts: [{name: lab, context: {cluster: k, user: gone}}]\n"
         "clusters: [{name: k, cluster: {server: https://x}}]\n",
         NULL, "kubeconfig '/k': it has no user 'gone'"},
        {"current-context: lab\ncontexts: [{name: lab, context: {cluster: k}}]\n"
         "clusters: [{name: k, cluster: {insecure-skip-tls-verify: true}}]\n",
         NULL, "kubeconfig '/k': cluster 'k' names no server"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
        psd_error error = PSD_ERROR_INIT;
        assert_fails(parse(refused[i].text, "/k", refused[i].context, &credentials, &error), &error,
                     PSD_INVALID_ARGUMENT, refused[i].part);
    }
}

static void json_is_taken_too(void **state)
{
    (void)state;
    PSD_AUTO(psd_kube_credentials_free) psd_kube_credentials credentials;
    psd_error error = PSD_ERROR_INIT;
    assert_works(
        parse("{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\"}}],"
              "\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"https://x\"}}]}",
              "/k", "", &credentials, &error),
        &error);
    assert_string_equal(credentials.server, "https://x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_context_is_taken),
        cmocka_unit_test(another_context_may_be_named),
        cmocka_unit_test(plugins_and_passwords_are_refused),
        cmocka_unit_test(words_for_insecure),
        cmocka_unit_test(data_is_base64_of_text),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(json_is_taken_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
