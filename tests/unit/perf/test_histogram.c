/* test_histogram.c - the quantiles of known durations. */
#include "perf/histogram.h"

#include <criterion/criterion.h>

Test(histogram, small_durations_are_exact)
{
	static struct histogram h;
	for (uint64_t ns = 1; ns <= 100; ns++)
		histogram_add(&h, ns);
	cr_assert(h.count == 100 && h.max_ns == 100);
	cr_assert(histogram_quantile_ns(&h, 0.5) == 51);
	cr_assert(histogram_quantile_ns(&h, 0.99) == 100);
}

Test(histogram, a_quantile_is_never_better_than_the_truth_and_at_most_a_64th_worse)
{
	static struct histogram h;
	for (uint64_t us = 1; us <= 100000; us++)
		histogram_add(&h, us * 1000);
	static const double shares[] = {0.1, 0.5, 0.9, 0.99, 0.999};
	for (unsigned i = 0; i < array_len(shares); i++) {
		double truth = shares[i] * 1e8;
		double told = (double)histogram_quantile_ns(&h, shares[i]);
		cr_assert(told >= truth && told <= truth * (1 + 1.0 / 64) + 1000,
			  "%f of %f", told, truth);
	}
}

Test(histogram, one_slow_answer_among_a_thousand_is_the_largest)
{
	static struct histogram h;
	for (int i = 0; i < 999; i++)
		histogram_add(&h, 100000);
	histogram_add(&h, 7000000000);
	cr_assert(histogram_quantile_ns(&h, 0.99) < 102000);
	cr_assert(histogram_quantile_ns(&h, 0.999) == 7000000000);
}

Test(histogram, an_hour_counts_as_the_longest_there_is)
{
	static struct histogram h;
	histogram_add(&h, 3600ull * 1000000000);
	cr_assert(histogram_quantile_ns(&h, 0.5) > 0);
	cr_assert(h.cells[HISTOGRAM_CELLS - 1] == 1);
}

Test(histogram, two_merged_are_one_that_saw_both)
{
	static struct histogram both, low, high;
	for (uint64_t i = 0; i < 900; i++) {
		histogram_add(&low, 1000 + i);
		histogram_add(&both, 1000 + i);
	}
	for (uint64_t i = 0; i < 100; i++) {
		histogram_add(&high, 5000000 + i);
		histogram_add(&both, 5000000 + i);
	}
	histogram_merge(&high, &low);
	cr_assert(high.count == 1000 && high.max_ns == 5000099);
	cr_assert(memcmp(&high, &both, sizeof both) == 0);
	histogram_merge(&low, &high);
	cr_assert(low.max_ns == 5000099);
}

Test(histogram, an_empty_one_says_nothing)
{
	static struct histogram h;
	cr_assert(histogram_quantile_ns(&h, 0.99) == 0);
}
