/* cycles.h - the part of the time seam (clock.h) that DPDK's headers do not clash with.
 *
 * Core: any.
 */
#ifndef PENSTOCK_CYCLES_H
#define PENSTOCK_CYCLES_H

#include <stdint.h>

/* The cycle counter (rdtsc), for accounting only. */
uint64_t clock_cycles(void);

#endif
