/* sim_times.h - which record of a partition is the first that is not older than a time, read
 * out of its log files as they are now: the oracle of ListOffsets. */
#ifndef PENSTOCK_SIM_TIMES_H
#define PENSTOCK_SIM_TIMES_H

#include "tests/sim/sim.h"

struct sim_times {
	int64_t end;            /* offset behind the last record in the files */
	int64_t first, time;    /* of the first record not older than asked for; -1: none */
	int64_t newest;         /* the newest time below `until`; -1: none */
};

void sim_times_read(const char *log_dir, const char *topic, int32_t partition,
		    int64_t timestamp, int64_t until, struct sim_times *ret);

#endif
