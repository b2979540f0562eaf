#include "server/scan/net/speed.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/cleanup.h"

/* How many words the kernel's bit maps have is learned by a first question
 * with none, which it answers by the negative number. */
uint32_t psd_nic_speed(const char *name)
{
    struct {
        struct ethtool_link_settings settings;
        uint32_t maps[3 * INT8_MAX];
    } question = {.settings = {.cmd = ETHTOOL_GLINKSETTINGS}};
    struct ifreq request = {.ifr_data = (void *)&question};
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    PSD_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0 || question.settings.link_mode_masks_nwords >= 0)
        return 0;
    question.settings.link_mode_masks_nwords = (int8_t)-question.settings.link_mode_masks_nwords;
    question.settings.cmd = ETHTOOL_GLINKSETTINGS;
    if (ioctl(fd, SIOCETHTOOL, &request) < 0 || question.settings.speed == (uint32_t)SPEED_UNKNOWN)
        return 0;
    return question.settings.speed;
}
