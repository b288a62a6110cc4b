/* lap.h - where the cycles of a core's turn went, stage by stage.
 *
 *     laps_begin ─ stage ─ lap(A) ─ stage ─ lap(B) ... laps_end: busy? added to the counters
 *
 * Each lap gives the cycles since the one before to its stage; those that `aside` grew by in
 * between (the driver's, which is called from within stages) belong to none. One reading of
 * the counter per stage and turn: about 25 cycles, which the stage's own figure includes.
 *
 * Core: the one that turns.
 */
#ifndef PENSTOCK_LAP_H
#define PENSTOCK_LAP_H

#include "dataplane/base/clock.h"
#include "dataplane/base/stats.h"

enum {
	LAP_FIRST = STAT_cycles_ack,
	LAP_STAGES = STAT_cycles_complete - STAT_cycles_ack + 1,
};

struct laps {
	uint64_t began;
	uint64_t at;
	uint64_t aside_began;
	uint64_t aside;
	uint64_t cycles[LAP_STAGES];
};

/* `aside` always: how many cycles have ever gone into what is counted apart. */
static inline void laps_begin(struct laps *l, uint64_t aside)
{
	memset(l, 0, sizeof *l);
	l->began = l->at = clock_cycles();
	l->aside_began = l->aside = aside;
}

static inline void lap(struct laps *l, enum stat_id stage, uint64_t aside)
{
	uint64_t now = clock_cycles();
	l->cycles[stage - LAP_FIRST] += now - l->at - (aside - l->aside);
	l->at = now;
	l->aside = aside;
}

/* Cycles of the turn that went aside. */
static inline uint64_t laps_aside(const struct laps *l)
{
	return l->aside - l->aside_began;
}

/* An idle turn is only idle, or (`is_waiting`) stalled, whatever its stages looked at. */
static inline void laps_end(const struct laps *l, struct stats *s, bool is_busy, bool is_waiting)
{
	enum stat_id idle = is_waiting ? STAT_cycles_stalled : STAT_cycles_idle;
	stats_add(s, STAT_turns, 1);
	stats_add(s, STAT_turns_busy, is_busy);
	stats_add(s, is_busy ? STAT_cycles_busy : idle, l->at - l->began);
	if (is_busy)
		for (unsigned i = 0; i < LAP_STAGES; i++)
			stats_add(s, (enum stat_id)(LAP_FIRST + i), l->cycles[i]);
}

#endif
