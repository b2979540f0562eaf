/* footprint.h - gives back memory that only the start needed. */
#ifndef PSD_COMMON_FOOTPRINT_H
#define PSD_COMMON_FOOTPRINT_H

/*
 * Loading some thirty libraries (libcurl's) and setting up TLS runs through
 * megabytes of code once. Lets go of the code pages of all libraries, which are
 * files that nobody writes to: those that are needed again come back from the
 * page cache by themselves. Frees unused heap as well.
 */
void psd_footprint_trim(void);

#endif
