/* stats.c - per-core counters; see stats.h. */
#include "dataplane/base/stats.h"
#include "dataplane/base/seqlock.h"

const struct stat_info stat_infos[STAT_COUNT] = {
#define STAT(name, ledger, role, unit, help)                                             \
	[STAT_##name] = {#name, #unit, help, LEDGER_##ledger, STAT_ROLE_##role},
#include "dataplane/base/stats.def"
#undef STAT
};

const char *const ledger_names[LEDGERS] = {"packets", "frames", "records"};

static_assert(sizeof(struct stats) % sizeof(seqlock_word) == 0, "a page is copied by words");

enum { STEP_BITS = 3, STEPS = 1 << STEP_BITS };

/* Values below 8 have a bucket each; above, 8 buckets per power of two. */
static unsigned histogram_bucket(uint64_t us)
{
	if (us < STEPS)
		return (unsigned)us;
	unsigned top = 63 - (unsigned)__builtin_clzll(us);
	unsigned bucket = (top - STEP_BITS) * STEPS + (unsigned)(us >> (top - STEP_BITS));
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value of a bucket: a quantile is told too high, by an eighth at most. Only the
 * last bucket, which has no end, tells it too low. */
static uint64_t histogram_upper_us(unsigned bucket)
{
	if (bucket < 2 * STEPS)
		return bucket;
	unsigned shift = bucket / STEPS - 1;
	return ((uint64_t)(bucket % STEPS + STEPS + 1) << shift) - 1;
}

void stats_latency(struct stats *s, uint64_t ns)
{
	s->answer_latency_us[histogram_bucket(ns / 1000)]++;
}

/* The rank stays below the total, so that the quantile 1 is the slowest answer's bucket. */
uint64_t stats_latency_quantile_us(const struct stats *s, double q)
{
	uint64_t total = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += s->answer_latency_us[i];
	uint64_t rank = min_u64((uint64_t)(q * (double)total), total ? total - 1 : 0);
	uint64_t seen = 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += s->answer_latency_us[i];
		if (seen > rank)
			return histogram_upper_us(i);
	}
	return total ? histogram_upper_us(HISTOGRAM_BUCKETS - 1) : 0;
}

void stats_publish(struct stats_page *page, const struct stats *s)
{
	seqlock_write(&page->sequence, &page->stats, s, sizeof *s);
}

/* Whoever reads tries again until nothing was written meanwhile: a copy takes microseconds, and
 * the core that writes the page has other work between two. */
void stats_read(struct stats_page *page, struct stats *ret)
{
	while (!seqlock_read(&page->sequence, &page->stats, ret, sizeof *ret))
		continue;
}

void stats_sum(struct stats *to, const struct stats *from)
{
	for (unsigned i = 0; i < STAT_COUNT; i++)
		to->value[i] += from->value[i];
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->answer_latency_us[i] += from->answer_latency_us[i];
}

int64_t ledger_in_flight(const struct stats *s, enum ledger ledger)
{
	int64_t held = 0;
	for (unsigned i = 0; i < STAT_COUNT; i++) {
		if (stat_infos[i].ledger != ledger)
			continue;
		if (stat_infos[i].role == STAT_ROLE_in)
			held += (int64_t)s->value[i];
		else if (stat_infos[i].role == STAT_ROLE_end)
			held -= (int64_t)s->value[i];
	}
	return held;
}
