/* A state file: written whole or not at all, and a damaged one is never taken for a good one. */
#include "server/store/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "test/support/check.h"
#include "test/support/temp_dir.h"

enum { MOST = 1 << 20 };

static const char text[] = "what must survive";
static const psd_bytes content = {text, sizeof(text)};

static int set_up(void **state)
{
    *state = psd_test_temp_dir();
    return 0;
}

static int tear_down(void **state)
{
    psd_test_remove_dir(*state);
    return 0;
}

static char *path_of(const char *dir, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    return path;
}

static void put(const char *dir, const char *name, psd_bytes bytes)
{
    PSD_AUTO_FREE char *path = path_of(dir, name);
    PSD_AUTO_FILE FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.length, file), bytes.length);
}

static bool is_there(const char *dir, const char *name)
{
    PSD_AUTO_FREE char *path = path_of(dir, name);
    return access(path, F_OK) == 0;
}

static void assert_holds(const char *dir, psd_bytes wanted)
{
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_FREE uint8_t *file = NULL;
    psd_bytes found = {NULL, 0};
    assert_works(psd_state_file_read(dir, "x", MOST, &file, &found, &error), &error);
    assert_int_equal(found.length, wanted.length);
    assert_memory_equal(found.data, wanted.data, wanted.length);
}

static void assert_unreadable(const char *dir, psd_code code, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    uint8_t *file = NULL;
    psd_bytes found;
    assert_fails(psd_state_file_read(dir, "x", MOST, &file, &found, &error), &error, code, part);
    assert_null(file);
}

static void what_is_written_is_read(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    assert_unreadable(dir, PSD_NOT_FOUND, "/x': it cannot be opened");
    assert_works(psd_state_file_write(dir, "x", content, &error), &error);
    assert_holds(dir, content);
    assert_works(psd_state_file_write(dir, "x", (psd_bytes){"", 0}, &error), &error);
    assert_holds(dir, (psd_bytes){"", 0});
    PSD_AUTO_FREE char *path = path_of(dir, "x");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_false(is_there(dir, "x.new"));
}

/* The bytes are a promise: the next version has to read them. */
static void the_header_is_as_described(void **state)
{
    (void)state;
    static const uint8_t wanted[PSD_STATE_FILE_HEADER] = {
        'p',  's',  'd',  's',  't', 'a', 't', 'e', 1, 0, 0, 0, /* CRC-32 of "123456789" */
        0x26, 0x39, 0xf4, 0xcb, 9,   0,   0,   0,   0, 0, 0, 0};
    uint8_t header[PSD_STATE_FILE_HEADER];
    psd_state_file_encode((psd_bytes){"123456789", 9}, header);
    assert_memory_equal(header, wanted, sizeof(wanted));
}

static size_t make_file(uint8_t file[PSD_STATE_FILE_HEADER + sizeof(text)])
{
    psd_state_file_encode(content, file);
    memcpy(file + PSD_STATE_FILE_HEADER, text, sizeof(text));
    return PSD_STATE_FILE_HEADER + sizeof(text);
}

static void every_truncation_shows(void **state)
{
    const char *dir = *state;
    uint8_t file[PSD_STATE_FILE_HEADER + sizeof(text)];
    size_t size = make_file(file);
    for (size_t length = 0; length < size; length++) {
        put(dir, "x", (psd_bytes){file, length});
        assert_unreadable(dir, PSD_DATA_LOSS, "/x': it ");
    }
    put(dir, "x", (psd_bytes){file, size});
    assert_holds(dir, content);
}

