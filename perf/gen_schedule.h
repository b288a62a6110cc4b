/* gen_schedule.h - when message j of an open loop is due: start + j / rate, or, in bursts, at
 * the start of the period that falls in.
 *
 *     rate 4/s       j: 0 . 1 . 2 . 3 . 4 . 5 . 6 . 7        0, 250, 500 ... ms
 *     burst of 1 s      0123 . . . . .  4567 . . . . .       0, 0, 0, 0, 1000 ... ms
 *
 * Of connection c of N it is every Nth message: number k of it is message k * N + c.
 * Exact to a nanosecond while the schedule is shorter than a month (2^52 ns are 52 days).
 *
 * Core: any; no state beside the numbers.
 */
#ifndef PENSTOCK_GEN_SCHEDULE_H
#define PENSTOCK_GEN_SCHEDULE_H

#include "dataplane/base/base.h"

struct gen_schedule {
	uint64_t start_ns;
	double rate;    /* messages per second, above 0 */
	double burst_s; /* 0: none */
};

static inline uint64_t gen_schedule_due_ns(const struct gen_schedule *s, uint64_t message)
{
	double j = (double)message, second = j / s->rate;
	/* Counted in messages: 0.3 s would fall short of the third burst of 0.1 s. */
	if (s->burst_s > 0)
		second = (double)(uint64_t)(j / (s->rate * s->burst_s)) * s->burst_s;
	return s->start_ns + (uint64_t)(second * 1e9);
}

#endif
