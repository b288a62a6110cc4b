/* histogram.h - durations in, quantiles out: log-linear, 64 steps per power of two.
 *
 *     bucket      0 ... 63 | 64 ... 127 | 128 130 ... 254 | 256 260 ...     nanoseconds
 *                  exact       exact         steps of 2        steps of 4
 *
 * A quantile is the upper end of its bucket: never better than the truth, at most 1.6 %
 * worse. Fixed memory, no allocation; one writer.
 */
#ifndef PENSTOCK_PERF_HISTOGRAM_H
#define PENSTOCK_PERF_HISTOGRAM_H

#include "dataplane/base/base.h"

enum {
	HISTOGRAM_STEP_BITS = 6,
	HISTOGRAM_OCTAVES = 35, /* up to 2^41 ns, 36 minutes; longer ones count as that */
	HISTOGRAM_CELLS = (HISTOGRAM_OCTAVES + 1) << HISTOGRAM_STEP_BITS,
};

struct histogram {
	uint64_t count;
	uint64_t max_ns;
	uint64_t cells[HISTOGRAM_CELLS];
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *sum, const struct histogram *one);

/* The duration that a share of 0.0 to 1.0 does not exceed; 0 when empty. */
uint64_t histogram_quantile_ns(const struct histogram *h, double share);

#endif
