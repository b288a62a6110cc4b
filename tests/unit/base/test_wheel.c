/* test_wheel.c - the timer wheel against a plain model. */
#include "dataplane/base/wheel.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum {
	TIMERS = 2000,
	MANY = 1000000,
};

Test(wheel, fires_at_its_tick_and_never_early)
{
	static struct wheel w;
	struct timer t;
	timer_init(&t);
	wheel_init(&w, 5 * NS_PER_S);
	wheel_arm(&w, &t, 5 * NS_PER_S + 10 * NS_PER_MS);
	struct timer *due[4];
	cr_assert(wheel_advance(&w, 5 * NS_PER_S + 10 * NS_PER_MS, due, 4) == 0);
	cr_assert(wheel_advance(&w, 5 * NS_PER_S + 11 * NS_PER_MS, due, 4) == 1);
	cr_assert(due[0] == &t && !timer_is_armed(&t));
}

Test(wheel, budget_leaves_the_rest_for_the_next_call)
{
	static struct wheel w;
	struct timer t[5];
	struct timer *due[2];
	wheel_init(&w, 0);
	for (int i = 0; i < 5; i++) {
		timer_init(&t[i]);
		wheel_arm(&w, &t[i], NS_PER_MS);
	}
	unsigned got = 0, n;
	while ((n = wheel_advance(&w, NS_PER_S, due, 2)) > 0)
		got += n;
	cr_assert(got == 5 && w.armed == 0);
}

Test(wheel, random_arm_rearm_cancel_agrees_with_a_model)
{
	static struct wheel w;
	static struct timer timers[TIMERS];
	static uint64_t deadline[TIMERS];
	uint64_t now = 77 * NS_PER_MS;
	srand(1);
	wheel_init(&w, now);
	for (int i = 0; i < TIMERS; i++)
		timer_init(&timers[i]);
	for (int step = 0; step < 20000; step++) {
		int i = rand() % TIMERS;
		if (rand() % 4 == 0) {
			wheel_cancel(&w, &timers[i]);
			deadline[i] = 0;
		} else {
			uint64_t span = 1ull << (rand() % 37);
			deadline[i] = now + (uint64_t)rand() % span + 1;
			wheel_arm(&w, &timers[i], deadline[i]);
		}
		now += (uint64_t)(rand() % 3) * NS_PER_MS * (rand() % 100 == 0 ? 5000 : 1);
		struct timer *due[64];
		unsigned n;
		while ((n = wheel_advance(&w, now, due, 64)) > 0)
			for (unsigned k = 0; k < n; k++) {
				long at = due[k] - timers;
				cr_assert(deadline[at] && deadline[at] <= now, "early: %ld", at);
				deadline[at] = 0;
			}
		for (int k = 0; k < TIMERS; k += 97)
			cr_assert(!deadline[k] || deadline[k] + 2 * WHEEL_TICK_NS > now,
				  "late: %d", k);
	}
}

Test(wheel, idle_time_ends_at_the_next_deadline)
{
	static struct wheel w;
	struct timer t;
	timer_init(&t);
	wheel_init(&w, 0);
	cr_assert(wheel_idle_ns(&w, 0, NS_PER_S) == NS_PER_S);
	wheel_arm(&w, &t, 20 * NS_PER_MS);
	uint64_t idle = wheel_idle_ns(&w, 0, NS_PER_S);
	cr_assert(idle > 19 * NS_PER_MS && idle <= 21 * NS_PER_MS);
}

Test(wheel, idle_time_never_passes_a_deadline)
{
	static struct wheel w;
	for (uint64_t start = 0; start < 600; start += 7)
		for (uint64_t after = 1; after < 1500; after += 13) {
			struct timer t;
			struct timer *due[1];
			uint64_t now = start * NS_PER_MS, deadline = now + after * NS_PER_MS;
			timer_init(&t);
			wheel_init(&w, now);
			wheel_arm(&w, &t, deadline);
			while (wheel_advance(&w, now, due, 1) == 0) {
				cr_assert(now <= deadline + 2 * NS_PER_MS, "overslept");
				uint64_t idle = wheel_idle_ns(&w, now, 10 * NS_PER_S);
				now += idle ? idle : NS_PER_MS / 4;
			}
		}
}

/* ---- a full coarse slot ---------------------------------------------------------------- */

struct crowd {
	struct wheel wheel;
	struct timer *timers;
	uint64_t *deadlines;
	unsigned fired;
	uint64_t late_ns; /* the latest */
};

