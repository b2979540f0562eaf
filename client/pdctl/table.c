#include "client/pdctl/table.h"

#include <string.h>

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static bool is_shown(const psd_cli_table *table, size_t column)
{
    return table->wide || !table->resource->columns[column].wide;
}

/* Columns on a terminal: UTF-8 continuation bytes take none. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

psd_cli_table psd_cli_table_of(const psd_cli_resource *resource, bool wide)
{
    psd_cli_table table = {.resource = resource, .wide = wide};
    for (size_t i = 0; i < resource->column_count; i++)
        table.widths[i] = width_of(resource->columns[i].title);
    return table;
}

void psd_cli_table_reserve(psd_cli_table *table)
{
    for (size_t i = 0; i < table->resource->column_count; i++)
        table->widths[i] = larger(table->widths[i], table->resource->columns[i].width);
}

void psd_cli_table_measure(psd_cli_table *table, const void *row)
{
    PSD_AUTO_TEXT cell = PSD_TEXT_INIT;
    for (size_t i = 0; i < table->resource->column_count; i++) {
        cell.length = 0;
        psd_text_add(&cell, "");
        table->resource->columns[i].print(row, &cell);
        table->widths[i] = larger(table->widths[i], width_of(cell.data));
    }
}

/* The last column is not padded: lines end without blanks. */
static void put_cell(const psd_cli_table *table, const psd_cli_screen *screen, size_t column,
                     psd_cli_color color, const char *text)
{
    bool is_last = true;
    for (size_t i = column + 1; i < table->resource->column_count; i++)
        is_last = is_last && !is_shown(table, i);
    psd_cli_put(screen, stdout, color, text);
    if (is_last)
        fputs("\n", stdout);
    else
        printf("%*s", larger(table->widths[column] - width_of(text), 0) + 2, "");
}

void psd_cli_table_head(const psd_cli_table *table, const psd_cli_screen *screen)
{
    for (size_t i = 0; i < table->resource->column_count; i++) {
        if (is_shown(table, i))
            put_cell(table, screen, i, PSD_CLI_BOLD, table->resource->columns[i].title);
    }
}

void psd_cli_table_row(const psd_cli_table *table, const psd_cli_screen *screen, const void *row)
{
    PSD_AUTO_TEXT cell = PSD_TEXT_INIT;
    for (size_t i = 0; i < table->resource->column_count; i++) {
        if (!is_shown(table, i))
            continue;
        cell.length = 0;
        psd_text_add(&cell, "");
        psd_cli_color color = table->resource->columns[i].print(row, &cell);
        put_cell(table, screen, i, color, cell.data);
    }
}
