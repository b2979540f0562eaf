#include "common/footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/macros.h"

/* Code that is not written to is the file's content: dropping it loses nothing. */
static bool is_code(const ElfW(Phdr) * segment)
{
    return segment->p_type == PT_LOAD && (segment->p_flags & PF_X) && !(segment->p_flags & PF_W);
}

static int drop_code(struct dl_phdr_info *library, size_t size PSD_UNUSED, void *arg PSD_UNUSED)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < library->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &library->dlpi_phdr[i];
        if (!is_code(segment))
            continue;
        /* Whole pages inside the segment; the vDSO is no file, and refuses. */
        uintptr_t begin = (library->dlpi_addr + segment->p_vaddr + page - 1) / page * page;
        uintptr_t end = (library->dlpi_addr + segment->p_vaddr + segment->p_filesz) / page * page;
        if (end > begin)
            madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void psd_footprint_trim(void)
{
    malloc_trim(0);
    dl_iterate_phdr(drop_code, NULL);
}
