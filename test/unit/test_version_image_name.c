/* Image references, as containerd and dockerd resolve them. */
#include "server/scan/version/image_name.h"

#include <stdlib.h>

#include "test/support/check.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define SHA256 "sha256:" HEX32 HEX32
#define SHA384 "sha384:" HEX32 HEX32 HEX32
#define SHA512 "sha512:" HEX32 HEX32 HEX32 HEX32

static const struct {
    const char *reference;
    const char *whole;
} taken[] = {
    {"repo", "docker.io/library/repo:latest"},
    {"repo:1", "docker.io/library/repo:1"},
    {"a/b:t", "docker.io/a/b:t"},
    {"a/b/c/d", "docker.io/a/b/c/d:latest"},
    {"library/repo", "docker.io/library/repo:latest"},
    {"docker.io/repo", "docker.io/library/repo:latest"},
    {"docker.io/library/repo:1", "docker.io/library/repo:1"},
    {"docker.io/a/b", "docker.io/a/b:latest"},
    {"index.docker.io/repo:1", "docker.io/library/repo:1"},
    {"index.docker.io/a/b", "docker.io/a/b:latest"},
    {"polardb/polardb_pg_engine_release:1.0.2", "docker.io/polardb/polardb_pg_engine_release:1.0.2"},
    /* registries */
    {"localhost/repo", "localhost/repo:latest"},
    {"localhost:5000/repo", "localhost:5000/repo:latest"},
    {"localhost:5000/repo:1", "localhost:5000/repo:1"},
    {"reg:5000/a/b:1", "reg:5000/a/b:1"},
    {"reg.example.com/repo", "reg.example.com/repo:latest"},
    {"Reg.Example.COM/repo", "Reg.Example.COM/repo:latest"},
    {"10.0.0.1/a:1", "10.0.0.1/a:1"},
    {"10.0.0.1:80/a:1", "10.0.0.1:80/a:1"},
    {"[2001:db8::1]/a:1", "[2001:db8::1]/a:1"},
    {"[::1]:5000/a", "[::1]:5000/a:latest"},
    {"registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"},
    {"xn--n3h.example.com/a", "xn--n3h.example.com/a:latest"},
    /* what looks like a registry and is none, and the other way round */
    {"local/repo", "docker.io/local/repo:latest"},
    {"repo:5000", "docker.io/library/repo:5000"},
    {"docker.io", "docker.io/library/docker.io:latest"},
    {"localhost", "docker.io/library/localhost:latest"},
    {"docker.io:443/repo", "docker.io:443/repo:latest"},
    {"registry-1.docker.io/repo", "registry-1.docker.io/repo:latest"},
    /* separators */
    {"a.b_c__d-e---f/g", NULL}, /* a dot in the first part: a registry with '_' */
    {"x/a.b_c__d-e---f", "docker.io/x/a.b_c__d-e---f:latest"},
    {"0/9", "docker.io/0/9:latest"},
    /* tags */
    {"a:V1.0-rc_1", "docker.io/library/a:V1.0-rc_1"},
    {"a:_", "docker.io/library/a:_"},
    {"a:1.", "docker.io/library/a:1."},
    /* digests: with one the tag does not count */
    {"repo@" SHA256, "docker.io/library/repo@" SHA256},
    {"repo:1@" SHA256, "docker.io/library/repo@" SHA256},
    {"reg:5000/a/b:1@" SHA256, "reg:5000/a/b@" SHA256},
    {"a/b@" SHA384, "docker.io/a/b@" SHA384},
    {"a/b@" SHA512, "docker.io/a/b@" SHA512},
    {"docker.io/library/repo@" SHA256, "docker.io/library/repo@" SHA256},
    {"sha256:1", "docker.io/library/sha256:1"},
    {HEX32, "docker.io/library/" HEX32 ":latest"},
};

