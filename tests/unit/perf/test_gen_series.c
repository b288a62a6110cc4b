/* test_gen_series.c - what happened in each second, of one lcore and of several. */
#include "perf/gen_series.h"

#include <criterion/criterion.h>

Test(gen_series, a_second_is_the_difference_of_its_marks)
{
	static struct gen_series s;
	gen_series_mark(&s, &(struct gen_tally){.given = 5, .accepted = 3});
	gen_series_mark(&s, &(struct gen_tally){.given = 9, .accepted = 3, .lost = 2});
	gen_series_mark(&s, &(struct gen_tally){.given = 9, .accepted = 8, .lost = 2});
	struct gen_tally first = gen_series_grown(&s, 0), second = gen_series_grown(&s, 1);
	cr_assert(first.given == 4 && first.accepted == 0 && first.lost == 2);
	cr_assert(second.given == 0 && second.accepted == 5 && second.lost == 0);
}

Test(gen_series, lcores_add_up_and_one_that_ended_early_does_not_take_seconds_away)
{
	static struct gen_series sum, one, two;
	for (uint64_t i = 0; i < 4; i++)
		gen_series_mark(&one, &(struct gen_tally){.begun = 10 * i, .refused = i});
	for (uint64_t i = 0; i < 2; i++)
		gen_series_mark(&two, &(struct gen_tally){.begun = 7 * i});
	histogram_add(&one.latency[2], 100);
	histogram_add(&two.latency[0], 100);
	gen_series_add(&sum, &one);
	gen_series_add(&sum, &two);
	cr_assert(sum.marked == 4 && gen_series_grown(&sum, 0).begun == 17);
	for (uint32_t i = 1; i < 3; i++)
		cr_assert(gen_series_grown(&sum, i).begun == 10);
	gen_series_add(&two, &one);
	cr_assert(two.marked == 4 && gen_series_grown(&two, 1).begun == 10);
	cr_assert(sum.latency[0].count == 1 && sum.latency[2].count == 1);
}

Test(gen_series, marks_beyond_the_last_second_are_left_out)
{
	static struct gen_series s;
	for (uint64_t i = 0; i < GEN_SECONDS_MAX + 9; i++)
		gen_series_mark(&s, &(struct gen_tally){.given = i});
	cr_assert(s.marked == GEN_SECONDS_MAX + 1);
	cr_assert(gen_series_grown(&s, GEN_SECONDS_MAX - 1).given == 1);
}
