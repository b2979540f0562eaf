/* json.h - reading JSON documents of the API server. */
#ifndef PSD_K8S_API_JSON_H
#define PSD_K8S_API_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/cleanup.h"

static inline void psd_cleanup_json(cJSON **document)
{
    cJSON_Delete(*document);
}
#define PSD_AUTO_JSON __attribute__((cleanup(psd_cleanup_json)))

/* The member that PATH leads to, "metadata/ownerReferences/0/uid": names of
 * members (case matters) and indexes of arrays. NULL when there is none. */
cJSON *psd_json_at(const cJSON *root, const char *path);

/* The same when it is an object: its members have names. NULL otherwise. */
const cJSON *psd_json_map(const cJSON *root, const char *path);

/* The text there; NULL when there is none or it is no text. Owned by ROOT. */
const char *psd_json_string(const cJSON *root, const char *path);

/* The whole number there, OTHERWISE when there is none. */
int64_t psd_json_integer(const cJSON *root, const char *path, int64_t otherwise);

/* Sets member NAME of OBJECT to TEXT, in place of one of that name. Running out
 * of memory ends the program, as in text.h. */
void psd_json_set_string(cJSON *object, const char *name, const char *text);

/* Member NAME of OBJECT, made as an empty object when it is missing. */
cJSON *psd_json_object(cJSON *object, const char *name);

/* True when both are there with the same text, or neither is. */
bool psd_json_same_string(const cJSON *a, const cJSON *b);

/* An empty object; never NULL. */
cJSON *psd_json_new(void);

/* DOCUMENT without blanks; never NULL. free(). */
char *psd_json_print(const cJSON *document);

#endif
