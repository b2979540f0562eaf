#include "gen/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *find(const psd_variable *variables, const char *name, size_t length)
{
    for (const psd_variable *v = variables; v->name; v++)
        if (strlen(v->name) == length && memcmp(v->name, name, length) == 0)
            return v->value;
    fprintf(stderr, "protoc-gen-polarrpc: a template uses $%.*s$, which is not set\n", (int)length, name);
    abort();
}

void psd_template_write(psd_text *out, const char *template, const psd_variable *variables)
{
    for (;;) {
        size_t plain = strcspn(template, "$");
        psd_text_append(out, template, plain);
        if (!template[plain])
            return;
        const char *name = template + plain + 1;
        size_t length = strcspn(name, "$");
        psd_text_add(out, find(variables, name, length));
        template = name + length + (name[length] == '$');
    }
}