static void every_flipped_bit_shows(void **state)
{
    (void)state;
    uint8_t file[PSD_STATE_FILE_HEADER + sizeof(text)];
    size_t size = make_file(file);
    for (size_t bit = 0; bit < size * 8; bit++) {
        psd_error error = PSD_ERROR_INIT;
        psd_bytes found;
        file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_fails(psd_state_file_decode((psd_bytes){file, size}, &found, &error), &error, PSD_DATA_LOSS,
                     "it");
        file[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
}

static void what_is_behind_the_content_shows(void **state)
{
    const char *dir = *state;
    uint8_t file[PSD_STATE_FILE_HEADER + sizeof(text) + 1];
    size_t size = make_file(file);
    file[size] = 0;
    put(dir, "x", (psd_bytes){file, size + 1});
    assert_unreadable(dir, PSD_DATA_LOSS, "it holds 19 bytes of 18");
}

static void a_file_larger_than_allowed_is_not_read(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_state_file_write(dir, "x", content, &error), &error);
    uint8_t *file = NULL;
    psd_bytes found;
    assert_fails(psd_state_file_read(dir, "x", sizeof(text) - 1, &file, &found, &error), &error,
                 PSD_DATA_LOSS, "more than it can have");
}

static void a_folder_is_no_state_file(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_FREE char *path = path_of(dir, "x");
    assert_int_equal(mkdir(path, 0700), 0);
    assert_unreadable(dir, PSD_DATA_LOSS, "no plain file");
    assert_fails(psd_state_file_write(dir, "x", content, &error), &error, PSD_INTERNAL, "cannot write '");
    assert_false(is_there(dir, "x.new"));
}

/* A writer that was killed leaves its new file behind, at any length. */
static void a_new_file_left_behind_does_not_count(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_state_file_write(dir, "x", content, &error), &error);
    put(dir, "x.new", (psd_bytes){"psdst", 5});
    assert_holds(dir, content);
    assert_works(psd_state_file_write(dir, "x", (psd_bytes){"two", 3}, &error), &error);
    assert_holds(dir, (psd_bytes){"two", 3});
    assert_false(is_there(dir, "x.new"));
}

/* Nor is what it points to overwritten. */
static void a_link_in_the_new_files_place_is_replaced(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_FREE char *path = path_of(dir, "x.new");
    PSD_AUTO_FREE char *victim = path_of(dir, "victim");
    put(dir, "victim", (psd_bytes){"precious", 8});
    assert_int_equal(symlink(victim, path), 0);
    assert_works(psd_state_file_write(dir, "x", content, &error), &error);
    assert_holds(dir, content);
    struct stat status;
    assert_int_equal(stat(victim, &status), 0);
    assert_int_equal(status.st_size, 8);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    enum { large = 256 * 1024 };
    PSD_AUTO_FREE char *bytes = calloc(1, large);
    assert_non_null(bytes);
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", dir, "tmpfs", 0, "size=64k") < 0)
        fail_msg("cannot mount a small disk (root is needed): %s", strerror(errno));
    assert_works(psd_state_file_write(dir, "x", content, &error), &error);
    assert_fails(psd_state_file_write(dir, "x", (psd_bytes){bytes, large}, &error), &error,
                 PSD_RESOURCE_EXHAUSTED, "No space left on device");
    assert_holds(dir, content);
    assert_false(is_there(dir, "x.new")); /* nor does it take the little room that is left */
    error = (psd_error)PSD_ERROR_INIT;
    assert_works(psd_state_file_write(dir, "x", (psd_bytes){"two", 3}, &error), &error);
    assert_holds(dir, (psd_bytes){"two", 3});
    assert_int_equal(umount(dir), 0);
}

static void a_missing_folder_is_an_error(void **state)
{
    PSD_AUTO_FREE char *dir = path_of(*state, "missing");
    psd_error error = PSD_ERROR_INIT;
    assert_fails(psd_state_file_write(dir, "x", content, &error), &error, PSD_NOT_FOUND, "cannot write '");
}

static void a_damaged_file_is_set_aside(void **state)
{
    const char *dir = *state;
    psd_error error = PSD_ERROR_INIT;
    put(dir, "x.corrupt", (psd_bytes){"older", 5});
    put(dir, "x", (psd_bytes){"bad", 3});
    assert_works(psd_state_file_set_aside(dir, "x", &error), &error);
    assert_false(is_there(dir, "x"));
    assert_true(is_there(dir, "x.corrupt"));
    assert_fails(psd_state_file_set_aside(dir, "x", &error), &error, PSD_NOT_FOUND, "cannot rename");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),
        TEST(the_header_is_as_described),
        TEST(every_truncation_shows),
        TEST(every_flipped_bit_shows),
        TEST(what_is_behind_the_content_shows),
        TEST(a_file_larger_than_allowed_is_not_read),
        TEST(a_folder_is_no_state_file),
        TEST(a_new_file_left_behind_does_not_count),
        TEST(a_link_in_the_new_files_place_is_replaced),
        TEST(a_full_disk_leaves_the_old_file),
        TEST(a_missing_folder_is_an_error),
        TEST(a_damaged_file_is_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
