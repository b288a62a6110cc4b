/* bench.h - measures one stage alone: cycles per item at vector sizes 1, 8 and 32.
 *
 *     setup once; then, round after round:  prepare(n)  ── timed: run(n) ──  settle(n)
 *
 * The figure is the median of the rounds, less what reading the counter costs. Code is always
 * hot; the data a stage touches fits the second-level cache, or (`bench_is_cold`) comes from
 * far more memory than any cache holds, in an order no prefetcher foresees.
 */
#ifndef PENSTOCK_BENCH_H
#define PENSTOCK_BENCH_H

#include "dataplane/base/base.h"

enum { BENCH_VECTOR_MAX = 32, BENCH_ROUNDS = 4000 };

extern bool bench_is_cold;

static inline unsigned bench_set(unsigned hot, unsigned cold)
{
	return bench_is_cold ? cold : hot;
}

struct stage {
	const char *name;
	const char *item; /* what one is, with its size */
	void (*setup)(void);
	void (*prepare)(unsigned n);
	void (*run)(unsigned n);
	void (*settle)(unsigned n);
};

/* Each stage_*.c exports its rows; a row without a name ends them. */
extern const struct stage net_stages[];
extern const struct stage ingest_stages[];
extern const struct stage jt808_stages[];
extern const struct stage json_stages[];
extern const struct stage inspect_stages[];
extern const struct stage store_stages[];

/* Median cycles per item of `rounds` rounds of `n` items. */
double bench_cycles(const struct stage *s, unsigned n, unsigned rounds);

#endif
