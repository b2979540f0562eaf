/*
 * node_config - the real daemon keeps the configuration that it is given:
 * over SIGKILL, a damaged file, a full disk and one that cannot be written.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/config_client.h"
#include "test/support/node_config_sample.h"
#include "test/support/port_namespace.h"
#include "test/support/temp_dir.h"

#define FRESH POLARRPC__V1__OBSERVATION_STATE__FRESH
#define STALE POLARRPC__V1__OBSERVATION_STATE__STALE
#define UNKNOWN POLARRPC__V1__OBSERVATION_STATE__UNKNOWN
#define KEPT "kept from before the daemon's start; nobody has confirmed it since"
#define NOTHING "no configuration was applied yet"

static const char *const no_arguments[] = {NULL};

static char *state_path(const psd_test_agent *agent, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/state/%s", agent->daemon.dir, name) > 0);
    return path;
}

static bool is_there(const psd_test_agent *agent, const char *name)
{
    PSD_AUTO_FREE char *path = state_path(agent, name);
    return access(path, F_OK) == 0;
}

static ino_t inode_of(const psd_test_agent *agent)
{
    PSD_AUTO_FREE char *path = state_path(agent, "node-config.pb");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    return status.st_ino;
}

/* How often PART stands in the daemon's log. */
static unsigned logged(const psd_test_agent *agent, const char *part)
{
    char path[256];
    char line[4096];
    unsigned count = 0;
    snprintf(path, sizeof(path), "%s/log", agent->daemon.dir);
    PSD_AUTO_FILE FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        count += strstr(line, part) != NULL;
    return count;
}

static void apply(const psd_test_agent *agent, Polarstack__V1__NodeConfig *config, uint64_t *revision)
{
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_test_config_apply(agent->client, config, revision, &error), &error);
}

static void it_survives_a_kill(void **state)
{
    (void)state;
    psd_test_agent agent;
    uint64_t first = 0;
    uint64_t again = 0;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, no_arguments);
    psd_test_config_is(agent.client, NULL, UNKNOWN, NOTHING);
    apply(&agent, config, &first);
    psd_test_config_is(agent.client, config, FRESH, "");
    ino_t inode = inode_of(&agent);
    apply(&agent, config, &again);
    assert_int_equal(again, first);
    assert_int_equal(inode_of(&agent), inode); /* what is on disk already is not written again */

    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, config, STALE, KEPT);
    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, config, STALE, KEPT);
    apply(&agent, config, NULL);
    psd_test_config_is(agent.client, config, FRESH, "");
    assert_int_equal(inode_of(&agent), inode);

    psd_test_set(&config->client_nic, "bond2");
    apply(&agent, config, &again);
    assert_int_not_equal(inode_of(&agent), inode);
    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, config, STALE, KEPT);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

static void a_stale_part_makes_it_stale(void **state)
{
    (void)state;
    psd_test_agent agent;
    uint64_t fresh = 0;
    uint64_t stale = 0;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, no_arguments);
    apply(&agent, config, &fresh);
    psd_test_set(&config->provenance[1]->stale_reason, "ConfigMap kube-system/ccm-config is gone");
    apply(&agent, config, &stale);
    assert_int_equal(stale, fresh + 1);
    psd_test_config_is(agent.client, config, STALE, "client_nic: ConfigMap kube-system/ccm-config is gone");
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

static void a_faulty_one_changes_nothing(void **state)
{
    (void)state;
    psd_test_agent agent;
    uint64_t before = 0;
    uint64_t after = 0;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    Polarstack__V1__NodeConfig *faulty = psd_test_node_config();
    psd_test_agent_start(&agent, no_arguments);
    apply(&agent, config, &before);
    ino_t inode = inode_of(&agent);
    faulty->port_ranges[1]->last = 70010;
    psd_test_set(&faulty->client_nic, "eth0; reboot");
    psd_test_set(&faulty->core_versions[1]->name, "a,b");
    assert_fails(psd_test_config_apply(agent.client, faulty, NULL, &error), &error, PSD_INVALID_ARGUMENT,
                 "port_ranges[1]: 30000-70010: ports are 1 to 65535; client_nic: 'eth0; reboot': must be");
    assert_non_null(strstr(error.text, "; core_versions[1].name: 'a,b': must be printable UTF-8"));
    assert_fails(psd_test_config_apply(agent.client, NULL, NULL, &error), &error, PSD_INVALID_ARGUMENT,
                 "the request holds no config");
    psd_test_config_is(agent.client, config, FRESH, "");
    assert_int_equal(inode_of(&agent), inode);
    apply(&agent, config, &after);
    assert_int_equal(after, before);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
    psd_test_node_config_free(faulty);
}