static const struct {
    const char *reference;
    const char *why;
} refused[] = {
    {"", "it is empty"},
    {" ", "a part of its path"},
    {"a b", "a part of its path"},
    {"a\n", "a part of its path"},
    {"<none>:<none>", "a part of its path"},
    {"<none>@<none>", "a part of its path"},
    {"repo:<none>", "its tag"},
    {"repo@<none>", "its digest"},
    /* path */
    {"Repo", "capital letters"},
    {"a/Repo:1", "capital letters"},
    {"Foo/bar", "capital letters"},
    {"reg.io/A", "capital letters"},
    {"reg.io/", "empty"},
    {"/a", "empty"},
    {"a//b", "empty"},
    {"a/", "empty"},
    {"a/b/", "empty"},
    {":1", "empty"},
    {"@" SHA256, "empty"},
    {"-a", "a part of its path"},
    {"a-", "a part of its path"},
    {"a..b", "a part of its path"},
    {"a___b", "a part of its path"},
    {"a._b", "a part of its path"},
    {"a_/b", "a part of its path"},
    {"a/b?c", "a part of its path"},
    {"https://reg.io/a", "the registry"},
    /* registry */
    {"reg:/a", "the registry"},
    {"reg:x/a", "the registry"},
    {"reg:80:80/a", "the registry"},
    {":80/a", "the registry"},
    {"./a", "the registry"},
    {"reg..io/a", "the registry"},
    {"-reg.io/a", "the registry"},
    {"reg-.io/a", "the registry"},
    {"re_g.io/a", "the registry"},
    {"[::1/a", "the registry"},
    {"[]:80/a", "the registry"},
    {"[gg::1]/a", "the registry"},
    {"::1/a", "the registry"},
    /* tag */
    {"a:", "its tag is empty"},
    {"a:.b", "its tag"},
    {"a:-b", "its tag"},
    {"a:b:c", "its tag"},
    {"a:b c", "its tag"},
    {"a/b:t/c", "its tag"},
    {"a:t@" SHA256 "0", "its digest"},
    /* digest */
    {"a@", "its digest"},
    {"a@sha256", "its digest"},
    {"a@sha256:", "its digest"},
    {"a@sha256:" HEX32, "its digest"},
    {"a@" SHA256 "00", "its digest"},
    {"a@sha512:" HEX32 HEX32, "its digest"},
    {"a@md5:" HEX32, "its digest"},
    {"a@sha256:" HEX32 "0123456789ABCDEF0123456789ABCDEF", "its digest"},
    {"a@" SHA256 "@" SHA256, "its digest"},
    {"a:@" SHA256, "its tag is empty"},
    /* ids */
    {SHA256, "an image's id"},
    {HEX32 HEX32, "an image's id"},
};

static void references_are_made_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        psd_error error = PSD_ERROR_INIT;
        PSD_AUTO_TEXT whole = PSD_TEXT_INIT;
        psd_text_add(&whole, "what was there before");
        int result = psd_image_name_resolve(taken[i].reference, &whole, &error);
        if (!taken[i].whole) {
            assert_int_equal(result, -1);
            continue;
        }
        assert_works(result, &error);
        assert_string_equal(whole.data, taken[i].whole);
        assert_int_equal(whole.length, strlen(taken[i].whole));
    }
}

static void a_whole_name_stays_as_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(taken); i++) {
        psd_error error = PSD_ERROR_INIT;
        PSD_AUTO_TEXT again = PSD_TEXT_INIT;
        if (!taken[i].whole)
            continue;
        assert_works(psd_image_name_resolve(taken[i].whole, &again, &error), &error);
        assert_string_equal(again.data, taken[i].whole);
    }
}

static void what_is_no_reference_is_refused(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_TEXT whole = PSD_TEXT_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(refused); i++) {
        assert_fails(psd_image_name_resolve(refused[i].reference, &whole, &error), &error,
                     PSD_INVALID_ARGUMENT, refused[i].why);
        assert_non_null(strstr(error.text, "is no image reference: "));
        assert_int_equal(psd_image_name_resolve(refused[i].reference, &whole, NULL), -1);
    }
}

/* COUNT times the letter 'a' behind BEFORE. */
static const char *stretched(psd_text *text, const char *before, size_t count)
{
    text->length = 0;
    psd_text_add(text, before);
    for (size_t i = 0; i < count; i++)
        psd_text_add(text, "a");
    return psd_text_string(text);
}

static void lengths_have_a_limit(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    PSD_AUTO_TEXT reference = PSD_TEXT_INIT;
    PSD_AUTO_TEXT whole = PSD_TEXT_INIT;
    static const char hub[] = "docker.io/library/";
    size_t left = 255 - (sizeof(hub) - 1);
    assert_works(psd_image_name_resolve(stretched(&reference, "a:", 128), &whole, &error), &error);
    assert_fails(psd_image_name_resolve(stretched(&reference, "a:", 129), &whole, &error), &error,
                 PSD_INVALID_ARGUMENT, "more than 128 characters");
    assert_works(psd_image_name_resolve(stretched(&reference, "", left), &whole, &error), &error);
    assert_fails(psd_image_name_resolve(stretched(&reference, "", left + 1), &whole, &error), &error,
                 PSD_INVALID_ARGUMENT, "more than 255 characters");
    assert_fails(psd_image_name_resolve(stretched(&reference, "", 100000), &whole, &error), &error,
                 PSD_INVALID_ARGUMENT, "more than 255 characters");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_made_whole),
        cmocka_unit_test(a_whole_name_stays_as_it_is),
        cmocka_unit_test(what_is_no_reference_is_refused),
        cmocka_unit_test(lengths_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
