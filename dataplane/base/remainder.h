/* remainder.h - x % d without a division, for a divisor that stays the same.
 *
 *     magic = ceil(2^64 / d);   x % d = (magic * x mod 2^64) * d / 2^64
 *
 * Exact for all 32-bit x and d: Lemire, Kaser, Kurz, "Faster remainder by direct computation",
 * 2019. DPDK's rte_reciprocal.h does the like; ingest, whose table this is for, is below it. */
#ifndef PENSTOCK_REMAINDER_H
#define PENSTOCK_REMAINDER_H

#include "dataplane/base/base.h"

/* `divisor` is not 0. */
static inline uint64_t remainder_magic(uint32_t divisor)
{
	return UINT64_MAX / divisor + 1;
}

static inline uint32_t remainder_of(uint32_t x, uint32_t divisor, uint64_t magic)
{
	return (uint32_t)((unsigned __int128)(magic * x) * divisor >> 64);
}

#endif