static void only_an_admin_may(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, (const char *[]){"--listen", "tcp://127.0.0.1:9000", NULL});
    psd_client *reader = NULL; /* everybody is one over TCP */
    psd_client_options options = {.url = "tcp://127.0.0.1:9000"};
    assert_works(psd_client_open(&options, &reader, &error), &error);
    assert_fails(psd_test_config_apply(reader, config, NULL, &error), &error, PSD_PERMISSION_DENIED, "ADMIN");
    psd_test_config_is(reader, NULL, UNKNOWN, NOTHING);
    assert_false(is_there(&agent, "node-config.pb"));
    psd_client_close(reader);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

/* A daemon that was killed while it wrote has left its new file behind. */
static void a_half_written_file_does_not_count(void **state)
{
    (void)state;
    psd_test_agent agent;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, no_arguments);
    apply(&agent, config, NULL);
    PSD_AUTO_FREE char *path = state_path(&agent, "node-config.pb");
    PSD_AUTO_FREE char *left_behind = state_path(&agent, "node-config.pb.new");
    assert_int_equal(link(path, left_behind), 0);
    psd_test_set(&config->ssh_user, "admin");
    apply(&agent, config, NULL); /* over what was left behind */
    assert_int_equal(link(path, left_behind), 0);
    assert_int_equal(truncate(path, 100), 0); /* both: only the one with the right name counts */
    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, NULL, UNKNOWN, "the configuration that was kept is damaged");
    apply(&agent, config, NULL);
    assert_false(is_there(&agent, "node-config.pb.new"));
    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, config, STALE, KEPT);
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

