/* histogram.c - durations in, quantiles out; see histogram.h. */
#include "perf/histogram.h"

enum { STEPS = 1 << HISTOGRAM_STEP_BITS };

/* Short times have a cell each, and every octave above has STEPS of them: a time is off by one
 * in STEPS at most, however long. */
static unsigned cell_of(uint64_t ns)
{
	if (ns < STEPS)
		return (unsigned)ns;
	unsigned octave = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_STEP_BITS;
	unsigned step = (unsigned)(ns >> octave) - STEPS;
	unsigned cell = ((octave + 1) << HISTOGRAM_STEP_BITS) + step;
	return cell < HISTOGRAM_CELLS ? cell : HISTOGRAM_CELLS - 1;
}

static uint64_t upper_end_ns(unsigned cell)
{
	if (cell < STEPS)
		return cell;
	unsigned octave = (cell >> HISTOGRAM_STEP_BITS) - 1;
	uint64_t step = (cell & (STEPS - 1)) + STEPS;
	return ((step + 1) << octave) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
	h->cells[cell_of(ns)]++;
	h->count++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

void histogram_merge(struct histogram *sum, const struct histogram *one)
{
	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++)
		sum->cells[i] += one->cells[i];
	sum->count += one->count;
	if (one->max_ns > sum->max_ns)
		sum->max_ns = one->max_ns;
}

/* Told by the upper end of its cell, and so never too short, but never longer than the
 * longest. */
uint64_t histogram_quantile_ns(const struct histogram *h, double share)
{
	uint64_t rank = (uint64_t)(share * (double)h->count);
	uint64_t seen = 0;
	for (unsigned i = 0; i < HISTOGRAM_CELLS && h->count; i++) {
		seen += h->cells[i];
		if (seen > rank)
			return upper_end_ns(i) < h->max_ns ? upper_end_ns(i) : h->max_ns;
	}
	return h->max_ns;
}
