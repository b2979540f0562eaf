/* wanted_map.h - what a row of the mirror's ConfigMaps answers, for tests of rows. */
#ifndef PSD_TEST_SUPPORT_WANTED_MAP_H
#define PSD_TEST_SUPPORT_WANTED_MAP_H

#include <string.h>

#include "common/cleanup.h"
#include "k8s/mirror/rows.h"
#include "k8s/reconciler.h"
#include "test/support/check.h"

static inline void psd_test_map_free(psd_wanted_map *answer)
{
    cJSON_Delete(psd_take(answer->data));
    cJSON_Delete(psd_take(answer->annotations));
    psd_text_free(&answer->reason);
}

/* Asks WANT anew, as the mirror does. */
static inline void psd_test_map_ask(void (*want)(const psd_mirror_source *source, psd_wanted_map *wanted),
                                    const psd_mirror_source *source, psd_wanted_map *answer)
{
    psd_test_map_free(answer);
    *answer = (psd_wanted_map){.verdict = PSD_MAP_WAIT,
                               .data = psd_json_new(),
                               .annotations = psd_json_new(),
                               .again_ms = PSD_RECONCILE_NEVER};
    want(source, answer);
}

/* It is to be written, and the data is the JSON text DATA. */
static inline void psd_test_map_is_written(const psd_wanted_map *answer, const char *data)
{
    assert_int_equal(answer->verdict, PSD_MAP_WRITE);
    PSD_AUTO_FREE char *text = psd_json_print(answer->data);
    assert_string_equal(text, data);
}

/* Nothing is to be written, and the reason has PART. */
static inline void psd_test_map_is_left(const psd_wanted_map *answer, psd_map_verdict verdict,
                                        const char *part)
{
    assert_int_equal(answer->verdict, verdict);
    assert_null(answer->data->child);
    if (!strstr(psd_text_string(&answer->reason), part))
        fail_msg("'%s' does not say '%s'", psd_text_string(&answer->reason), part);
}

#endif
