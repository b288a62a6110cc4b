/* wheel.c - hashed timer wheel; see wheel.h. */
#include "dataplane/base/wheel.h"
#include "dataplane/base/require.h"

enum {
	SLOT_BITS = 8,
	SLOTS_PER_COARSE = 1 << SLOT_BITS,
};
static_assert(2 * SLOTS_PER_COARSE == WHEEL_SLOTS, "a level reaches to the end of the next range");

void wheel_init(struct wheel *w, uint64_t now_ns)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		list_init(&w->spreading[level]);
		w->moved[level] = 0;
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
	}
	w->now_tick = now_ns / WHEEL_TICK_NS;
	w->armed = 0;
}

/* The slot at `level` of a tick. */
static struct list *slot_at(struct wheel *w, unsigned level, uint64_t tick)
{
	return &w->slots[level][(tick >> (SLOT_BITS * level)) % WHEEL_SLOTS];
}

/* The slot where a timer of this deadline waits: the finest level that reaches it. None that is
 * being spread, or has been, gets a timer: a finer level reaches all of its range. */
static struct list *wheel_slot(struct wheel *w, uint64_t tick)
{
	const unsigned last = WHEEL_LEVELS - 1;
	uint64_t ahead = tick - w->now_tick;
	unsigned level = 0;
	while (level < last && ahead >> (SLOT_BITS * level) >= WHEEL_SLOTS)
		level++;
	if (ahead >> (SLOT_BITS * level) >= WHEEL_SLOTS)
		tick = w->now_tick + ((uint64_t)WHEEL_SLOTS << (SLOT_BITS * last)) - 1;
	return slot_at(w, level, tick);
}

/* The next tick at the earliest: the slot of this one may have been served already. */
void wheel_arm(struct wheel *w, struct timer *t, uint64_t deadline_ns)
{
	uint64_t tick = deadline_ns / WHEEL_TICK_NS + 1;
	if (tick <= w->now_tick)
		tick = w->now_tick + 1;
	if (timer_is_armed(t)) {
		if (t->deadline_tick == tick)
			return;
		list_remove(&t->node);
	} else {
		w->armed++;
	}
	t->deadline_tick = tick;
	list_append(wheel_slot(w, tick), &t->node);
}

void wheel_cancel(struct wheel *w, struct timer *t)
{
	if (!timer_is_armed(t))
		return;
	list_remove(&t->node);
	t->deadline_tick = 0;
	require(w->armed > 0);
	w->armed--;
}

/* Moves timers from coarse slots to where they belong, as many as the call has left. What has
 * become due meanwhile goes to the tick that is served now. */
static void wheel_spread(struct wheel *w, unsigned level)
{
	while (w->moved[level] < WHEEL_MOVES_MAX) {
		struct list *n = list_take_first(&w->spreading[level]);
		if (!n)
			return;
		struct timer *t = list_entry(n, struct timer, node);
		list_append(wheel_slot(w, max_u64(t->deadline_tick, w->now_tick)), n);
		w->moved[level]++;
	}
}

/* Where the range of a coarse slot begins, the slot behind it begins to be spread. */
static void wheel_tick(struct wheel *w)
{
	w->now_tick++;
	for (unsigned level = 1; level < WHEEL_LEVELS; level++) {
		uint64_t range = 1ull << (SLOT_BITS * level);
		if (w->now_tick % range)
			break;
		list_splice(&w->spreading[level], slot_at(w, level, w->now_tick + range));
		wheel_spread(w, level);
	}
}

/* Time is walked tick by tick, so that no slot is passed over; with no timer armed there is
 * none to pass over. */
unsigned wheel_advance(struct wheel *w, uint64_t now_ns, struct timer **due, unsigned max)
{
	uint64_t target = now_ns / WHEEL_TICK_NS;
	unsigned count = 0;
	if (w->armed == 0 && target > w->now_tick)
		w->now_tick = target;
	for (unsigned level = 1; level < WHEEL_LEVELS; level++) {
		w->moved[level] = 0;
		wheel_spread(w, level);
	}
	for (;;) {
		struct list *slot = &w->slots[0][w->now_tick % WHEEL_SLOTS];
		while (count < max && !list_is_empty(slot)) {
			struct timer *t = list_entry(slot->next, struct timer, node);
			wheel_cancel(w, t);
			due[count++] = t;
		}
		if (count == max || w->now_tick >= target)
			return count;
		wheel_tick(w);
	}
}

/* A sleep ends where the next coarse range begins, since the slot behind that is to be spread
 * then; while one is being spread nobody sleeps. */
uint64_t wheel_idle_ns(const struct wheel *w, uint64_t now_ns, uint64_t limit_ns)
{
	if (w->armed == 0)
		return limit_ns;
	for (unsigned level = 1; level < WHEEL_LEVELS; level++)
		if (!list_is_empty(&w->spreading[level]))
			return 0;
	uint64_t now_tick = max_u64(w->now_tick, now_ns / WHEEL_TICK_NS);
	for (uint64_t tick = w->now_tick; tick <= w->now_tick + SLOTS_PER_COARSE; tick++) {
		bool boundary = tick > w->now_tick && tick % SLOTS_PER_COARSE == 0;
		if (!boundary && list_is_empty(&w->slots[0][tick % WHEEL_SLOTS]))
			continue;
		if (tick <= now_tick)
			return 0;
		return min_u64(limit_ns, tick * WHEEL_TICK_NS - now_ns);
	}
	return limit_ns;
}
