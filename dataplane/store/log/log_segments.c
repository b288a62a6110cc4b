/* log_segments.c - what a log has of sealed segments out, for whoever compacts them; see log.h. */
#include "dataplane/store/log/log_private.h"

/* It is not written to any more, and whole on the disk. */
static bool is_sealed(const struct log *log, const struct segment *s, int64_t end)
{
	return s != log->sealing && s != log->traits_segment && s != log->written_segment &&
	       !s->swapped && end <= log->durable.base_offset;
}

/* Where there is no lag, records of tomorrow are as good as others. */
static bool is_young(const struct log *log, const struct segment *s, int64_t now_ms)
{
	int64_t lag_ms = log->options.min_compaction_lag_ms;
	return lag_ms > 0 && s->max_timestamp > now_ms - lag_ms;
}

static void tell_one(const struct segment *s, struct segments_told *t)
{
	if (t->count < t->room)
		t->told[t->count] = (struct segment_told){.base_offset = s->base_offset,
							  .size = s->size,
							  .index_entries = s->index_entries};
	t->count++;
}

/* A dirty one, or one before these. */
static void measure(const struct segment *s, int64_t end, struct segments_told *t)
{
	if (end <= t->first_dirty) {
		t->clean_bytes += s->size;
		return;
	}
	if (t->dirty_bytes == 0)
		t->dirty_since_ms = s->max_timestamp;
	t->dirty_bytes += s->size;
}

/* One that is young ends the dirty ones, whatever is behind it: nothing is taken out of order. */
void log_tell_segments(const struct log *log, struct segments_told *t)
{
	const struct segment_ring *r = &log->segments;
	bool has_young = false;
	t->count = 0;
	t->clean_bytes = t->dirty_bytes = 0;
	t->dirty_since_ms = -1;
	t->is_busy = log->is_fenced || log->incoming || log->deleted_first || log->removed;
	t->end_offset = t->young_from = segment_ring_at(r, 0)->base_offset;
	for (uint32_t i = 0; i + 1 < r->count; i++) {
		const struct segment *s = segment_ring_at(r, i);
		int64_t end = segment_ring_at(r, i + 1)->base_offset;
		if (!is_sealed(log, s, end))
			break;
		tell_one(s, t);
		t->end_offset = end;
		has_young |= end > t->first_dirty && is_young(log, s, t->now_ms);
		if (has_young)
			continue;
		measure(s, end, t);
		t->young_from = end;
	}
}
