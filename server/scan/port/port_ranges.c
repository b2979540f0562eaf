#include "server/scan/port/port_ranges.h"

#include "common/macros.h"
#include "common/thread.h"

void psd_port_ranges_init(psd_port_ranges *ranges, const psd_port_set *always)
{
    pthread_mutex_init(&ranges->mutex, NULL);
    ranges->always = *always;
    ranges->all = *always;
}

bool psd_port_ranges_set_more(psd_port_ranges *ranges, const psd_port_set *more)
{
    PSD_LOCKED(&ranges->mutex);
    psd_port_set all = ranges->always;
    psd_port_range run;
    for (unsigned from = 0; psd_port_set_next(more, from, &run); from = run.last + 1U)
        psd_port_set_add(&all, run.first, run.last);
    bool differs = !psd_port_set_equal(&all, &ranges->all);
    ranges->all = all;
    return differs;
}

void psd_port_ranges_get(psd_port_ranges *ranges, psd_port_set *all)
{
    PSD_LOCKED(&ranges->mutex);
    *all = ranges->all;
}
