/* What the ConfigMap of the versions that could start here should hold, and when nobody
 * can say. */
#include <stdio.h>
#include <stdlib.h>

#include "common/rpc/wire.h"
#include "k8s/mirror/config_map.h"
#include "polarstack/v1/core_version.pb-c.h"
#include "test/support/wanted_map.h"

enum {
    MOST_VERSIONS = 4,
    MANY_VERSIONS = 1000,
    MANY_IMAGES = 64,
};

/* 2026-01-31T23:59:59.500Z */
static const int64_t looked_ms = 1769903999500;

typedef Polarstack__V1__Presence presence;
#define PRESENT POLARSTACK__V1__PRESENCE__PRESENT
#define ABSENT POLARSTACK__V1__PRESENCE__ABSENT
#define UNKNOWN POLARSTACK__V1__PRESENCE__PRESENCE_UNKNOWN
#define NEVER POLARSTACK__V1__PRESENCE__PRESENCE_UNSPECIFIED

/* All that the function looks at, in good order: the cluster defines what define()
 * says, the daemon has seen what see() says. */
typedef struct bench {
    psd_mirror_options options;
    Polarstack__V1__NodeConfig config;
    Polarstack__V1__ConfigProvenance entry;
    Polarstack__V1__ConfigProvenance *entries[1];
    Polarstack__V1__CoreVersionDefinition definitions[MOST_VERSIONS];
    Polarstack__V1__CoreVersionDefinition *definition_pointers[MOST_VERSIONS];
    Polarstack__V1__CoreVersionAvailability seen;
    Polarrpc__V1__Observation observation;
    Polarstack__V1__CoreVersion versions[MOST_VERSIONS];
    Polarstack__V1__CoreVersion *version_pointers[MOST_VERSIONS];
    Polarstack__V1__CoreVersionImage images[MOST_VERSIONS][2];
    Polarstack__V1__CoreVersionImage *image_pointers[MOST_VERSIONS][2];
    cJSON *found;
    psd_mirror_source source;
    psd_wanted_map answer;
} bench;

static bench b;
static char field_name[] = "core_versions";
static char runtime_name[] = "containerd 1.6.20";
static char engine_key[] = "pgEngineImage";
static char engine_image[] = "polardb/engine:1";
static char pfsd_key[] = "pfsdImage";
static char pfsd_image[] = "polardb/pfsd:1";
static char stale_reason[] = "unix:///run/containerd/containerd.sock: no answer";

static void define(char *name)
{
    Polarstack__V1__CoreVersionDefinition *made = &b.definitions[b.config.n_core_versions];
    polarstack__v1__core_version_definition__init(made);
    made->name = name;
    b.definition_pointers[b.config.n_core_versions++] = made;
}

static void set_image(Polarstack__V1__CoreVersionImage *image, char *key, char *reference, presence now,
                      presence before)
{
    polarstack__v1__core_version_image__init(image);
    image->key = key;
    image->image = reference;
    image->presence = now;
    image->last_known = before;
}

/* A version with an engine that is as the version is, and a pfsd that is there. */
static void see(char *name, presence now, presence before)
{
    size_t i = b.seen.n_versions++;
    Polarstack__V1__CoreVersion *version = &b.versions[i];
    polarstack__v1__core_version__init(version);
    version->name = name;
    version->presence = now;
    version->last_known = before;
    set_image(&b.images[i][0], pfsd_key, pfsd_image, now == UNKNOWN ? UNKNOWN : PRESENT,
              now == UNKNOWN && before == NEVER ? NEVER : PRESENT);
    set_image(&b.images[i][1], engine_key, engine_image, now, before);
    b.image_pointers[i][0] = &b.images[i][0];
    b.image_pointers[i][1] = &b.images[i][1];
    version->images = b.image_pointers[i];
    version->n_images = 2;
    b.version_pointers[i] = version;
}

static void set_found(const char *names)
{
    cJSON_Delete(b.found);
    b.found = psd_json_new();
    psd_json_set_string(b.found, "existingVersions", names);
    psd_json_set_string(b.found, "checkTime", "2026-01-01T00:00:00Z");
    b.source.found = b.found;
}

