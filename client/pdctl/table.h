/* table.h - rows in columns. Measure all rows first, or none for a stream. */
#ifndef PSD_CLIENT_PDCTL_TABLE_H
#define PSD_CLIENT_PDCTL_TABLE_H

#include "client/pdctl/resource.h"

enum { PSD_CLI_MAX_COLUMNS = 24 };

typedef struct psd_cli_table {
    const psd_cli_resource *resource;
    bool wide;
    int widths[PSD_CLI_MAX_COLUMNS];
} psd_cli_table;

psd_cli_table psd_cli_table_of(const psd_cli_resource *resource, bool wide);

/* Widens the columns for what a stream may bring. */
void psd_cli_table_reserve(psd_cli_table *table);

/* Widens the columns for ROW. */
void psd_cli_table_measure(psd_cli_table *table, const void *row);

/* Print to stdout, with a newline. */
void psd_cli_table_head(const psd_cli_table *table, const psd_cli_screen *screen);
void psd_cli_table_row(const psd_cli_table *table, const psd_cli_screen *screen, const void *row);

#endif
