/* gen_schedule.h - when message j of an open loop is due: start + j / rate, or, in bursts, at
 * the start of the period that falls in. The rate may change at times told beforehand.
 *
 *     rate 4/s       j: 0 . 1 . 2 . 3 . 4 . 5 . 6 . 7        0, 250, 500 ... ms
 *     burst of 1 s      0123 . . . . .  4567 . . . . .       0, 0, 0, 0, 1000 ... ms
 *     2/s from 1 s   j: 0 . 1 . 2 . 3 . 4 . . . 5 . . . 6    0, 250 ... 1000, 1500 ... ms
 *
 * Of connection c of N it is every Nth message: number k of it is message k * N + c.
 * Exact to a nanosecond while the schedule is shorter than a month (2^52 ns are 52 days).
 *
 * Core: any; no state beside the numbers.
 */
#ifndef PENSTOCK_GEN_SCHEDULE_H
#define PENSTOCK_GEN_SCHEDULE_H

#include "dataplane/base/base.h"
#include "dataplane/base/require.h"

enum { GEN_STEPS_MAX = 32 };

/* From its first message on another rate holds. */
struct gen_change {
	uint64_t first;
	double from_s, rate;
};

struct gen_schedule {
	uint64_t start_ns;
	double rate;    /* messages per second, above 0 */
	double burst_s; /* 0: none; with changes always none */
	unsigned change_count;
	struct gen_change changes[GEN_STEPS_MAX];
};

/* Another rate from `from_s` after the start on, which lies behind all earlier changes. */
static inline void gen_schedule_change(struct gen_schedule *s, double from_s, double rate)
{
	struct gen_change last = {.rate = s->rate};
	require(s->change_count < GEN_STEPS_MAX);
	if (s->change_count)
		last = s->changes[s->change_count - 1];
	uint64_t before = (uint64_t)((from_s - last.from_s) * last.rate);
	s->changes[s->change_count++] =
		(struct gen_change){last.first + before, from_s, rate};
}

static inline uint64_t gen_schedule_due_ns(const struct gen_schedule *s, uint64_t message)
{
	for (unsigned i = s->change_count; i-- > 0;) {
		const struct gen_change *c = &s->changes[i];
		if (message >= c->first)
			return s->start_ns +
			       (uint64_t)((c->from_s + (double)(message - c->first) / c->rate) *
					  1e9);
	}
	double j = (double)message, second = j / s->rate;
	/* Counted in messages: 0.3 s would fall short of the third burst of 0.1 s. */
	if (s->burst_s > 0)
		second = (double)(uint64_t)(j / (s->rate * s->burst_s)) * s->burst_s;
	return s->start_ns + (uint64_t)(second * 1e9);
}

#endif
