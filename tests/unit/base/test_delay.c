/* test_delay.c - names wanted after a fixed time, against a plain model. */
#include "dataplane/base/delay.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { NAMES = 500, DELAY_MS = 20 };

Test(delay, a_name_is_due_at_its_time_and_once)
{
	struct delay d;
	cr_assert(delay_init(&d, NAMES, DELAY_MS) == 0);
	uint32_t now = UINT32_MAX - 5; /* the clock wraps meanwhile */
	cr_assert(delay_want(&d, 7, now));
	cr_assert(delay_idle_ms(&d, now, 100) == DELAY_MS);
	cr_assert(delay_idle_ms(&d, now, 5) == 5);
	cr_assert(delay_idle_ms(&d, now + DELAY_MS + 1, 100) == 0);
	cr_assert(delay_due(&d, now) == DELAY_NONE);
	cr_assert(delay_due(&d, now + DELAY_MS - 1) == DELAY_NONE);
	cr_assert(delay_due(&d, now + DELAY_MS) == 7);
	cr_assert(delay_due(&d, now + 10 * DELAY_MS) == DELAY_NONE);
	cr_assert(delay_idle_ms(&d, now, 100) == 100);
	delay_fini(&d);
}

Test(delay, a_dropped_name_does_not_keep_the_next_waiting)
{
	struct delay d;
	cr_assert(delay_init(&d, NAMES, DELAY_MS) == 0);
	for (uint32_t name = 0; name < NAMES; name++)
		cr_assert(delay_want(&d, name, 0));
	for (uint32_t name = 0; name + 1 < NAMES; name++)
		delay_drop(&d, name);
	unsigned calls = 0;
	uint32_t due = DELAY_NONE;
	while (due == DELAY_NONE && calls++ < NAMES)
		due = delay_due(&d, DELAY_MS);
	cr_assert(due == NAMES - 1);
	cr_assert(calls >= NAMES / 64, "what one call passes over is bounded");
	delay_fini(&d);
}

Test(delay, a_name_takes_one_place_however_often_it_is_dropped)
{
	struct delay d;
	cr_assert(delay_init(&d, NAMES, DELAY_MS) == 0);
	for (unsigned i = 0; i < 10 * NAMES; i++) {
		cr_assert(delay_want(&d, 7, 0));
		delay_drop(&d, 7);
	}
	cr_assert(d.count == 1);
	delay_fini(&d);
}

Test(delay, a_full_ring_says_so)
{
	struct delay d;
	uint32_t names = 1 << 19, taken = 0;
	cr_assert(delay_init(&d, names, DELAY_MS) == 0);
	while (taken < names && delay_want(&d, taken, 0))
		taken++;
	cr_assert(taken == 1 << 18);
	cr_assert(delay_want(&d, 0, 0), "one that is there already stays");
	cr_assert(delay_due(&d, DELAY_MS) == 0);
	cr_assert(delay_want(&d, taken, 0));
	delay_fini(&d);
}

/* Every name that stays wanted is shown, at most its delay after it was wanted last, and no name
 * that is not wanted is. */
Test(delay, random_wants_and_drops_agree_with_a_model)
{
	struct delay d;
	static bool is_wanted[NAMES];
	static uint32_t since[NAMES];
	cr_assert(delay_init(&d, NAMES, DELAY_MS) == 0);
	srand(1);
	for (uint32_t now = 0; now < 20000; now++) {
		uint32_t name = (uint32_t)rand() % NAMES;
		if (rand() % 3) {
			cr_assert(delay_want(&d, name, now));
			since[name] = is_wanted[name] ? since[name] : now;
			is_wanted[name] = true;
		} else {
			delay_drop(&d, name);
			is_wanted[name] = false;
		}
		for (uint32_t due; (due = delay_due(&d, now)) != DELAY_NONE;) {
			cr_assert(is_wanted[due]);
			is_wanted[due] = false;
		}
		for (uint32_t i = 0; i < NAMES; i++)
			cr_assert(!is_wanted[i] || now - since[i] < DELAY_MS);
	}
	delay_fini(&d);
}
