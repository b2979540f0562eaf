#include "k8s/api/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse.h"

enum { MAX_NAME = 256 };

/* Above it, a double no longer holds each whole number. */
static const double max_whole = 9007199254740992.0;

/* The element whose index NAME is; a name is none. */
static cJSON *element(const cJSON *array, const char *name)
{
    uint64_t index = 0;
    return psd_parse_uint(name, 0, INT32_MAX, &index, NULL) == 0 ? cJSON_GetArrayItem(array, (int)index)
                                                                 : NULL;
}

cJSON *psd_json_at(const cJSON *root, const char *path)
{
    const cJSON *at = root;
    while (at && *path) {
        char name[MAX_NAME];
        size_t length = strcspn(path, "/");
        if (length >= sizeof(name))
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        at = cJSON_IsArray(at) ? element(at, name) : cJSON_GetObjectItemCaseSensitive(at, name);
        path += length + (path[length] == '/');
    }
    return (cJSON *)(uintptr_t)at;
}

const cJSON *psd_json_map(const cJSON *root, const char *path)
{
    const cJSON *map = psd_json_at(root, path);
    return cJSON_IsObject(map) ? map : NULL;
}

const char *psd_json_string(const cJSON *root, const char *path)
{
    return cJSON_GetStringValue(psd_json_at(root, path));
}

int64_t psd_json_integer(const cJSON *root, const char *path, int64_t otherwise)
{
    const cJSON *number = psd_json_at(root, path);
    if (!cJSON_IsNumber(number) || !(number->valuedouble > -max_whole && number->valuedouble < max_whole))
        return otherwise;
    int64_t whole = (int64_t)number->valuedouble;
    return (double)whole == number->valuedouble ? whole : otherwise;
}

static cJSON *checked(cJSON *made)
{
    if (!made)
        abort();
    return made;
}

void psd_json_set_string(cJSON *object, const char *name, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    checked(cJSON_AddStringToObject(object, name, text));
}

cJSON *psd_json_object(cJSON *object, const char *name)
{
    cJSON *there = cJSON_GetObjectItemCaseSensitive(object, name);
    return there ? there : checked(cJSON_AddObjectToObject(object, name));
}

bool psd_json_same_string(const cJSON *a, const cJSON *b)
{
    const char *left = cJSON_GetStringValue(a);
    const char *right = cJSON_GetStringValue(b);
    return left && right ? strcmp(left, right) == 0 : left == right;
}

cJSON *psd_json_new(void)
{
    return checked(cJSON_CreateObject());
}

char *psd_json_print(const cJSON *document)
{
    char *text = cJSON_PrintUnformatted(document);
    if (!text)
        abort();
    return text;
}
