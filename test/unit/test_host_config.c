/* What options and NodeConfig make of host access and of the BMC's scanner. */
#include "server/host_config.h"

#include "server/config.h"
#include "test/support/check.h"

static psd_config config;

static int set_up(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    config = (psd_config){0};
    return psd_options_init(psd_config_options(), &config, &error);
}

static int tear_down(void **state)
{
    (void)state;
    psd_options_free(psd_config_options(), &config);
    return 0;
}

static void defaults(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host *host = NULL;
    psd_bmc_control control;
    psd_bmc_control_init(&control, true);
    assert_works(psd_config_check(&config, &error), &error);
    assert_works(psd_host_open_configured(&config, &host, &error), &error);
    assert_int_equal(psd_host_get_access(host), PSD_HOST_LOCAL);
    psd_bmc_settings settings = psd_bmc_settings_configured(&config, host, &control);
    assert_ptr_equal(settings.host, host);
    assert_ptr_equal(settings.control, &control);
    assert_string_equal(settings.program, "ipmitool");
    assert_null(settings.arguments);
    assert_int_equal(settings.channel, 1);
    assert_int_equal(settings.period_ms, 600000);
    assert_int_equal(settings.first_backoff_ms, 5000);
    assert_int_equal(settings.most_backoff_ms, 3600000);
    assert_int_equal(settings.timeout_ms, 10000);
    psd_host_close(host);
}

static void the_cluster_says_whether_to_ask_and_as_whom(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host *host = NULL;
    psd_bmc_control control;
    psd_bmc_control_init(&control, true);
    config.host_access = PSD_HOST_SSH;
    assert_works(psd_host_open_configured(&config, &host, &error), &error);
    Polarstack__V1__NodeConfig told = POLARSTACK__V1__NODE_CONFIG__INIT;
    Polarstack__V1__ConfigProvenance source = POLARSTACK__V1__CONFIG_PROVENANCE__INIT;
    Polarstack__V1__ConfigProvenance *sources[] = {&source};
    source.field = (char *)"check_bmc";
    assert_false(psd_bmc_follow_config(&control, host, &told)); /* not known: asked, as root */
    assert_true(control.check);
    told.provenance = sources;
    told.n_provenance = 1;
    assert_true(psd_bmc_follow_config(&control, host, &told));
    assert_false(control.check);
    assert_false(psd_bmc_follow_config(&control, host, &told));
    told.ssh_user = (char *)"admin";
    assert_true(psd_bmc_follow_config(&control, host, &told));
    assert_false(psd_bmc_follow_config(&control, host, &told));
    told.check_bmc = true;
    assert_true(psd_bmc_follow_config(&control, host, &told));
    assert_true(control.check);
    psd_host_close(host);
}

static void an_option_is_stronger_than_the_clusters_user(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_host *host = NULL;
    psd_bmc_control control;
    psd_bmc_control_init(&control, true);
    config.host_access = PSD_HOST_SSH;
    assert_works(
        psd_option_set(psd_options_find(psd_config_options(), "host-ssh-user"), &config, "me", &error),
        &error);
    assert_works(psd_host_open_configured(&config, &host, &error), &error);
    Polarstack__V1__NodeConfig told = POLARSTACK__V1__NODE_CONFIG__INIT;
    told.ssh_user = (char *)"admin";
    assert_false(psd_bmc_follow_config(&control, host, &told));
    psd_host_close(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_cluster_says_whether_to_ask_and_as_whom, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_option_is_stronger_than_the_clusters_user, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
