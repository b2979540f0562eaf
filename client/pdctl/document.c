#include "client/pdctl/document.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/macros.h"

static void add_json(const cJSON *node, psd_text *out)
{
    char *text = cJSON_PrintUnformatted(node);
    if (!text)
        abort();
    psd_text_add(out, text);
    cJSON_free(text);
}

static void add_quoted(const char *string, psd_text *out)
{
    cJSON *node = cJSON_CreateStringReference(string);
    if (!node)
        abort();
    add_json(node, out);
    cJSON_Delete(node);
}

static void indent(psd_text *out, unsigned depth)
{
    psd_text_printf(out, "%*s", (int)(2 * depth), "");
}

static bool is_empty_container(const cJSON *node)
{
    return (cJSON_IsObject(node) || cJSON_IsArray(node)) && !node->child;
}

static bool is_scalar(const cJSON *node)
{
    return !node->child;
}

/* ---- JSON ---- */

static void json_node(const cJSON *node, unsigned depth, psd_text *out)
{
    if (is_scalar(node)) {
        add_json(node, out);
        return;
    }
    bool is_object = cJSON_IsObject(node);
    psd_text_add(out, is_object ? "{\n" : "[\n");
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, node)
    {
        indent(out, depth + 1);
        if (is_object) {
            add_quoted(child->string, out);
            psd_text_add(out, ": ");
        }
        json_node(child, depth + 1, out);
        psd_text_add(out, child->next ? ",\n" : "\n");
    }
    indent(out, depth);
    psd_text_add(out, is_object ? "}" : "]");
}

void psd_document_json(const cJSON *tree, psd_text *out)
{
    json_node(tree, 0, out);
    psd_text_add(out, "\n");
}

void psd_document_json_line(const cJSON *tree, psd_text *out)
{
    add_json(tree, out);
    psd_text_add(out, "\n");
}

/* ---- YAML ---- */

/* Words that YAML 1.1 reads as something other than a string. */
static bool is_reserved(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "y", "n", "null"};
    for (size_t i = 0; i < PSD_ARRAY_SIZE(words); i++) {
        if (strcasecmp(text, words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_plain(const char *text)
{
    if (!isalpha((unsigned char)text[0]) || is_reserved(text))
        return false;
    for (const char *at = text; *at; at++) {
        if (!isalnum((unsigned char)*at) && !strchr("_-./", *at))
            return false;
    }
    return true;
}

/* A JSON string is a double-quoted YAML scalar. */
static void yaml_string(const char *text, psd_text *out)
{
    if (is_plain(text))
        psd_text_add(out, text);
    else
        add_quoted(text, out);
}

/* Begins in the middle of a line when INLINE: after "- ". */
static void yaml_node(const cJSON *node, unsigned depth, bool is_inline, psd_text *out)
{
    const cJSON *child = NULL;
    cJSON_ArrayForEach(child, node)
    {
        if (!is_inline)
            indent(out, depth);
        is_inline = false;
        if (cJSON_IsArray(node))
            psd_text_add(out, "-");
        else
            yaml_string(child->string, out);
        if (cJSON_IsObject(node))
            psd_text_add(out, ":");
        if (is_scalar(child)) {
            psd_text_add(out, " ");
            if (cJSON_IsString(child))
                yaml_string(child->valuestring, out);
            else
                add_json(child, out);
            psd_text_add(out, "\n");
        } else if (cJSON_IsArray(node)) {
            psd_text_add(out, " ");
            yaml_node(child, depth + 1, true, out);
        } else {
            psd_text_add(out, "\n");
            yaml_node(child, depth + 1, false, out);
        }
    }
}

void psd_document_yaml(const cJSON *tree, psd_text *out)
{
    if (is_scalar(tree)) {
        psd_text_add(out, is_empty_container(tree) ? "" : "--- ");
        add_json(tree, out);
        psd_text_add(out, "\n");
        return;
    }
    yaml_node(tree, 0, false, out);
}
