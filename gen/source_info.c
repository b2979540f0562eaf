#include "gen/source_info.h"

#include <stdlib.h>
#include <string.h>

psd_source_path psd_source_path_join(const psd_source_path *path, int32_t field, size_t index)
{
    psd_source_path joined = *path;
    if (joined.length + 2 > PSD_ARRAY_SIZE(joined.steps))
        abort();
    joined.steps[joined.length++] = field;
    joined.steps[joined.length++] = (int32_t)index;
    return joined;
}

psd_source psd_source_find(const psd_proto_file *file, const psd_source_path *path)
{
    const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
    for (size_t i = 0; info && i < info->n_location; i++) {
        const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
        if (location->n_path != path->length || location->n_span == 0 ||
            memcmp(location->path, path->steps, path->length * sizeof path->steps[0]) != 0)
            continue;
        return (psd_source){
            .line = location->span[0] + 1,
            .comment = location->leading_comments ? location->leading_comments : location->trailing_comments,
        };
    }
    return (psd_source){0};
}
