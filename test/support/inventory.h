/*
 * inventory.h - random states of test.v1.Inventory, a resource with two keyed
 * lists (string and uint64 keys) and one list that travels whole.
 */
#ifndef PSD_TEST_SUPPORT_INVENTORY_H
#define PSD_TEST_SUPPORT_INVENTORY_H

#include <stddef.h>

#include "test/v1/echo.rpc.h"

/* Without an observation; items and slots below MOST, chosen by random().
 * Owned by the caller: psd_test_inventory_free(). */
Test__V1__Inventory *psd_test_inventory_random(size_t most);

/* COUNT items named item-00000 … with VALUE, nothing else. */
Test__V1__Inventory *psd_test_inventory_of(size_t count, unsigned value);

void psd_test_inventory_set_title(Test__V1__Inventory *inventory, const char *title);

/* Gives INVENTORY an observation, as a topic would. */
void psd_test_inventory_observe(Test__V1__Inventory *inventory, uint64_t epoch, uint64_t revision);

void psd_test_inventory_free(Test__V1__Inventory *inventory);

#endif