static void a_damaged_file_is_set_aside(void **state)
{
    (void)state;
    psd_test_agent agent;
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    psd_test_agent_start(&agent, no_arguments);
    apply(&agent, config, NULL);
    PSD_AUTO_FREE char *path = state_path(&agent, "node-config.pb");
    PSD_AUTO_FILE FILE *file = fopen(path, "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, 60, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 60, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fflush(file), 0);
    psd_test_agent_restart(&agent, no_arguments);
    psd_test_config_is(agent.client, NULL, UNKNOWN,
                       "the configuration that was kept is damaged, and none was applied yet");
    assert_false(is_there(&agent, "node-config.pb"));
    assert_true(is_there(&agent, "node-config.pb.corrupt"));
    assert_int_equal(logged(&agent, " WARNING the kept configuration is damaged file="), 1);
    assert_int_equal(logged(&agent, "its checksum is wrong"), 1);
    apply(&agent, config, NULL);
    psd_test_config_is(agent.client, config, FRESH, "");
    psd_test_agent_stop(&agent);
    psd_test_node_config_free(config);
}

static void mount_small_disk(const char *dir)
{
    if (mount("tmpfs", dir, "tmpfs", 0, "size=128k") < 0)
        fail_msg("cannot mount a small disk (root is needed): %s", strerror(errno));
}

/* Too large for the disk, not for the daemon. */
static void grow(Polarstack__V1__NodeConfig *config, char *text)
{
    enum { images = 64, length = 500, versions = 8 };
    memset(text, 'i', length);
    text[length] = '\0';
    size_t count = config->n_core_versions;
    config->core_versions = realloc(config->core_versions,
                                    (count + versions) * sizeof(Polarstack__V1__CoreVersionDefinition *));
    assert_non_null(config->core_versions);
    for (size_t v = 0; v < versions; v++) {
        Polarstack__V1__CoreVersionDefinition *version = calloc(1, sizeof(*version));
        assert_non_null(version);
        polarstack__v1__core_version_definition__init(version);
        assert_true(asprintf(&version->name, "pg-2%zu", v) > 0);
        version->images = calloc(images, sizeof(Polarstack__V1__CoreVersionImageName *));
        assert_non_null(version->images);
        for (; version->n_images < images; version->n_images++) {
            Polarstack__V1__CoreVersionImageName *image = calloc(1, sizeof(*image));
            assert_non_null(image);
            polarstack__v1__core_version_image_name__init(image);
            assert_true(asprintf(&image->key, "Image%02zu", version->n_images) > 0);
            psd_test_set(&image->image, text);
            version->images[version->n_images] = image;
        }
        config->core_versions[count + v] = version;
    }
    config->n_core_versions = count + versions;
}

static void a_full_disk_keeps_the_old_one(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    char text[512];
    char *disk = psd_test_temp_dir();
    const char *const arguments[] = {"--state-dir", disk, NULL};
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    Polarstack__V1__NodeConfig *large = psd_test_node_config();
    grow(large, text);
    mount_small_disk(disk);
    psd_test_agent_start(&agent, arguments);
    apply(&agent, config, NULL);
    assert_fails(psd_test_config_apply(agent.client, large, NULL, &error), &error, PSD_RESOURCE_EXHAUSTED,
                 "node-config.pb': No space left on device: the old configuration stays in force");
    psd_test_config_is(agent.client, config, FRESH, "");
    psd_test_agent_restart(&agent, arguments);
    psd_test_config_is(agent.client, config, STALE, KEPT);
    assert_int_equal(mount(NULL, disk, NULL, MS_REMOUNT, "size=8m"), 0);
    apply(&agent, large, NULL);
    psd_test_agent_restart(&agent, arguments);
    psd_test_config_is(agent.client, large, STALE, KEPT);
    psd_test_agent_stop(&agent);
    assert_int_equal(umount(disk), 0);
    psd_test_remove_dir(disk);
    psd_test_node_config_free(config);
    psd_test_node_config_free(large);
}

static void a_disk_that_cannot_be_written_keeps_the_old_one(void **state)
{
    (void)state;
    psd_test_agent agent;
    psd_error error = PSD_ERROR_INIT;
    char *disk = psd_test_temp_dir();
    const char *const arguments[] = {"--state-dir", disk, NULL};
    Polarstack__V1__NodeConfig *config = psd_test_node_config();
    Polarstack__V1__NodeConfig *other = psd_test_node_config();
    psd_test_set(&other->client_nic, "bond2");
    mount_small_disk(disk);
    psd_test_agent_start(&agent, arguments);
    apply(&agent, config, NULL);
    assert_int_equal(mount(NULL, disk, NULL, MS_REMOUNT | MS_RDONLY, "size=128k"), 0);
    assert_fails(psd_test_config_apply(agent.client, other, NULL, &error), &error, PSD_FAILED_PRECONDITION,
                 "node-config.pb': Read-only file system: the old configuration stays in force");
    psd_test_config_is(agent.client, config, FRESH, "");
    apply(&agent, config, NULL); /* nothing has to be written */
    assert_int_equal(mount(NULL, disk, NULL, MS_REMOUNT, "size=128k"), 0);
    apply(&agent, other, NULL);
    psd_test_config_is(agent.client, other, FRESH, "");
    psd_test_agent_stop(&agent);
    assert_int_equal(umount(disk), 0);
    psd_test_remove_dir(disk);
    psd_test_node_config_free(config);
    psd_test_node_config_free(other);
}

int main(void)
{
    psd_test_enter_namespace();
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        psd_test_fail("cannot make a mount namespace (root is needed): %s", strerror(errno));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_survives_a_kill),
        cmocka_unit_test(a_stale_part_makes_it_stale),
        cmocka_unit_test(a_faulty_one_changes_nothing),
        cmocka_unit_test(only_an_admin_may),
        cmocka_unit_test(a_half_written_file_does_not_count),
        cmocka_unit_test(a_damaged_file_is_set_aside),
        cmocka_unit_test(a_full_disk_keeps_the_old_one),
        cmocka_unit_test(a_disk_that_cannot_be_written_keeps_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