static int begin(void **state)
{
    (void)state;
    b = (bench){.found = NULL};
    polarstack__v1__node_config__init(&b.config);
    polarstack__v1__config_provenance__init(&b.entry);
    b.entry.field = field_name;
    b.entries[0] = &b.entry;
    b.config.provenance = b.entries;
    b.config.n_provenance = 1;
    b.config.core_versions = b.definition_pointers;
    polarstack__v1__core_version_availability__init(&b.seen);
    polarrpc__v1__observation__init(&b.observation);
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    b.observation.observed_at_ms = looked_ms;
    b.seen.observation = &b.observation;
    b.seen.versions = b.version_pointers;
    b.seen.runtime = runtime_name;
    b.source = (psd_mirror_source){.resource = &b.seen.base, .config = &b.config, .options = &b.options};
    return 0;
}

static int end(void **state)
{
    (void)state;
    psd_test_map_free(&b.answer);
    cJSON_Delete(b.found);
    return 0;
}

static void ask(void)
{
    psd_test_map_ask(psd_want_core_versions, &b.source, &b.answer);
}

static void check_written(const char *names)
{
    PSD_AUTO_TEXT wanted = PSD_TEXT_INIT;
    ask();
    psd_text_printf(&wanted, "{\"existingVersions\":\"%s\",\"checkTime\":\"2026-01-31T23:59:59Z\"}", names);
    psd_test_map_is_written(&b.answer, psd_text_string(&wanted));
}

static void check_waits(const char *part)
{
    ask();
    psd_test_map_is_left(&b.answer, PSD_MAP_WAIT, part);
}

static const char *annotation(const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(b.answer.annotations, name));
}

/* ---- what exists ---- */

static void one_version_by_its_presence(void **state)
{
    static const struct {
        presence now;
        presence before;
        const char *found; /* NULL: no ConfigMap */
        bool stands;
    } rows[] = {
        {PRESENT, PRESENT, NULL, true},     {PRESENT, PRESENT, "", true},    {ABSENT, ABSENT, "v1", false},
        {ABSENT, ABSENT, NULL, false},      {UNKNOWN, PRESENT, NULL, true},  {UNKNOWN, PRESENT, "", true},
        {UNKNOWN, ABSENT, "v1", false},     {UNKNOWN, ABSENT, NULL, false},  {UNKNOWN, NEVER, "v1", true},
        {UNKNOWN, NEVER, "a,v1,v2", true},  {UNKNOWN, NEVER, "a,v2", false}, {UNKNOWN, NEVER, NULL, false},
        {UNKNOWN, NEVER, "v11,av1", false}, {UNKNOWN, NEVER, "", false},     {UNKNOWN, UNKNOWN, "v1", true},
        {NEVER, NEVER, "v1", true},         {NEVER, NEVER, NULL, false},
    };
    char name[] = "v1";
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rows); i++) {
        begin(state);
        define(name);
        see(name, rows[i].now, rows[i].before);
        if (rows[i].found)
            set_found(rows[i].found);
        print_message("row %zu\n", i);
        check_written(rows[i].stands ? "v1" : "");
        end(state);
    }
    begin(state);
}

static void names_are_joined_by_commas(void **state)
{
    (void)state;
    char a[] = "a-1.0";
    char c[] = "b-1.0";
    char d[] = "c-1.0";
    define(a);
    define(c);
    define(d);
    see(a, PRESENT, PRESENT);
    see(c, ABSENT, ABSENT);
    see(d, PRESENT, PRESENT);
    check_written("a-1.0,c-1.0");
}

static void only_defined_versions_count(void **state)
{
    (void)state;
    char gone[] = "gone";
    char here[] = "here";
    define(here);
    see(gone, PRESENT, PRESENT);
    see(here, PRESENT, PRESENT);
    set_found("gone,here,never-heard-of");
    check_written("here");
}

static void a_version_the_daemon_does_not_know_yet_stays_as_it_is(void **state)
{
    (void)state;
    char fresh[] = "new";
    char old[] = "old";
    define(fresh);
    define(old);
    check_written("");
    set_found("old");
    check_written("old");
}

