/* bench_stages.c - every stage alone, its cycles per item as JSON on stdout; perf/run adds
 * machine, commit and date.
 *
 *     bench_stages hot|cold    what a stage touches fits the second-level cache, or does not
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "perf/bench.h"
#include "perf/bench_parts.h"

#include <stdio.h>
#include <stdlib.h>

/* Not by their difference: it may not fit an int. */
static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Of the rounds the middle one: an interrupt in one of them says nothing of the stage. */
static uint64_t median(uint64_t *samples, unsigned count)
{
	qsort(samples, count, sizeof *samples, compare);
	return samples[count / 2];
}

/* What two readings of the counter cost by themselves. */
static uint64_t reading_cycles(void)
{
	static uint64_t samples[BENCH_ROUNDS];
	for (unsigned i = 0; i < BENCH_ROUNDS; i++) {
		uint64_t start = clock_cycles();
		samples[i] = clock_cycles() - start;
	}
	return median(samples, BENCH_ROUNDS);
}

double bench_cycles(const struct stage *s, unsigned n, unsigned rounds)
{
	static uint64_t samples[BENCH_ROUNDS];
	require(rounds <= BENCH_ROUNDS && n <= BENCH_VECTOR_MAX);
	uint64_t reading = reading_cycles();
	for (unsigned i = 0; i < rounds; i++) {
		s->prepare(n);
		uint64_t start = clock_cycles();
		s->run(n);
		uint64_t cycles = clock_cycles() - start;
		s->settle(n);
		samples[i] = cycles > reading ? cycles - reading : 0;
	}
	return (double)median(samples, rounds) / n;
}

static void print_stages(const struct stage *stages, bool *is_first)
{
	static const unsigned vectors[] = {1, 8, 32};
	for (const struct stage *s = stages; s->name; s++) {
		s->setup();
		bench_cycles(s, BENCH_VECTOR_MAX, BENCH_ROUNDS / 4); /* warm */
		printf("%s\n    {\"stage\": \"%s\", \"item\": \"%s\", \"cycles\": {",
		       *is_first ? "" : ",", s->name, s->item);
		for (unsigned v = 0; v < array_len(vectors); v++)
			printf("%s\"%u\": %.1f", v ? ", " : "", vectors[v],
			       bench_cycles(s, vectors[v], BENCH_ROUNDS));
		printf("}}");
		*is_first = false;
	}
}

bool bench_is_cold;

int main(int argc, char **argv)
{
	bool is_first = true;
	bench_is_cold = argc == 2 && strcmp(argv[1], "cold") == 0;
	if (argc != 2 || (!bench_is_cold && strcmp(argv[1], "hot") != 0)) {
		fprintf(stderr, "usage: bench_stages hot|cold\n");
		return 64;
	}
	printf("{\"counter_hz\": %.0f, \"stages\": [", bench_counter_hz());
	print_stages(net_stages, &is_first);
	print_stages(ingest_stages, &is_first);
	print_stages(jt808_stages, &is_first);
	print_stages(json_stages, &is_first);
	print_stages(inspect_stages, &is_first);
	print_stages(store_stages, &is_first);
	printf("\n]}\n");
	return 0;
}
