/* Collecting what a diagnosis finds. */
#include "common/rpc/diagnosis.h"

#include "test/support/check.h"

static void findings_stand_in_their_order(void **state)
{
    (void)state;
    Polarstack__V1__Diagnosis *diagnosis = psd_diagnosis_new();
    assert_int_equal(diagnosis->n_findings, 0);
    psd_diagnosis_add(diagnosis, POLARSTACK__V1__FINDING_LEVEL__FAULT, "rbac", "allow it", "%s may not %d",
                      "x", 7);
    psd_diagnosis_add(diagnosis, POLARSTACK__V1__FINDING_LEVEL__GOOD, "clock", NULL, "it is right");
    assert_int_equal(diagnosis->n_findings, 2);
    assert_string_equal(diagnosis->findings[0]->check, "rbac");
    assert_int_equal(diagnosis->findings[0]->level, POLARSTACK__V1__FINDING_LEVEL__FAULT);
    assert_string_equal(diagnosis->findings[0]->message, "x may not 7");
    assert_string_equal(diagnosis->findings[0]->mend, "allow it");
    assert_string_equal(diagnosis->findings[1]->mend, "");
    polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
}

static void a_long_message_is_cut(void **state)
{
    (void)state;
    char text[5000];
    memset(text, 'm', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    Polarstack__V1__Diagnosis *diagnosis = psd_diagnosis_new();
    psd_diagnosis_add(diagnosis, POLARSTACK__V1__FINDING_LEVEL__WARNING, "x", text, "%s", text);
    assert_int_equal(strlen(diagnosis->findings[0]->message), 1023);
    assert_string_equal(diagnosis->findings[0]->mend, text);
    polarstack__v1__diagnosis__free_unpacked(diagnosis, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_stand_in_their_order),
        cmocka_unit_test(a_long_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
