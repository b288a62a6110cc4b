/* log_expire.c - the time, and a topic's settings, in; where a log could start out; see
 * log_expire.h. */
#include "dataplane/store/log/log_expire.h"
#include "dataplane/base/murmur2.h"
#include "dataplane/store/log/log_roll.h"

static bool is_too_old(const struct log *log, int64_t max_timestamp, int64_t now_ms)
{
	int64_t kept_ms = log->options.retention_ms;
	return kept_ms >= 0 && max_timestamp >= 0 && now_ms - max_timestamp > kept_ms;
}

/* Without them the rest still has as much as is to be kept. */
static bool is_too_much(const struct log *log, uint64_t rest_bytes)
{
	int64_t kept_bytes = log->options.retention_bytes;
	return kept_bytes >= 0 && rest_bytes >= (uint64_t)kept_bytes;
}

/* Sealed ones go up to the first that stays; the active one follows when it is too old itself.
 * Of what is not durable nothing does. */
int64_t log_expire(const struct log *log, int64_t now_ms)
{
	const struct segment_ring *r = &log->segments;
	uint64_t bytes = log->sealed_bytes + log->end.position;
	int64_t start = log->log_start_offset;
	if (log->is_fenced || log->options.cleanup_policy == CLEANUP_COMPACT)
		return start;
	for (uint32_t i = 0; i + 1 < r->count; i++) {
		const struct segment *s = segment_ring_at(r, i);
		int64_t end = segment_ring_at(r, i + 1)->base_offset;
		bytes -= s->size;
		if (end > log->durable.offset || (!is_too_old(log, s->max_timestamp, now_ms) &&
						  !is_too_much(log, bytes)))
			return start;
		start = max_i64(start, end);
	}
	if (log->end.position > 0 && is_too_old(log, log->index.max_timestamp, now_ms))
		start = log->durable.offset;
	return start;
}

/* Logs that began together do not roll together. */
static int64_t jitter_ms(const struct log *log)
{
	uint64_t most = min_u64((uint64_t)log->options.segment_jitter_ms,
				(uint64_t)log->options.segment_ms);
	if (most == 0)
		return 0;
	uint64_t of[] = {log->slot, (uint64_t)log->active->base_offset};
	return (int64_t)(murmur2(of, sizeof of) % most);
}

/* A producer's times may roll a log with each batch. One without places for segments takes no more
 * batches, so half of them are for segments that are full. */
bool log_is_due_to_roll(const struct log *log, int64_t timestamp)
{
	int64_t since = log->active_timestamp;
	return since >= 0 && timestamp > since &&
	       timestamp - since > log->options.segment_ms - jitter_ms(log) &&
	       !segment_ring_is_half_full(&log->segments);
}

void log_roll_dead(struct log *log)
{
	bool is_dead = log->end.position > 0 && log->log_start_offset == log->next_offset &&
		       log->durable.offset == log->next_offset;
	if (is_dead && !log->is_closing && (log->ahead || !segment_ring_is_full(&log->segments)))
		log_roll(log);
}
