/* stats.h - per-core counters from stats.def.
 *
 * One core writes a block with plain adds; at turn boundaries it copies it to the page that
 * others read, behind a sequence lock (seqlock.h):
 *
 *     core:    value[] += n ...   stats_publish(): seq odd, copy, seq even
 *     reader:  stats_read(): copy, retry when seq was odd or has moved
 *
 * A snapshot is therefore of one turn boundary, and the ledgers in it balance.
 */
#ifndef PENSTOCK_STATS_H
#define PENSTOCK_STATS_H

#include "dataplane/base/base.h"

#include <stdatomic.h>

enum stat_id {
#define STAT(name, ledger, role, unit, help) STAT_##name,
#include "dataplane/base/stats.def"
#undef STAT
	STAT_COUNT
};

enum ledger { LEDGER_packet, LEDGER_frame, LEDGER_record, LEDGER_none };
enum stat_role { STAT_ROLE_in, STAT_ROLE_end, STAT_ROLE_count, STAT_ROLE_gauge };

enum { LEDGERS = LEDGER_none };

struct stat_info {
	const char *name;
	const char *unit;
	const char *help;
	enum ledger ledger;
	enum stat_role role;
};

extern const struct stat_info stat_infos[STAT_COUNT];
extern const char *const ledger_names[LEDGERS];

/* Latency histogram: log-linear, 8 steps per power of two, 1 us to 68 s. */
enum { HISTOGRAM_BUCKETS = 216 };

struct stats {
	uint64_t value[STAT_COUNT];
	uint32_t answer_latency_us[HISTOGRAM_BUCKETS];
};

struct stats_page {
	atomic_uint sequence;
	struct stats stats;
};

static inline void stats_add(struct stats *s, enum stat_id id, uint64_t n)
{
	s->value[id] += n;
}

static inline void stats_set(struct stats *s, enum stat_id id, uint64_t v)
{
	s->value[id] = v;
}

void stats_latency(struct stats *s, uint64_t ns);
/* Upper bound in microseconds of the bucket that holds quantile q (0..1); 0 when empty. */
uint64_t stats_latency_quantile_us(const struct stats *s, double q);

void stats_publish(struct stats_page *page, const struct stats *s);
void stats_read(struct stats_page *page, struct stats *ret);
void stats_sum(struct stats *to, const struct stats *from);

/* in - sum of ends of a ledger: what is in flight; negative means a broken ledger. */
int64_t ledger_in_flight(const struct stats *s, enum ledger ledger);

#endif
