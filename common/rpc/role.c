#include "common/macros.h"
#include "common/rpc/service.h"

const char *psd_role_name(psd_role role)
{
    static const char *const names[] = {"NONE", "READER", "OPERATOR", "ADMIN"};
    return (unsigned)role < PSD_ARRAY_SIZE(names) ? names[role] : "NONE";
}
