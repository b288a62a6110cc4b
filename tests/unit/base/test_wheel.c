/* test_wheel.c - the timer wheel against a plain model. */
#include "dataplane/base/wheel.h"
#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { TIMERS = 2000 };

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
