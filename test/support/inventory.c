#include "test/support/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *zeroed(size_t count, size_t size)
{
    void *made = calloc(count, size);
    if (!made)
        abort();
    return made;
}

static char *numbered(const char *word, unsigned number)
{
    char text[64];
    snprintf(text, sizeof(text), "%s-%05u", word, number);
    return strdup(text);
}

static Test__V1__Item *new_item(char *name, unsigned value)
{
    Test__V1__Item *item = zeroed(1, sizeof(*item));
    test__v1__item__init(item);
    item->name = name;
    item->value = value;
    return item;
}

static Test__V1__Slot *new_slot(uint64_t number)
{
    Test__V1__Slot *slot = zeroed(1, sizeof(*slot));
    test__v1__slot__init(slot);
    slot->number = number;
    slot->data.len = (size_t)random() % 4;
    slot->data.data = slot->data.len ? zeroed(slot->data.len, 1) : NULL;
    if (slot->data.len)
        slot->data.data[0] = (uint8_t)(random() % 3);
    return slot;
}

static Test__V1__Inventory *new_inventory(void)
{
    Test__V1__Inventory *made = zeroed(1, sizeof(*made));
    test__v1__inventory__init(made);
    return made;
}

Test__V1__Inventory *psd_test_inventory_random(size_t most)
{
    Test__V1__Inventory *made = new_inventory();
    made->items = zeroed(most + 1, sizeof(*made->items));
    made->slots = zeroed(most + 1, sizeof(*made->slots));
    made->tags = zeroed(4, sizeof(*made->tags));
    if (random() % 2)
        made->title = numbered("title", (unsigned)random() % 3);
    /* The empty name and the number 0 are keys like others. */
    for (unsigned i = 0; i < most; i++) {
        if (random() % 2)
            made->items[made->n_items++] = new_item(i ? numbered("item", i) : strdup(""),
                                                    (unsigned)random() % 3);
        if (random() % 2)
            made->slots[made->n_slots++] = new_slot(i < most / 2 ? i : UINT64_MAX - most + i);
    }
    for (size_t i = (size_t)random() % 4; i > 0; i--)
        made->tags[made->n_tags++] = numbered("tag", (unsigned)random() % 3);
    return made;
}

Test__V1__Inventory *psd_test_inventory_of(size_t count, unsigned value)
{
    Test__V1__Inventory *made = new_inventory();
    made->items = zeroed(count + 1, sizeof(*made->items));
    for (unsigned i = 0; i < count; i++)
        made->items[made->n_items++] = new_item(numbered("item", i), value);
    return made;
}

void psd_test_inventory_set_title(Test__V1__Inventory *inventory, const char *title)
{
    if (inventory->title != protobuf_c_empty_string)
        free(inventory->title);
    inventory->title = strdup(title);
}

void psd_test_inventory_observe(Test__V1__Inventory *inventory, uint64_t epoch, uint64_t revision)
{
    Polarrpc__V1__Observation *facts = zeroed(1, sizeof(*facts));
    polarrpc__v1__observation__init(facts);
    facts->node = strdup("node-1");
    facts->epoch = epoch;
    facts->revision = revision;
    facts->state = POLARRPC__V1__OBSERVATION_STATE__FRESH;
    inventory->observation = facts;
}

void psd_test_inventory_free(Test__V1__Inventory *inventory)
{
    if (inventory)
        test__v1__inventory__free_unpacked(inventory, NULL);
}
