/* What dockerd answers, and what it might. */
#include "server/scan/version/docker.h"

#include "test/support/check.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* As Docker 20.10 writes it. */
static const char images[] =
    "[{\"Containers\":-1,\"Created\":1767225600,\"Id\":\"sha256:85f6\",\"Labels\":{\"RepoTags\":\"none:1\"},"
    "\"ParentId\":\"\",\"RepoDigests\":null,\"RepoTags\":[\"x/b:1\",\"reg.io:5000/b:2\"],\"SharedSize\":-1,"
    "\"Size\":0,\"VirtualSize\":0},"
    "{\"Containers\":-1,\"Id\":\"sha256:fc4f\",\"RepoDigests\":[\"busybox@" DIGEST "\"],\"RepoTags\":null},"
    "{\"Id\":\"sha256:0000\",\"RepoDigests\":[\"<none>@<none>\"],\"RepoTags\":[\"<none>:<none>\"]},"
    "{\"Id\":\"sha256:1111\",\"RepoDigests\":[],\"RepoTags\":[]}]\n";

static void images_are_read(void **state)
{
    (void)state;
    static const char *const there[] = {"x/b:1", "reg.io:5000/b:2", "busybox@" DIGEST};
    psd_error error = PSD_ERROR_INIT;
    psd_image_found found;
    psd_image_set *set = psd_image_set_new();
    assert_works(psd_docker_read_images(images, sizeof(images) - 1, set, &error), &error);
    psd_image_set_seal(set);
    assert_int_equal(psd_image_set_count(set), PSD_ARRAY_SIZE(there));
    for (size_t i = 0; i < PSD_ARRAY_SIZE(there); i++) {
        assert_works(psd_image_set_find(set, there[i], &found, &error), &error);
        assert_true(found.present);
        assert_false(found.pinned);
    }
    assert_works(psd_image_set_find(set, "none:1", &found, &error), &error);
    assert_false(found.present);
    psd_image_set_free(set);
}

static void no_images_are_an_answer(void **state)
{
    (void)state;
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = psd_image_set_new();
    assert_works(psd_docker_read_images("[]\n", 3, set, &error), &error);
    assert_int_equal(psd_image_set_count(set), 0);
    psd_image_set_free(set);
}

static void assert_refused(const char *json, size_t length, const char *part)
{
    psd_error error = PSD_ERROR_INIT;
    psd_image_set *set = psd_image_set_new();
    assert_fails(psd_docker_read_images(json, length, set, &error), &error, PSD_INTERNAL, part);
    psd_image_set_free(set);
}

static void half_of_it_is_none(void **state)
{
    (void)state;
    for (size_t length = 0; length + 1 < sizeof(images) - 1; length++)
        assert_refused(images, length, "it is no JSON");
}

static void other_answers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *part;
    } answers[] = {
        {"{}", "it is no list"},
        {"null", "it is no list"},
        {"\"\"", "it is no list"},
        {"[] x", "it is no JSON"},
        {"[][]", "it is no JSON"},
        {"<html>", "it is no JSON"},
        {"[1]", "an image is no object"},
        {"[null]", "an image is no object"},
        {"[{}]", "lacks its names"},
        {"[{\"RepoTags\":[]}]", "lacks its names"},
        {"[{\"RepoDigests\":[]}]", "lacks its names"},
        {"[{\"repotags\":[],\"repodigests\":[]}]", "lacks its names"},
        {"[{\"RepoTags\":\"a:1\",\"RepoDigests\":null}]", "are no list"},
        {"[{\"RepoTags\":null,\"RepoDigests\":{}}]", "are no list"},
        {"[{\"RepoTags\":[\"a\",1],\"RepoDigests\":null}]", "is no text"},
        {"[{\"RepoTags\":[null],\"RepoDigests\":null}]", "is no text"},
    };
    for (size_t i = 0; i < PSD_ARRAY_SIZE(answers); i++)
        assert_refused(answers[i].json, strlen(answers[i].json), answers[i].part);
}

static void the_version_is_read(void **state)
{
    (void)state;
    static const char version[] =
        "{\"Platform\":{\"Name\":\"\"},\"Components\":[{\"Name\":\"Engine\",\"Version\":\"1\"}],"
        "\"Version\":\"20.10.24+dfsg1\",\"ApiVersion\":\"1.41\"}\n";
    static const char strange[] = "{\"Version\":\"1\\n\\u00e4\"}";
    psd_error error = PSD_ERROR_INIT;
    char name[32] = "before";
    assert_works(psd_docker_read_name(version, sizeof(version) - 1, name, sizeof(name), &error), &error);
    assert_string_equal(name, "docker 20.10.24+dfsg1");
    assert_works(psd_docker_read_name(strange, sizeof(strange) - 1, name, sizeof(name), &error), &error);
    assert_string_equal(name, "docker 1???");
    static const char *const none[] = {
        "", "{}", "[]", "{\"Version\":1}", "{\"Version\":null}", "{\"version\":\"1\"}"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(none); i++)
        assert_fails(psd_docker_read_name(none[i], strlen(none[i]), name, sizeof(name), &error), &error,
                     PSD_INTERNAL, "it tells no version");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_are_read),     cmocka_unit_test(no_images_are_an_answer),
        cmocka_unit_test(half_of_it_is_none),  cmocka_unit_test(other_answers_are_refused),
        cmocka_unit_test(the_version_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
