/* wheel.h - hashed timer wheel: O(1) to arm, re-arm and cancel, budgeted expiry.
 *
 *     level 0: 512 slots of 1 ms      level 1: 512 slots of 256 ms     level 2: 512 x 65.5 s
 *
 * A timer is a node inside its object. Deadlines are rounded up to the next tick; a timer
 * beyond the last level (9.3 h) waits there and is re-placed. Core: the owner's only.
 *
 * A coarse slot is spread over the finer levels before its range begins: from the moment the
 * range in front of it does, for which a level has twice the slots that make one of the next.
 * Cost of a call: WHEEL_MOVES_MAX timers of each coarse level, however many lie in one slot,
 * and the ticks since the last call. No timer fires early. One at place n of those that wait to
 * be spread is in its place n / WHEEL_MOVES_MAX calls later; that is late only when these calls
 * took longer than the range in front, 256 ms or 65.5 s. Who is due already fires meanwhile.
 *
 * Why not rte_timer: 2-6 us per re-arm at 100 k to 1 M timers against 13-58 ns here
 * (measured; see docs/decisions/).
 */
#ifndef PENSTOCK_WHEEL_H
#define PENSTOCK_WHEEL_H

#include "dataplane/base/list.h"

enum {
	WHEEL_LEVELS = 3,
	WHEEL_SLOTS = 512,
	WHEEL_MOVES_MAX = 64,
	WHEEL_TICK_NS = 1000000,
};

struct timer {
	struct list node;
	uint64_t deadline_tick; /* 0 when not armed */
};

struct wheel {
	struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
	struct list spreading[WHEEL_LEVELS]; /* of coarse slots, on their way to finer ones */
	uint32_t moved[WHEEL_LEVELS];        /* of `spreading`, in this call */
	uint64_t now_tick;
	uint32_t armed;
};

void wheel_init(struct wheel *w, uint64_t now_ns);

static inline void timer_init(struct timer *t)
{
	list_init(&t->node);
	t->deadline_tick = 0;
}

static inline bool timer_is_armed(const struct timer *t)
{
	return t->deadline_tick != 0;
}

/* Arm or re-arm; a deadline already past fires at the next advance. */
void wheel_arm(struct wheel *w, struct timer *t, uint64_t deadline_ns);
void wheel_cancel(struct wheel *w, struct timer *t);

/* Takes up to `max` timers due at `now_ns` out of the wheel (they are no longer armed) into
 * `due`; returns how many. More may be due: they come at the next calls. */
unsigned wheel_advance(struct wheel *w, uint64_t now_ns, struct timer **due, unsigned max);

/* Nanoseconds from `now_ns` to the next tick at which something may be due, at most
 * `limit_ns`; 0 while a coarse slot is being spread. */
uint64_t wheel_idle_ns(const struct wheel *w, uint64_t now_ns, uint64_t limit_ns);

#endif
