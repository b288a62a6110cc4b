/* gen_series.c - counts at the ends of seconds in, what each second had out; gen_series.h. */
#include "perf/gen_series.h"

enum { TALLY_COUNTS = sizeof(struct gen_tally) / sizeof(uint64_t) };

static void tally_add(struct gen_tally *sum, const struct gen_tally *one, int sign)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;
	for (unsigned i = 0; i < TALLY_COUNTS; i++)
		to[i] += (uint64_t)(int64_t)sign * from[i];
}

void gen_series_mark(struct gen_series *s, const struct gen_tally *now)
{
	if (s->marked <= GEN_SECONDS_MAX)
		s->marks[s->marked++] = *now;
}

/* Who ended early counts nothing more. */
static void extend(struct gen_series *s, uint32_t marked)
{
	for (; s->marked && s->marked < marked; s->marked++)
		s->marks[s->marked] = s->marks[s->marked - 1];
	s->marked = max_u32(s->marked, marked);
}

void gen_series_add(struct gen_series *sum, const struct gen_series *one)
{
	extend(sum, one->marked);
	for (uint32_t i = 0; i < sum->marked && one->marked; i++)
		tally_add(&sum->marks[i], &one->marks[min_u32(i, one->marked - 1)], 1);
	for (uint32_t i = 0; i + 1 < one->marked; i++)
		histogram_merge(&sum->latency[i], &one->latency[i]);
}

/* Marks are counts since the beginning: what a second had is their difference. */
struct gen_tally gen_series_grown(const struct gen_series *s, uint32_t i)
{
	struct gen_tally grown = s->marks[i + 1];
	tally_add(&grown, &s->marks[i], -1);
	return grown;
}
