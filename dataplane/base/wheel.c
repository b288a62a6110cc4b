/* wheel.c - hashed timer wheel; see wheel.h. */
#include "dataplane/base/wheel.h"
#include "dataplane/base/require.h"

enum { SLOT_BITS = 8 };
static_assert(1 << SLOT_BITS == WHEEL_SLOTS, "a level is one byte of the tick");

void wheel_init(struct wheel *w, uint64_t now_ns)
{
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slots[level][slot]);
	w->now_tick = now_ns / WHEEL_TICK_NS;
	w->armed = 0;
}

/* The slot where a timer of this deadline waits: the finest level that reaches it. */
static struct list *wheel_slot(struct wheel *w, uint64_t tick)
{
	uint64_t ahead = tick - w->now_tick;
	unsigned level = 0;
	while (level + 1 < WHEEL_LEVELS && ahead >> (SLOT_BITS * (level + 1)))
		level++;
	if (ahead >> (SLOT_BITS * WHEEL_LEVELS))
		tick = w->now_tick + (1ull << (SLOT_BITS * WHEEL_LEVELS)) - 1;
	return &w->slots[level][(tick >> (SLOT_BITS * level)) % WHEEL_SLOTS];
}

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

/* Spreads a coarser slot over the finer levels once its time range begins. */
static void wheel_cascade(struct wheel *w, unsigned level)
{
	struct list moving;
	list_init(&moving);
	list_splice(&moving, &w->slots[level][(w->now_tick >> (SLOT_BITS * level)) % WHEEL_SLOTS]);
	for (struct list *n; (n = list_take_first(&moving));) {
		struct timer *t = list_entry(n, struct timer, node);
		list_append(wheel_slot(w, t->deadline_tick), &t->node);
	}
}

static void wheel_tick(struct wheel *w)
{
	w->now_tick++;
	for (unsigned level = 1; level < WHEEL_LEVELS; level++) {
		if (w->now_tick % (1ull << (SLOT_BITS * level)))
			break;
		wheel_cascade(w, level);
	}
}

unsigned wheel_advance(struct wheel *w, uint64_t now_ns, struct timer **due, unsigned max)
{
	uint64_t target = now_ns / WHEEL_TICK_NS;
	unsigned count = 0;
	if (w->armed == 0 && target > w->now_tick)
		w->now_tick = target;
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

uint64_t wheel_idle_ns(const struct wheel *w, uint64_t now_ns, uint64_t limit_ns)
{
	if (w->armed == 0)
		return limit_ns;
	uint64_t now_tick = max_u64(w->now_tick, now_ns / WHEEL_TICK_NS);
	for (uint64_t tick = w->now_tick; tick <= w->now_tick + WHEEL_SLOTS; tick++) {
		bool boundary = tick > w->now_tick && tick % WHEEL_SLOTS == 0;
		if (!boundary && list_is_empty(&w->slots[0][tick % WHEEL_SLOTS]))
			continue;
		if (tick <= now_tick)
			return 0;
		return min_u64(limit_ns, tick * WHEEL_TICK_NS - now_ns);
	}
	return limit_ns;
}
