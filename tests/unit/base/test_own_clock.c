/* test_own_clock.c - a clock that stands still while its core is away. */
#include "dataplane/base/own_clock.h"

#include <criterion/criterion.h>

enum { START_NS = 1000, SECOND_NS = 1000000000 };

static struct own_clock clock_of_a_core;

static uint64_t turn(uint64_t machine_ns)
{
	own_clock_turn(&clock_of_a_core, machine_ns);
	return own_clock_ns(&clock_of_a_core, machine_ns);
}

Test(own_clock, goes_with_the_machine_while_turns_follow_each_other)
{
	uint64_t at = START_NS;
	for (unsigned i = 0; i < 100; i++, at += OWN_CLOCK_LATE_NS)
		cr_assert(turn(at) == at);
	cr_assert(clock_of_a_core.away_ns == 0);
}

Test(own_clock, stands_still_while_the_core_is_away)
{
	turn(START_NS);
	cr_assert(own_clock_turn(&clock_of_a_core, START_NS + 7ull * SECOND_NS) ==
		  7ull * SECOND_NS);
	cr_assert(own_clock_ns(&clock_of_a_core, START_NS + 7ull * SECOND_NS) == START_NS);
	cr_assert(turn(START_NS + 7ull * SECOND_NS + 5) == START_NS + 5);
}

Test(own_clock, a_sleep_is_no_absence_and_what_follows_it_is_one)
{
	turn(START_NS);
	own_clock_rest(&clock_of_a_core, START_NS + SECOND_NS);
	cr_assert(turn(START_NS + SECOND_NS) == START_NS + SECOND_NS);
	own_clock_rest(&clock_of_a_core, START_NS + 2ull * SECOND_NS);
	cr_assert(turn(START_NS + 5ull * SECOND_NS) == START_NS + 2ull * SECOND_NS);
}

Test(own_clock, who_is_woken_early_has_not_slept_the_rest)
{
	turn(START_NS);
	own_clock_rest(&clock_of_a_core, START_NS + SECOND_NS);
	cr_assert(turn(START_NS + 10) == START_NS + 10);
	cr_assert(own_clock_turn(&clock_of_a_core, START_NS + SECOND_NS) == SECOND_NS - 10);
}

/* Between its creation and its first turn a core is not there yet. */
Test(own_clock, the_first_turn_is_never_late)
{
	cr_assert(own_clock_turn(&clock_of_a_core, 5ull * SECOND_NS) == 0);
}
