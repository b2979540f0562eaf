#include "server/scan/port/kernel_type.h"

#include <bpf/btf.h>
#include <stdbool.h>
#include <string.h>

static bool find_member(const struct btf *btf, const struct btf_type *type, uint32_t base_bits,
                        const char *name, psd_kernel_field *found)
{
    const struct btf_member *members = btf_members(type);
    for (uint32_t i = 0; i < btf_vlen(type); i++) {
        const char *member_name = btf__name_by_offset(btf, members[i].name_off);
        uint32_t bits = base_bits + btf_member_bit_offset(type, i);
        if (member_name[0] == '\0') {
            int id = btf__resolve_type(btf, members[i].type);
            const struct btf_type *inner = id >= 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
            if (inner && btf_is_composite(inner) && find_member(btf, inner, bits, name, found))
                return true;
        } else if (strcmp(member_name, name) == 0) {
            uint32_t width = btf_member_bitfield_size(type, i);
            uint32_t shift = bits % 8;
            if (shift + width > 8 || (shift != 0 && width == 0))
                return false;
            if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ && width != 0)
                shift = 8 - shift - width;
            *found = (psd_kernel_field){.byte = bits / 8, .shift = (uint8_t)shift, .width = (uint8_t)width};
            return true;
        }
    }
    return false;
}

static const struct btf_type *find_struct(const struct btf *btf, const char *name)
{
    int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
    return id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);
}

int psd_kernel_find_members(const struct btf *btf, const psd_kernel_member *members, size_t count,
                            psd_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct btf_type *type = find_struct(btf, members[i].type);
        if (!type || !find_member(btf, type, 0, members[i].name, members[i].place))
            return psd_error_set(error, PSD_UNIMPLEMENTED, "this kernel's struct %s has no usable %s",
                                 members[i].type, members[i].name);
    }
    return 0;
}

int psd_kernel_struct_size(const struct btf *btf, const char *type, uint32_t *size, psd_error *error)
{
    const struct btf_type *found = find_struct(btf, type);
    if (!found)
        return psd_error_set(error, PSD_UNIMPLEMENTED, "this kernel has no struct %s", type);
    *size = found->size;
    return 0;
}

int psd_kernel_function(const struct btf *btf, const char *name, uint32_t *id, psd_error *error)
{
    int found = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);
    if (found < 0)
        return psd_error_set(error, PSD_UNIMPLEMENTED, "this kernel has no function %s", name);
    *id = (uint32_t)found;
    return 0;
}
