/* sim_start.h - where a log starts, by what the gateway has promised on disk.
 *
 * Records below it may be gone, of the topic that loses its old ones; no others.
 */
#ifndef PENSTOCK_SIM_START_H
#define PENSTOCK_SIM_START_H

#include "tests/sim/sim.h"

/* By log-start-offset-checkpoint; 0: it names no start. */
int64_t sim_log_start(const char *topic, int32_t partition);

#endif