/* A million timers, deadlines spread over `span` from `first` on. */
static void crowd_arm(struct crowd *c, uint64_t first, uint64_t span)
{
	c->timers = calloc(MANY, sizeof *c->timers);
	c->deadlines = calloc(MANY, sizeof *c->deadlines);
	cr_assert(c->timers && c->deadlines);
	wheel_init(&c->wheel, 0);
	for (unsigned i = 0; i < MANY; i++) {
		timer_init(&c->timers[i]);
		c->deadlines[i] = first + span / MANY * i;
		wheel_arm(&c->wheel, &c->timers[i], c->deadlines[i]);
	}
}

static void crowd_free(struct crowd *c)
{
	free(c->timers);
	free(c->deadlines);
}

/* Timers the last call took from coarse slots. */
static unsigned crowd_moved(const struct crowd *c)
{
	unsigned moved = 0;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		moved += c->wheel.moved[level];
	return moved;
}

/* One call; what it does is bounded, and nothing is early. */
static void crowd_turn(struct crowd *c, uint64_t now)
{
	struct timer *due[64];
	unsigned n = wheel_advance(&c->wheel, now, due, array_len(due));
	cr_assert(crowd_moved(c) <= (WHEEL_LEVELS - 1) * WHEEL_MOVES_MAX);
	for (unsigned k = 0; k < n; k++) {
		uint64_t deadline = c->deadlines[due[k] - c->timers];
		cr_assert(deadline <= now, "early");
		c->late_ns = max_u64(c->late_ns, now - deadline);
	}
	c->fired += n;
}

/* The keepalive timers of a million connections: the slot is spread while the range in front
 * of it lasts, a little in each call. */
Test(wheel, a_million_timers_in_one_slot_are_spread_in_time)
{
	const uint64_t range = 65536 * NS_PER_MS;
	struct crowd c = {0};
	crowd_arm(&c, 3 * range, range);
	for (uint64_t now = 0; c.fired < MANY; now += NS_PER_MS) {
		crowd_turn(&c, now);
		cr_assert(now < 5 * range, "%u fired", c.fired);
	}
	cr_assert(c.late_ns <= 2 * WHEEL_TICK_NS, "%lu ns", c.late_ns);
	cr_assert(c.wheel.armed == 0);
	crowd_free(&c);
}

/* The clock jumps over all of the slot: it takes as many calls as the slot has budgets, and the
 * core does not sleep meanwhile. */
Test(wheel, a_million_timers_overslept_are_late_by_the_budget)
{
	struct crowd c = {0};
	uint64_t first = 200 * NS_PER_S, now = 400 * NS_PER_S;
	unsigned calls = 0;
	crowd_arm(&c, first, 256 * NS_PER_MS);
	for (; c.fired < MANY; calls++) {
		crowd_turn(&c, now);
		cr_assert(c.fired == MANY || wheel_idle_ns(&c.wheel, now, NS_PER_S) == 0);
	}
	cr_assert(calls <= MANY / WHEEL_MOVES_MAX + 2, "%u calls", calls);
	crowd_free(&c);
}

Test(wheel, who_is_due_fires_while_a_slot_is_being_spread)
{
	struct crowd c = {0};
	struct timer near;
	struct timer *due[64];
	uint64_t now = 200 * NS_PER_S;
	timer_init(&near);
	crowd_arm(&c, now + 70 * NS_PER_S, NS_PER_S);
	while (list_is_empty(&c.wheel.spreading[2]))
		cr_assert(wheel_advance(&c.wheel, now += NS_PER_MS, due, 64) == 0);
	wheel_arm(&c.wheel, &near, now + NS_PER_MS);
	cr_assert(wheel_advance(&c.wheel, now + 2 * NS_PER_MS, due, 64) == 1);
	cr_assert(due[0] == &near && !list_is_empty(&c.wheel.spreading[2]));
	crowd_free(&c);
}

Test(wheel, timers_of_a_slot_being_spread_can_be_cancelled_and_armed_again)
{
	struct crowd c = {0};
	struct timer *due[64];
	uint64_t first = 200 * NS_PER_S, now = 0;
	crowd_arm(&c, first, NS_PER_S);
	while (list_is_empty(&c.wheel.spreading[2]))
		cr_assert(wheel_advance(&c.wheel, now += NS_PER_MS, due, 64) == 0);
	for (unsigned i = 0; i < MANY; i += 2)
		wheel_cancel(&c.wheel, &c.timers[i]);
	for (unsigned i = 1; i < MANY; i += 2) {
		c.deadlines[i] = now + i % 100 * NS_PER_MS;
		wheel_arm(&c.wheel, &c.timers[i], c.deadlines[i]);
	}
	cr_assert(list_is_empty(&c.wheel.spreading[2]) && c.wheel.armed == MANY / 2);
	for (now += 100 * NS_PER_MS; c.fired < MANY / 2;)
		crowd_turn(&c, now += WHEEL_TICK_NS);
	cr_assert(c.wheel.armed == 0);
	crowd_free(&c);
}
