/* version_rows.h - what a check of versions found, a row for each node, whoever was asked. */
#ifndef PSD_CLIENT_PDCTL_VERSION_ROWS_H
#define PSD_CLIENT_PDCTL_VERSION_ROWS_H

#include <cjson/cJSON.h>

#include "client/pdctl/resource.h"
#include "polarstack/v1/cluster.pb-c.h"
#include "polarstack/v1/core_version.pb-c.h"

/* Names of versions; they belong to the answer. */
typedef struct psd_cli_names {
    const char **items;
    size_t count;
} psd_cli_names;

/* One node. All texts belong to the answer. */
typedef struct psd_cli_check_row {
    const char *node;         /* else the url */
    const char *operation_id; /* of its daemon; "" when there is none */
    bool running;
    bool checked;          /* its runtime was asked and answered */
    psd_code code;         /* why not */
    const char *error;     /* "" when there is none */
    psd_cli_names present; /* of versions */
    psd_cli_names absent;
    psd_cli_names unknown;
    const char *runtime;
} psd_cli_check_row;

typedef struct psd_cli_check {
    const char *operation_id; /* of the whole; "" when there is none */
    bool running;             /* not all is said yet */
    psd_cli_check_row *rows;
    size_t count;
} psd_cli_check;

void psd_cli_check_free(psd_cli_check *check);

/* Adds what a daemon answered, or the ERROR instead of an answer (NULL). */
void psd_cli_check_add(psd_cli_check *check, const char *node, const Polarstack__V1__CoreVersionCheck *answer,
                       const psd_error *error);

/* Adds what the bridge answered. Indices that lead nowhere are left out. */
void psd_cli_check_add_cluster(psd_cli_check *check, const Polarstack__V1__ClusterCoreVersionCheck *answer);

/* Rows whose runtime was asked and answered. */
size_t psd_cli_check_good(const psd_cli_check *check);

/* As a document; cJSON_Delete(). */
cJSON *psd_cli_check_tree(const psd_cli_check *check);

/* As a table: its columns. Rows are psd_cli_check_row. */
extern const psd_cli_resource psd_cli_check_table;

#endif
