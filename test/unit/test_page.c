/* Pages of a list: sizes, tokens, and tokens that do not fit. */
#include "server/store/page.h"

#include <stdio.h>

#include "common/rpc/wire.h"
#include "test/support/check.h"
#include "test/support/inventory.h"

enum { ITEMS_FIELD = 3 };

typedef struct fixture {
    Test__V1__Inventory *inventory;
    Polarrpc__V1__Observation observation;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    f.inventory = psd_test_inventory_of(100, 1);
    f.observation = (Polarrpc__V1__Observation)POLARRPC__V1__OBSERVATION__INIT;
    f.observation.epoch = UINT64_MAX;
    f.observation.revision = 17;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    psd_test_inventory_free(((fixture *)*state)->inventory);
    return 0;
}

static int choose(fixture *f, uint32_t page_size, const char *token, psd_page *page, psd_error *error)
{
    return psd_page_choose((ProtobufCMessage *const *)f->inventory->items, f->inventory->n_items, ITEMS_FIELD,
                           &f->observation, page_size, token, page, error);
}

static size_t packed_size(const fixture *f, const psd_page *page)
{
    size_t size = 0;
    for (size_t i = 0; i < page->count; i++)
        size += psd_wire_field_size(
            ITEMS_FIELD, protobuf_c_message_get_packed_size(&f->inventory->items[page->first + i]->base));
    return size;
}

static void test_pages_cover_the_list(void **state)
{
    fixture *f = *state;
    static const uint32_t sizes[] = {0, 1, 15, 16, 100, 333, UINT32_MAX};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(sizes); i++) {
        psd_page page = {.count = 0};
        size_t seen = 0;
        char token[PSD_PAGE_TOKEN_SIZE] = "";
        do {
            psd_error error = PSD_ERROR_INIT;
            assert_works(choose(f, sizes[i], token, &page, &error), &error);
            assert_int_equal(page.first, seen);
            assert_true(page.count >= 1);
            if (sizes[i] > 0 && page.count > 1)
                assert_true(packed_size(f, &page) <= sizes[i]);
            seen += page.count;
            memcpy(token, page.next_token, sizeof(token));
        } while (token[0]);
        assert_int_equal(seen, 100);
        if (sizes[i] == 0 || sizes[i] == UINT32_MAX)
            assert_int_equal(page.count, 100);
    }
}

static void test_an_empty_list_is_one_empty_page(void **state)
{
    fixture *f = *state;
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    assert_works(psd_page_choose(NULL, 0, ITEMS_FIELD, &f->observation, 10, "", &page, &error), &error);
    assert_int_equal(page.count, 0);
    assert_string_equal(page.next_token, "");
}

/* Whatever size is asked for, a page fits into one message. */
static void test_a_page_fits_into_a_message(void **state)
{
    fixture *f = *state;
    static char large[300000];
    memset(large, 'x', sizeof(large) - 1);
    char *names[8];
    for (size_t i = 0; i < 8; i++) {
        names[i] = f->inventory->items[i]->name;
        f->inventory->items[i]->name = large;
    }
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    assert_works(choose(f, UINT32_MAX, "", &page, &error), &error);
    assert_int_equal(page.count, 3);
    assert_true(packed_size(f, &page) < PSD_WIRE_PAYLOAD_MAX);
    for (size_t i = 0; i < 8; i++)
        f->inventory->items[i]->name = names[i];
}

static void test_a_change_between_pages(void **state)
{
    fixture *f = *state;
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    assert_works(choose(f, 100, "", &page, &error), &error);
    assert_string_not_equal(page.next_token, "");
    f->observation.revision++;
    psd_page second;
    assert_fails(choose(f, 100, page.next_token, &second, &error), &error, PSD_ABORTED, "begin again");
    f->observation.revision--;
    f->observation.epoch--;
    assert_fails(choose(f, 100, page.next_token, &second, &error), &error, PSD_ABORTED, "begin again");
    f->observation.epoch++;
    assert_works(choose(f, 100, page.next_token, &second, &error), &error);
    assert_int_equal(second.first, page.count);
}

static void test_tokens_that_nobody_gave_out(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = {"x",
                                      "1",
                                      "1-2",
                                      "1-2-",
                                      "-1-2-3",
                                      "1-2-3-4",
                                      "1-2-3 ",
                                      "1-2-g",
                                      "0x1-2-3",
                                      " 1-2-3",
                                      "1- 2-3",
                                      "1--2-3",
                                      "+1-2-3",
                                      "1-2-99999999999999999999",
                                      "ffffffffffffffffffff-11-1",
                                      "ffffffffffffffff-11-1ffffffffffffffffffffffffffffffffffffffffffff"};
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    for (size_t i = 0; i < PSD_ARRAY_SIZE(bad); i++) {
        assert_fails(choose(f, 100, bad[i], &page, &error), &error, PSD_INVALID_ARGUMENT,
                     "is not a page token");
    }
    assert_fails(choose(f, 100, "ffffffffffffffff-11-64", &page, &error), &error, PSD_OUT_OF_RANGE,
                 "past the end");
    assert_works(choose(f, 100, "ffffffffffffffff-11-63", &page, &error), &error);
    assert_int_equal(page.first, 99);
    assert_int_equal(page.count, 1);
}

#define with_list(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_list(test_pages_cover_the_list),        with_list(test_an_empty_list_is_one_empty_page),
        with_list(test_a_page_fits_into_a_message),  with_list(test_a_change_between_pages),
        with_list(test_tokens_that_nobody_gave_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
