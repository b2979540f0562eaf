#include "test/support/program_output.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/support/check.h"

enum { WORDS_MAX = 22 };

psd_test_output psd_test_output_of(const char *program, const char *const *words)
{
    psd_test_output it = {.code = -1};
    char path[512];
    const char *argv[WORDS_MAX + 2] = {program};
    const char *bin_dir = getenv("BIN_DIR");
    assert_non_null(bin_dir);
    snprintf(path, sizeof(path), "%s/%s", bin_dir, program);
    for (size_t i = 0; words[i]; i++) {
        assert_true(i < WORDS_MAX);
        argv[i + 1] = words[i];
    }
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[1], STDERR_FILENO) >= 0)
            execv(path, (char *const *)(uintptr_t)argv);
        _exit(99);
    }
    close(ends[1]);
    size_t length = 0;
    ssize_t got = 0;
    while ((got = read(ends[0], it.text + length, sizeof(it.text) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    it.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return it;
}

void psd_test_assert_prints(const psd_test_output *output, int code, const char *const *parts)
{
    const char *at = output->text;
    for (size_t i = 0; parts[i]; i++) {
        const char *found = strstr(at, parts[i]);
        if (!found) {
            fail_msg("'%s' is not, or not in this place, in:\n%s", parts[i], output->text);
            return;
        }
        at = found;
    }
    assert_int_equal(output->code, code);
}
