/* sim_storm.h - a storm: many clients, of whom each seed measures what the gateway takes, offer ten
 * times as much for a while, and whether they are answered then, and after.
 *
 *     saturated   each waits for a few answers before it goes on: what comes is the capacity
 *     storm       whatever is answered, they offer ten times as much
 *     behind it   a tenth of the capacity
 *
 * In the storm as much is answered as before it, by slices of it. No request waits longer than
 * what lay before it takes; no connection is lost. Behind it a request soon takes no longer than
 * it did before, and the gateway stops in order.
 */
#ifndef PENSTOCK_SIM_STORM_H
#define PENSTOCK_SIM_STORM_H

#include "tests/sim/sim_run.h"

/* Returns how many lives the gateway had: one. */
unsigned storm(struct run *r);

#endif
