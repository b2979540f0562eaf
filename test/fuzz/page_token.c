/* A page token, as a caller may send it; the first bytes choose the size. */
#include "server/store/page.h"

#include "test/fuzz/fuzz.h"
#include "test/v1/echo.pb-c.h"

enum { ITEMS = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Test__V1__Slot slots[ITEMS];
    ProtobufCMessage *items[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) {
        test__v1__slot__init(&slots[i]);
        slots[i].number = i;
        items[i] = &slots[i].base;
    }
    size_t length = 0;
    const uint8_t *part = fuzz_part(&data, &size, &length);
    Polarrpc__V1__Observation observation = POLARRPC__V1__OBSERVATION__INIT;
    observation.epoch = 0xa;
    observation.revision = 1;
    char *token = fuzz_text(data, size);
    psd_page page;
    psd_error error = PSD_ERROR_INIT;
    uint32_t page_size = length > 0 ? part[0] : 0;
    if (psd_page_choose(items, ITEMS, 4, &observation, page_size, token, &page, &error) == 0) {
        must(page.count >= 1 && page.first + page.count <= ITEMS);
        must((page.next_token[0] == '\0') == (page.first + page.count == ITEMS));
        must(strlen(page.next_token) < PSD_PAGE_TOKEN_SIZE);
    } else {
        must(error.code == PSD_INVALID_ARGUMENT || error.code == PSD_ABORTED ||
             error.code == PSD_OUT_OF_RANGE);
    }
    free(token);
    return 0;
}
