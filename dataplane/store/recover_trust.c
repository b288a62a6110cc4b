/* recover_trust.c - a segment and its indexes in, whether they can be believed out; see
 * recover_private.h.
 *
 *     .index      ... | entry before | last entry ──┐        .timeindex  ... | before | last
 *                                                   ▼
 *     .log        [ batch | batch | ... | batch | batch | batch ]  the headers from there on
 *                                                                 must lead to its very end
 *
 * A clean stop, or a recovery point above the segment, says that it is whole. The files may
 * differ all the same: restored, copied in part, damaged by a disk that lost what it had
 * synced. So the ends of the indexes are looked at, and what they lead to; that costs a few
 * reads per segment. What lies in the middle is not: a read that is led astray there finds its
 * own way back (log_read.c). An index made by Kafka may name, at a batch's position, the last
 * offset of a later batch: it makes one entry for what one append brought.
 */
#include "dataplane/store/recover_trust.h"
#include "dataplane/store/index_search.h"

/* The last entries of both indexes, and how many there are. */
struct claims {
	uint64_t size; /* of the .log file */
	uint32_t entries;
	uint32_t times;
	struct index_entry last;
	struct index_time_entry last_time;
};

/* The headers from the last index entry on. */
struct tail {
	int64_t first_offset;
	int64_t end_offset;
	int64_t max_timestamp;
	int64_t time_at_claim; /* of the batch that holds the last time entry's offset; -1: none */
};

/* The last entry of an index and the one before it, in `pair`; false: no such file. */
static bool read_pair(struct recovery *rc, enum segment_file file, size_t entry_bytes,
		      uint8_t *pair, uint32_t *ret_count)
{
	uint64_t size;
	if (file_size(rc->disk, rc->fd[file], &size) < 0 || size % entry_bytes != 0 ||
	    size > UINT32_MAX)
		return false;
	*ret_count = (uint32_t)(size / entry_bytes);
	memset(pair, 0, 2 * entry_bytes);
	size_t n = min_u32(*ret_count, 2) * entry_bytes;
	return n == 0 || file_read(rc->disk, rc->fd[file], pair + 2 * entry_bytes - n, n,
				   size - n) == 0;
}

static bool read_claims(struct recovery *rc, struct claims *c)
{
	uint8_t pair[2 * INDEX_ENTRY_BYTES], times[2 * INDEX_TIME_ENTRY_BYTES];
	if (file_size(rc->disk, rc->fd[SEGMENT_LOG], &c->size) < 0 ||
	    !read_pair(rc, SEGMENT_INDEX, INDEX_ENTRY_BYTES, pair, &c->entries) ||
	    !read_pair(rc, SEGMENT_TIMEINDEX, INDEX_TIME_ENTRY_BYTES, times, &c->times))
		return false;
	struct index_entry before = index_entry_load(pair);
	struct index_time_entry time_before = index_time_entry_load(times);
	c->last = index_entry_load(pair + INDEX_ENTRY_BYTES);
	c->last_time = index_time_entry_load(times + INDEX_TIME_ENTRY_BYTES);
	/* An entry, of either kind, is made for a batch. */
	uint64_t batches_max = c->size / RECORD_BATCH_HEADER_BYTES;
	if (c->entries > batches_max || c->times > batches_max || c->last.offset < 0 ||
	    c->last_time.offset < 0)
		return false;
	bool rises = c->entries < 2 || (before.offset < c->last.offset &&
					before.position < c->last.position);
	bool time_rises = c->times < 2 || time_before.timestamp < c->last_time.timestamp;
	return rises && time_rises;
}

/* As far behind the last entry as the end of a segment can be, and a good deal more. */
static uint64_t distance_max(const struct recovery *rc)
{
	return 4ull * rc->log->options.index_interval_bytes + SCAN_WINDOW_BYTES +
	       rc->log->options.message_bytes_max;
}

