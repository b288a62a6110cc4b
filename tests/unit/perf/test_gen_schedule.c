/* test_gen_schedule.c - when the messages of an open loop are due. */
#include "perf/gen_schedule.h"

#include <criterion/criterion.h>

enum { MS = 1000000 };

Test(gen_schedule, messages_are_evenly_spaced_from_the_start)
{
	struct gen_schedule s = {.start_ns = 77, .rate = 4};
	for (uint64_t j = 0; j < 10; j++)
		cr_assert(gen_schedule_due_ns(&s, j) == 77 + j * 250 * MS);
}

Test(gen_schedule, a_rate_that_does_not_divide_a_second_does_not_drift)
{
	struct gen_schedule s = {.rate = 3};
	cr_assert(gen_schedule_due_ns(&s, 1) == 333333333);
	cr_assert(gen_schedule_due_ns(&s, 3) == 1000ull * MS);
	cr_assert(gen_schedule_due_ns(&s, 3ull * 86400 * 30) == 86400ull * 30 * 1000 * MS);
	s.rate = 1234567.5;
	cr_assert(gen_schedule_due_ns(&s, 1234567ull * 2 + 1) == 2000ull * MS);
}

Test(gen_schedule, a_burst_is_due_at_the_start_of_its_period)
{
	struct gen_schedule s = {.rate = 4, .burst_s = 1};
	static const uint64_t due_ms[] = {0, 0, 0, 0, 1000, 1000, 1000, 1000, 2000};
	for (uint64_t j = 0; j < array_len(due_ms); j++)
		cr_assert(gen_schedule_due_ns(&s, j) == due_ms[j] * MS, "%lu", j);
}

Test(gen_schedule, the_last_of_one_burst_is_not_the_first_of_the_next)
{
	struct gen_schedule s = {.rate = 30, .burst_s = 0.1};
	for (uint64_t j = 0; j < 3000; j++)
		cr_assert(gen_schedule_due_ns(&s, j) / MS == j / 3 * 100, "%lu", j);
}

Test(gen_schedule, from_a_change_on_another_rate_holds)
{
	struct gen_schedule s = {.start_ns = 77, .rate = 4};
	gen_schedule_change(&s, 1, 2);
	gen_schedule_change(&s, 2.5, 10);
	static const uint64_t due_ms[] = {0, 250, 500, 750, 1000, 1500, 2000, 2500, 2600};
	for (uint64_t j = 0; j < array_len(due_ms); j++)
		cr_assert(gen_schedule_due_ns(&s, j) == 77 + due_ms[j] * MS, "%lu", j);
	cr_assert(s.changes[0].first == 4 && s.changes[1].first == 7);
}
