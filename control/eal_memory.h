/* eal_memory.h - whether DPDK's memory can lie on huge pages, found out by doing it.
 *
 * Numbers of free pages say what the host has, not what this process may have: a control group
 * that forbids them lets them be mapped and ends whoever touches them with SIGBUS. So they are
 * mapped and touched once, and given back. Core: control, at start.
 */
#ifndef PENSTOCK_EAL_MEMORY_H
#define PENSTOCK_EAL_MEMORY_H

#include "dataplane/base/base.h"

/* True when `mib` MiB of huge pages can be had, and `files` descriptors are left beside the
 * one that DPDK keeps per page. Else false, with the cause and the mend in `reason`. */
bool eal_huge_pages_try(unsigned mib, unsigned files, char *reason, size_t size);

#endif