/* An input that is missing, or a wrong label, looks the same: nobody empties the list. */
static void a_cluster_without_versions_takes_none_away(void **state)
{
    (void)state;
    set_found("v1");
    check_waits("which database versions there are");
    cJSON_Delete(psd_take(b.found));
    b.source.found = NULL;
    ask();
    psd_test_map_is_left(&b.answer, PSD_MAP_DISABLED, "the cluster defines no database version");
}

static void the_time_is_that_of_the_last_complete_look(void **state)
{
    (void)state;
    char name[] = "v1";
    define(name);
    see(name, UNKNOWN, PRESENT);
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__STALE;
    b.observation.reason = stale_reason;
    check_written("v1");
}

/* ---- when nobody can say ---- */

static void without_the_clusters_word_nothing_is_written(void **state)
{
    (void)state;
    char name[] = "v1";
    define(name);
    see(name, PRESENT, PRESENT);
    b.config.n_core_versions = 0;
    b.config.n_provenance = 0;
    check_waits("it is not known which database versions there are");
    b.source.config = NULL;
    check_waits("it is not known which database versions there are");
}

static void without_a_look_nothing_is_written(void **state)
{
    (void)state;
    char name[] = "v1";
    define(name);
    set_found("v1");
    b.source.resource = NULL;
    check_waits("the daemon has not told which versions are there yet");
    b.source.resource = &b.seen.base;
    b.observation.observed_at_ms = 0;
    check_waits("the daemon has not looked at the container runtime yet");
    b.observation.observed_at_ms = looked_ms;
    b.observation.state = POLARRPC__V1__OBSERVATION_STATE__UNKNOWN;
    see(name, UNKNOWN, NEVER);
    b.observation.reason = stale_reason;
    check_waits(stale_reason);
    b.seen.observation = NULL;
    check_waits("the daemon has not told which versions are there yet");
}

/* ---- annotations ---- */

static void what_is_missing_is_told(void **state)
{
    (void)state;
    char a[] = "a";
    char c[] = "c";
    char d[] = "d";
    define(a);
    define(c);
    define(d);
    see(a, PRESENT, PRESENT);
    see(c, ABSENT, ABSENT);
    see(d, UNKNOWN, NEVER);
    check_written("a");
    assert_string_equal(annotation("polarstack.io/runtime"), "containerd 1.6.20");
    assert_string_equal(annotation("polarstack.io/missing-versions"),
                        "[{\"version\":\"c\",\"key\":\"pgEngineImage\",\"image\":\"polardb/engine:1\","
                        "\"presence\":\"ABSENT\"},"
                        "{\"version\":\"d\",\"key\":\"pfsdImage\",\"image\":\"polardb/pfsd:1\","
                        "\"presence\":\"UNKNOWN\"},"
                        "{\"version\":\"d\",\"key\":\"pgEngineImage\",\"image\":\"polardb/engine:1\","
                        "\"presence\":\"UNKNOWN\"}]");
}

/* A runtime that stops must not have the annotation written anew. */
static void a_stale_look_says_what_the_last_one_did(void **state)
{
    (void)state;
    char name[] = "v1";
    define(name);
    see(name, ABSENT, ABSENT);
    check_written("");
    PSD_AUTO_FREE char *before = psd_json_print(b.answer.annotations);
    b.seen.n_versions = 0;
    see(name, UNKNOWN, ABSENT);
    check_written("");
    PSD_AUTO_FREE char *after = psd_json_print(b.answer.annotations);
    assert_string_equal(after, before);
}

static void nothing_missing_no_annotation(void **state)
{
    (void)state;
    char name[] = "v1";
    char none[] = "";
    define(name);
    see(name, PRESENT, PRESENT);
    b.seen.runtime = none;
    check_written("v1");
    assert_null(b.answer.annotations->child);
}

/* As many as a NodeConfig may have, each image with a long name: all annotations of an
 * object may have 256 KiB, data 1 MiB. */
