/* facts.c - resources that are no lists: their parts as rows. */
#include <stdlib.h>
#include <string.h>

#include "client/pdctl/resource.h"
#include "common/clock.h"

psd_cli_fact *psd_cli_facts_add(psd_cli_facts *facts, const char *name)
{
    if (facts->count == PSD_CLI_MAX_FACTS)
        abort(); /* a resource has fewer parts: a mistake of the program */
    psd_cli_fact *fact = &facts->items[facts->count++];
    *fact = (psd_cli_fact){.name = name};
    return fact;
}

void psd_cli_facts_free(psd_cli_facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        psd_text_free(&facts->items[i].value);
        psd_text_free(&facts->items[i].source);
        psd_text_free(&facts->items[i].version);
        psd_text_free(&facts->items[i].stale);
    }
    facts->count = 0;
}

static bool same(const psd_text *a, const psd_text *b)
{
    return strcmp(psd_text_string(a), psd_text_string(b)) == 0;
}

bool psd_cli_fact_equal(const psd_cli_fact *a, const psd_cli_fact *b)
{
    return same(&a->value, &b->value) && same(&a->source, &b->source) && same(&a->version, &b->version) &&
           same(&a->stale, &b->stale);
}

psd_cli_color psd_cli_print_fact_name(const void *row, psd_text *cell)
{
    psd_text_add(cell, ((const psd_cli_fact *)row)->name);
    return PSD_CLI_PLAIN;
}

psd_cli_color psd_cli_print_fact_value(const void *row, psd_text *cell)
{
    const psd_cli_fact *fact = row;
    psd_text_add(cell, psd_text_string(&fact->value));
    return fact->color;
}

/* A blank cell would look like a gap. */
static psd_cli_color print_text(const psd_text *text, psd_text *cell)
{
    psd_text_add(cell, text->length > 0 ? text->data : "-");
    return PSD_CLI_PLAIN;
}

psd_cli_color psd_cli_print_fact_source(const void *row, psd_text *cell)
{
    return print_text(&((const psd_cli_fact *)row)->source, cell);
}

psd_cli_color psd_cli_print_fact_version(const void *row, psd_text *cell)
{
    return print_text(&((const psd_cli_fact *)row)->version, cell);
}

psd_cli_color psd_cli_print_fact_age(const void *row, psd_text *cell)
{
    const psd_cli_fact *fact = row;
    char age[PSD_CLI_AGE_SIZE] = "-";
    if (fact->read_at_ms > 0)
        psd_cli_age(psd_clock_unix_ms() - fact->read_at_ms, age);
    psd_text_add(cell, age);
    if (fact->stale.length == 0)
        return PSD_CLI_PLAIN;
    psd_text_printf(cell, ", STALE: %s", psd_text_string(&fact->stale));
    return PSD_CLI_RED;
}
