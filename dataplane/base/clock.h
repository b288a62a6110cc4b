/* clock.h - the time seam. One implementation is linked: clock_linux.c in the programs,
 * tests/sim/sim_clock.c in the simulator. Nothing else asks the machine for the time.
 *
 * Core: any. A turn reads the clock once and passes `now_ns`, or its moment, on.
 */
#ifndef PENSTOCK_CLOCK_H
#define PENSTOCK_CLOCK_H

#include "dataplane/base/base.h"
#include "dataplane/base/cycles.h"

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* Both clocks, read together. */
struct moment {
	uint64_t ns;     /* clock_now_ns(); a poller's: without its absences (own_clock.h) */
	int64_t wall_ms; /* clock_wall_ms() */
};

/* Nanoseconds since some fixed start; never goes back. */
uint64_t clock_now_ns(void);

/* Milliseconds since 1970 UTC, as record timestamps count them. */
int64_t clock_wall_ms(void);

#endif