static void many_missing_images_are_counted(void **state)
{
    (void)state;
    static char names[MANY_VERSIONS][64];
    static char long_image[512];
    static Polarstack__V1__CoreVersionDefinition definitions[MANY_VERSIONS];
    static Polarstack__V1__CoreVersionDefinition *definition_pointers[MANY_VERSIONS];
    static Polarstack__V1__CoreVersion versions[MANY_VERSIONS];
    static Polarstack__V1__CoreVersion *version_pointers[MANY_VERSIONS];
    static Polarstack__V1__CoreVersionImage image;
    static Polarstack__V1__CoreVersionImage *images[MANY_IMAGES];
    memset(long_image, '"', sizeof(long_image) - 1); /* longest in JSON */
    set_image(&image, engine_key, long_image, ABSENT, ABSENT);
    for (size_t i = 0; i < MANY_IMAGES; i++)
        images[i] = &image;
    for (size_t i = 0; i < MANY_VERSIONS; i++) {
        snprintf(names[i], sizeof(names[i]), "version-%04zu", i);
        polarstack__v1__core_version_definition__init(&definitions[i]);
        polarstack__v1__core_version__init(&versions[i]);
        definitions[i].name = versions[i].name = names[i];
        versions[i].presence = versions[i].last_known = ABSENT;
        versions[i].images = images;
        versions[i].n_images = MANY_IMAGES;
        definition_pointers[i] = &definitions[i];
        version_pointers[i] = &versions[i];
    }
    b.config.core_versions = definition_pointers;
    b.config.n_core_versions = MANY_VERSIONS;
    b.seen.versions = version_pointers;
    b.seen.n_versions = MANY_VERSIONS;
    check_written("");
    const char *text = annotation("polarstack.io/missing-versions");
    assert_in_range(strlen(text), 32 * 1024, 64 * 1024 + 64);
    PSD_AUTO_JSON cJSON *list = cJSON_Parse(text);
    int told = cJSON_GetArraySize(list) - 1;
    assert_int_equal(psd_json_integer(cJSON_GetArrayItem(list, told), "more", 0),
                     MANY_VERSIONS * MANY_IMAGES - told);
}

/* ---- beside version 1 ---- */

static void another_writers_words(void **state)
{
    static const struct {
        const char *key;
        const char *wanted;
        const char *found;
        bool same;
    } rows[] = {
        {"existingVersions", "a,b", "b,a", true},
        {"existingVersions", "", "", true},
        {"existingVersions", "a", "", false},
        {"existingVersions", "", "a", false},
        {"existingVersions", "a,b", "a", false},
        {"existingVersions", "a", "b,a", false},
        {"existingVersions", "a,b", "a,bb", false},
        {"checkTime", "2026-01-31T23:59:59Z", "2026-01-31T15:00:00Z", true},
        {"checkTime", "2026-01-31T23:59:59Z", "yesterday", false},
        {"other", "a,b", "b,a", false},
    };
    (void)state;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(rows); i++) {
        if (psd_same_core_versions(rows[i].key, rows[i].wanted, rows[i].found) != rows[i].same)
            fail_msg("%s: '%s' and '%s'", rows[i].key, rows[i].wanted, rows[i].found);
    }
}

/* Version 1 took the host's name as it was; Kubernetes has no Node with an upper-case
 * letter, and the bridge's own option refuses one. */
static void the_name_is_in_lower_case(void **state)
{
    (void)state;
    char name[PSD_MAP_NAME_SIZE];
    for (size_t i = 0; i < psd_map_row_count; i++) {
        psd_mirrored_map_name(&psd_map_rows[i], "Node-A.Example", name);
        bool is_ports = psd_map_rows[i].want == psd_want_port_usage;
        assert_string_equal(name, is_ports ? "cloud-provider-port-usage-Node-A.Example"
                                           : "polarstack-daemon-version-availability-node-a.example");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(one_version_by_its_presence),
        TEST(names_are_joined_by_commas),
        TEST(only_defined_versions_count),
        TEST(a_version_the_daemon_does_not_know_yet_stays_as_it_is),
        TEST(a_cluster_without_versions_takes_none_away),
        TEST(the_time_is_that_of_the_last_complete_look),
        TEST(without_the_clusters_word_nothing_is_written),
        TEST(without_a_look_nothing_is_written),
        TEST(what_is_missing_is_told),
        TEST(a_stale_look_says_what_the_last_one_did),
        TEST(nothing_missing_no_annotation),
        TEST(many_missing_images_are_counted),
        TEST(another_writers_words),
        TEST(the_name_is_in_lower_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
