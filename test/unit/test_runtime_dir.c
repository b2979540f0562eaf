/* Where the daemon's socket is: the order of the places, and their faults. */
#include "common/runtime_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/temp_dir.h"

enum { NOBODY = 65534 };

static int set_up(void **state)
{
    *state = psd_test_temp_dir();
    unsetenv("POLARSTACK_RUNTIME_DIR");
    unsetenv("XDG_RUNTIME_DIR");
    return chmod(*state, 0755);
}

static int tear_down(void **state)
{
    psd_test_remove_dir(*state);
    return 0;
}

static const char *below(const char *dir, const char *name, char path[PATH_MAX])
{
    assert_true(snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX);
    return path;
}

static void assert_dir(const char *path, mode_t mode)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 0777, mode);
}

static void test_the_flag_wins(void **state)
{
    char wanted[PATH_MAX];
    char other[PATH_MAX];
    char path[PATH_MAX];
    setenv("POLARSTACK_RUNTIME_DIR", below(*state, "env", other), 1);
    psd_error error = PSD_ERROR_INIT;
    umask(022);
    assert_works(psd_runtime_dir_create(below(*state, "a/b//c/", wanted), path, &error), &error);
    assert_string_equal(path, wanted);
    assert_dir(wanted, 0755);
    assert_int_equal(access(other, F_OK), -1);
    psd_runtime_dir_find(wanted, path);
    assert_string_equal(path, wanted);
    /* Again: it exists now. An empty flag is none. */
    assert_works(psd_runtime_dir_create(wanted, path, &error), &error);
    assert_works(psd_runtime_dir_create("", path, &error), &error);
    assert_string_equal(path, other);
}

static void test_the_environment_comes_next(void **state)
{
    char wanted[PATH_MAX];
    char path[PATH_MAX];
    setenv("POLARSTACK_RUNTIME_DIR", below(*state, "env", wanted), 1);
    setenv("XDG_RUNTIME_DIR", *state, 1);
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_runtime_dir_create(NULL, path, &error), &error);
    assert_string_equal(path, wanted);
    psd_runtime_dir_find(NULL, path);
    assert_string_equal(path, wanted);
}

static void test_what_was_asked_for_is_never_replaced(void **state)
{
    char file[PATH_MAX];
    char inside[PATH_MAX];
    char path[PATH_MAX];
    int fd = open(below(*state, "file", file), O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
    setenv("XDG_RUNTIME_DIR", *state, 1);
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_runtime_dir_create(file, path, &error), &error, PSD_INTERNAL,
                 "choose another one with --runtime-dir");
    assert_fails(psd_runtime_dir_create(below(file, "x", inside), path, &error), &error, PSD_INTERNAL,
                 "cannot make the runtime folder");
    setenv("POLARSTACK_RUNTIME_DIR", inside, 1);
    assert_fails(psd_runtime_dir_create(NULL, path, &error), &error, PSD_INTERNAL, inside);
    assert_fails(psd_make_writable_dir("", "state folder", &error), &error, PSD_NOT_FOUND, "state folder ''");
}

/* Runs BODY as an unprivileged user; what it returns is the exit status. */
static int as_nobody(int (*body)(const char *dir), const char *dir)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(setgid(NOBODY) < 0 || setuid(NOBODY) < 0 ? 99 : body(dir));
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* /run/polarstack cannot be made: the user's own folder is taken. */
static int falls_back(const char *dir)
{
    char path[PATH_MAX];
    char wanted[PATH_MAX];
    psd_error error = PSD_ERROR_INIT;
    setenv("XDG_RUNTIME_DIR", dir, 1);
    if (psd_runtime_dir_create(NULL, path, &error) < 0)
        return 1;
    snprintf(wanted, sizeof(wanted), "%s/polarstack", dir);
    return strcmp(path, wanted) == 0 ? 0 : 2;
}

static int has_nowhere(const char *dir)
{
    char path[PATH_MAX];
    psd_error error = PSD_ERROR_INIT;
    unsetenv("XDG_RUNTIME_DIR");
    if (psd_runtime_dir_create(NULL, path, &error) == 0)
        return 1;
    if (error.code != PSD_PERMISSION_DENIED || !strstr(error.text, "/run/polarstack") ||
        !strstr(error.text, "--runtime-dir"))
        return 2;
    if (psd_runtime_dir_create(dir, path, &error) == 0)
        return 3;
    return error.code == PSD_PERMISSION_DENIED && strstr(error.text, dir) ? 0 : 4;
}

static void test_unprivileged_users(void **state)
{
    if (geteuid() != 0)
        skip();
    char own[PATH_MAX];
    assert_int_equal(mkdir(below(*state, "own", own), 0700), 0);
    assert_int_equal(chown(own, NOBODY, NOBODY), 0);
    assert_int_equal(as_nobody(falls_back, own), 0);
    assert_int_equal(as_nobody(has_nowhere, *state), 0);
}

/* A client without a flag finds the daemon of its user if there is none of the system. */
static void test_clients_look_for_the_socket(void **state)
{
    if (access("/run/polarstack/" PSD_DAEMON_SOCKET, F_OK) == 0)
        skip(); /* this host's own daemon runs */
    char dir[PATH_MAX];
    char file[PATH_MAX];
    char path[PATH_MAX];
    psd_runtime_dir_find(NULL, path);
    assert_string_equal(path, "/run/polarstack");
    setenv("XDG_RUNTIME_DIR", *state, 1);
    psd_runtime_dir_find(NULL, path);
    assert_string_equal(path, "/run/polarstack");
    assert_int_equal(mkdir(below(*state, "polarstack", dir), 0755), 0);
    int fd = open(below(dir, PSD_DAEMON_SOCKET, file), O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    close(fd);
    psd_runtime_dir_find(NULL, path);
    assert_string_equal(path, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_flag_wins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_environment_comes_next, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_asked_for_is_never_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unprivileged_users, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clients_look_for_the_socket, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
