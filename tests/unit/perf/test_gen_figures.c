/* test_gen_figures.c - the figures of several lcores, and that they begin together. */
#include "perf/gen_figures.h"
#include "perf/gen_gate.h"

#include <criterion/criterion.h>

Test(gen_figures, counts_add_up_and_times_are_those_of_the_longest)
{
	static struct gen_figures sum, a, b;
	a.steady_ns = 5000;
	b.steady_ns = 5100;
	a.begun_all = 10;
	b.begun_all = 4;
	a.done[GEN_REFUSED] = 1;
	b.done[GEN_REFUSED] = 2;
	b.lost[GEN_LOSS_RESET] = 3;
	a.cycles_stalled = 7;
	b.records = 9;
	gen_figures_add(&sum, &a);
	gen_figures_add(&sum, &b);
	cr_assert(sum.steady_ns == 5100 && sum.begun_all == 14);
	cr_assert(sum.done[GEN_REFUSED] == 3 && sum.done[GEN_ACCEPTED] == 0);
	cr_assert(sum.lost[GEN_LOSS_RESET] == 3 && sum.cycles_stalled == 7);
	cr_assert(sum.records == 9 && !sum.failure);
}

Test(gen_figures, no_count_is_left_out)
{
	/* But three times, a sentence and the longest latencies. */
	static struct gen_figures sum, one;
	uint64_t *words = (uint64_t *)&one, *sums = (uint64_t *)&sum;
	unsigned doubled = 0, count = sizeof one / sizeof *words;
	for (unsigned i = 0; i < count; i++)
		words[i] = 1;
	one.failure = NULL;
	gen_figures_add(&sum, &one);
	gen_figures_add(&sum, &one);
	for (unsigned i = 0; i < count; i++)
		doubled += sums[i] == 2;
	cr_assert(doubled == count - 6, "%u of %u", doubled, count);
}

Test(gen_figures, the_first_failure_is_told)
{
	static struct gen_figures sum, good, bad = {.failure = "a"}, worse = {.failure = "b"};
	gen_figures_add(&sum, &good);
	gen_figures_add(&sum, &bad);
	gen_figures_add(&sum, &worse);
	cr_assert(sum.failure == bad.failure);
}

Test(gen_figures, nobody_begins_before_the_last_is_there)
{
	struct gen_gate gate = {.count = 3};
	gen_gate_enter(&gate, 100);
	gen_gate_enter(&gate, 200);
	cr_assert(gen_gate_start_ns(&gate) == 0 && !gen_gate_is_shut(&gate));
	gen_gate_enter(&gate, 300);
	cr_assert(gen_gate_start_ns(&gate) == 300);
}

Test(gen_figures, nobody_begins_when_one_could_not)
{
	struct gen_gate gate = {.count = 2};
	gen_gate_enter(&gate, 100);
	gen_gate_shut(&gate);
	cr_assert(gen_gate_is_shut(&gate) && gen_gate_start_ns(&gate) == 0);
}
