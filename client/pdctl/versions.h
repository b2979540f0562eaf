/* versions.h - handlers of the commands about database versions, and what they share. */
#ifndef PSD_CLIENT_PDCTL_VERSIONS_H
#define PSD_CLIENT_PDCTL_VERSIONS_H

#include "client/pdctl/command.h"
#include "polarstack/v1/core_version.pb-c.h"

/* "PRESENT", "ABSENT", "UNKNOWN", and "UNKNOWN (was PRESENT)" when it was ever
 * told. */
psd_cli_color psd_cli_add_presence(Polarstack__V1__Presence presence, Polarstack__V1__Presence last_known,
                                   psd_text *out);

/* The images of IT that have PRESENCE. */
size_t psd_cli_count_images(const Polarstack__V1__CoreVersion *it, Polarstack__V1__Presence presence);

/* "version 15.2 is ABSENT: 1 of 3 images is not on this host" */
psd_cli_color psd_cli_add_version_summary(const Polarstack__V1__CoreVersion *it, psd_text *out);

/* All about IT, which ANSWER holds, as lines, seen at NOW_MS (Unix): what is
 * there, since when, how that is known, and what to do. */
void psd_cli_add_version_details(const Polarstack__V1__CoreVersionAvailability *answer,
                                 const Polarstack__V1__CoreVersion *it, int64_t now_ms, psd_text *out);

/* Handlers. */
int psd_cli_why_version(psd_cli_call *call, psd_error *error);
int psd_cli_check_versions(psd_cli_call *call, psd_error *error);

#endif
