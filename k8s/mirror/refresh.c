/* refresh.c - the condition NodeRefreshFlag: the bridge is alive. */
#include <stdio.h>

#include "k8s/mirror/rows.h"

void psd_want_refresh(const psd_mirror_source *source PSD_UNUSED, psd_wanted_condition *wanted)
{
    wanted->known = true;
    wanted->status = "True";
    snprintf(wanted->reason, sizeof(wanted->reason), "Refresh");
    snprintf(wanted->message, sizeof(wanted->message), "Refresh");
}
