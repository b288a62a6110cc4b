/* gen_series.h - what a run did second by second of its steady phase, and how long the messages
 * took that were due in each of them.
 *
 *     gen_series_mark(counts so far) at the start of every second, and at the end
 *     latency[second]                the messages due in it
 *
 * Core: the lcore that counts, then main. Memory: 18 KiB for a second that was used.
 */
#ifndef PENSTOCK_GEN_SERIES_H
#define PENSTOCK_GEN_SERIES_H

#include "perf/histogram.h"

enum { GEN_SECONDS_MAX = 120 };

/* Counts since the start of the run. */
struct gen_tally {
	uint64_t given;     /* messages that were due and whose turn it was */
	uint64_t held_back; /* of them: not sent, the connection had its fill; or, of
			       datagrams, too late */
	uint64_t begun;     /* of which a byte was sent */
	uint64_t accepted, refused;
	uint64_t lost; /* connections */
	uint64_t retransmits;
	uint64_t cycles_busy, cycles_all;
};

struct gen_series {
	uint32_t marked; /* marks that were set */
	struct gen_tally marks[GEN_SECONDS_MAX + 1];
	struct histogram latency[GEN_SECONDS_MAX];
};

void gen_series_mark(struct gen_series *s, const struct gen_tally *now);
void gen_series_add(struct gen_series *sum, const struct gen_series *one);

/* What happened in second `i` < marked - 1. */
struct gen_tally gen_series_grown(const struct gen_series *s, uint32_t i);

#endif