static bool walk_tail(struct recovery *rc, const struct segment *s, const struct claims *c,
		      struct tail *ret)
{
	struct scan_batch b;
	uint64_t at = c->last.position;
	int64_t claimed = s->base_offset + c->last_time.offset;
	*ret = (struct tail){.first_offset = -1, .end_offset = s->base_offset,
			     .max_timestamp = -1, .time_at_claim = -1};
	enum scan_verdict v;
	while ((v = scan_header(&rc->scan, at, &b)) == SCAN_BATCH) {
		int64_t time = record_batch_max_timestamp(&b.header);
		if (!scan_follows(&b, ret->end_offset))
			return false;
		if (ret->first_offset < 0)
			ret->first_offset = record_batch_base_offset(&b.header);
		ret->end_offset = record_batch_last_offset(&b.header) + 1;
		ret->max_timestamp = time > ret->max_timestamp ? time : ret->max_timestamp;
		if (record_batch_base_offset(&b.header) <= claimed &&
		    claimed < ret->end_offset)
			ret->time_at_claim = time;
		at += b.size;
	}
	return v == SCAN_END && at == c->size;
}

/* Where a read of the offset would begin. */
static uint64_t indexed_position(struct recovery *rc, const struct claims *c, int32_t offset)
{
	struct index_search search = index_search_begin(
		false, offset, (uint64_t)c->entries * INDEX_ENTRY_BYTES);
	int found = index_search_run(&search, rc->disk, rc->fd[SEGMENT_INDEX]);
	return found > 0 ? index_entry_load(search.entry).position : 0;
}

/* The largest time in the batch that holds the offset; -1: not found where it should be. */
static int64_t time_of(struct recovery *rc, const struct segment *s, const struct claims *c,
		       int64_t offset)
{
	struct scan_batch b;
	uint64_t from = indexed_position(rc, c, (int32_t)(offset - s->base_offset));
	for (uint64_t at = from; at - from <= distance_max(rc); at += b.size) {
		if (scan_header(&rc->scan, at, &b) != SCAN_BATCH)
			return -1;
		if (record_batch_last_offset(&b.header) < offset)
			continue;
		bool holds = record_batch_base_offset(&b.header) <= offset;
		return holds ? record_batch_max_timestamp(&b.header) : -1;
	}
	return -1;
}

/* The last time entry: no batch has a later time, and the one it names has that time. */
static bool time_is_sane(struct recovery *rc, const struct segment *s, const struct claims *c,
			 const struct tail *t)
{
	int64_t claimed = s->base_offset + c->last_time.offset;
	if (c->times == 0)
		return t->max_timestamp < 0;
	if (claimed >= t->end_offset || t->max_timestamp > c->last_time.timestamp)
		return false;
	/* Where times rise, that is a batch of the tail. */
	int64_t time = claimed < t->first_offset ? time_of(rc, s, c, claimed)
						 : t->time_at_claim;
	return time == c->last_time.timestamp;
}

/* What the indexes claim and where it leads; false: not to be believed. */
static bool look(struct recovery *rc, const struct segment *s, struct claims *c, struct tail *t)
{
	if (!read_claims(rc, c) ||
	    scan_file(&rc->scan, rc->fd[SEGMENT_LOG], SCAN_PEEK_BYTES) < 0)
		return false;
	if (c->size - c->last.position > distance_max(rc) || !walk_tail(rc, s, c, t))
		return false;
	bool leads_there = c->entries == 0 || (t->first_offset >= s->base_offset &&
					       t->first_offset <=
						       s->base_offset + c->last.offset);
	return leads_there && time_is_sane(rc, s, c, t);
}

bool trust_sealed(struct recovery *rc, struct segment *s, int64_t *ret_end)
{
	struct claims c;
	struct tail t;
	if (!look(rc, s, &c, &t))
		return false;
	s->size = c.size;
	s->index_entries = c.entries;
	segment_note_time(s, c.times ? c.last_time.timestamp : -1,
			  s->base_offset + c.last_time.offset);
	*ret_end = t.end_offset;
	return true;
}

bool trust_active(struct recovery *rc, const struct segment *s)
{
	struct log *log = rc->log;
	struct claims c;
	struct tail t;
	if (!look(rc, s, &c, &t) || c.entries == 0 || c.times == 0)
		return false;
	index_resume(&log->index, c.entries, c.times, c.last_time);
	recovery_note_time(rc, log->index.max_timestamp, log->index.max_timestamp_offset);
	log->end.offset = t.first_offset;
	log->end.position = c.last.position;
	return true;
}
