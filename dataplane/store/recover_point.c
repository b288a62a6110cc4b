/* recover_point.c - the recovery point, snapshots and indexes of the active segment in, the place
 * from which it is scanned out; see recover_point.h. */
#include "dataplane/store/recover_point.h"
#include "dataplane/base/map.h"

/* Whole entries of an index file. */
struct entries {
	uint8_t *bytes;
	size_t mapped;
	uint32_t count;
};

static int entries_load(struct recovery *rc, enum segment_file file, size_t entry_bytes,
			struct entries *ret)
{
	uint64_t size;
	int status = file_size(rc->disk, rc->fd[file], &size);
	*ret = (struct entries){0};
	/* What a segment of 2 GiB of nothing but headers could have. */
	if (status < 0 || size < entry_bytes || size > INT32_MAX)
		return status;
	ret->mapped = size;
	ret->bytes = map_take(size);
	if (!ret->bytes)
		return -ENOMEM;
	status = file_read(rc->disk, rc->fd[file], ret->bytes, size, 0);
	ret->count = status == 0 ? (uint32_t)(size / entry_bytes) : 0;
	return status;
}

static void entries_free(struct entries *e)
{
	map_give(e->bytes, e->mapped);
}

static struct index_entry entry_at(const struct entries *e, uint32_t i)
{
	return index_entry_load(e->bytes + (size_t)i * INDEX_ENTRY_BYTES);
}

static struct index_time_entry time_at(const struct entries *e, uint32_t i)
{
	return index_time_entry_load(e->bytes + (size_t)i * INDEX_TIME_ENTRY_BYTES);
}

/* The first of them that rise, with offsets below `limit`. */
static uint32_t count_rising(const struct entries *e, int64_t limit)
{
	struct index_entry last = {.offset = -1};
	uint32_t n = 0;
	for (; n < e->count; n++) {
		struct index_entry next = entry_at(e, n);
		if (next.offset <= last.offset || next.position <= last.position ||
		    next.offset >= limit)
			break;
		last = next;
	}
	return n;
}

/* *is_cut: there are others behind them, which do not. */
static uint32_t count_rising_times(const struct entries *e, int64_t limit, bool *is_cut)
{
	struct index_time_entry last = {.timestamp = 0, .offset = -1};
	uint32_t n = 0;
	for (; n < e->count; n++) {
		struct index_time_entry next = time_at(e, n);
		*is_cut = next.timestamp <= last.timestamp || next.offset <= last.offset;
		if (*is_cut || next.offset >= limit)
			break;
		last = next;
	}
	return n;
}

/* Where a scan may go on. */
struct resumption {
	uint32_t entries;
	uint32_t times;
	struct index_entry entry;
	struct index_time_entry time;
};

/* The last time entry up to an index entry tells the largest time up to its batch: of those that
 * are cut short none is known to be the last. */
static bool choose(const struct entries *index, const struct entries *times, int64_t limit,
		   struct resumption *ret)
{
	bool is_cut = false;
	uint32_t all = count_rising_times(times, limit, &is_cut);
	int64_t known = !is_cut ? limit : all > 0 ? time_at(times, all - 1).offset + 1ll : 0;
	ret->entries = count_rising(index, known);
	if (ret->entries == 0)
		return false;
	ret->entry = entry_at(index, ret->entries - 1);
	ret->times = count_rising_times(times, ret->entry.offset + 1ll, &is_cut);
	if (ret->times == 0)
		return false;
	ret->time = time_at(times, ret->times - 1);
	return true;
}

static bool find(struct recovery *rc, int64_t limit, struct resumption *ret, int *error)
{
	struct entries index, times = {0};
	*error = entries_load(rc, SEGMENT_INDEX, INDEX_ENTRY_BYTES, &index);
	if (*error == 0)
		*error = entries_load(rc, SEGMENT_TIMEINDEX, INDEX_TIME_ENTRY_BYTES, &times);
	bool is_found = *error == 0 && choose(&index, &times, limit, ret);
	entries_free(&index);
	entries_free(&times);
	return is_found;
}

/* The newest snapshot below the recovery point; -1: there is none. One that is of the point itself
 * may be a start's, of the log's end, which a crash came upon before its sync of all. */
static int64_t newest_snapshot(const struct recovery *rc)
{
	int64_t newest = -1;
	for (uint32_t i = 0; i < rc->snapshots.count; i++) {
		int64_t offset = rc->snapshots.offsets[i];
		if (offset < rc->recovery_point && offset > newest)
			newest = offset;
	}
	return newest;
}

/* Is a batch there whose last offset the entry may name? That of a later one, in an index of
 * Kafka's. */
static bool leads_to_batch(const struct recovery *rc, const struct resumption *r,
			   enum scan_verdict v, const struct scan_batch *b)
{
	int64_t base = rc->segment->base_offset;
	return v == SCAN_BATCH && record_batch_base_offset(&b->header) >= base &&
	       record_batch_last_offset(&b->header) <= base + r->entry.offset;
}

int point_resume(struct recovery *rc)
{
	struct log *log = rc->log;
	int64_t base = rc->segment->base_offset, limit = newest_snapshot(rc) - base;
	struct resumption r;
	struct scan_batch first, b;
	int error = 0;
	if (limit <= 0 || !find(rc, limit, &r, &error))
		return error;
	if (scan_header(&rc->scan, 0, &first) != SCAN_BATCH ||
	    !leads_to_batch(rc, &r, scan_header(&rc->scan, r.entry.position, &b), &b))
		return rc->scan.error;
	index_resume(&log->index, r.entries, r.times, r.time);
	recovery_note_time(rc, log->index.max_timestamp, log->index.max_timestamp_offset);
	log->active_timestamp = record_batch_max_timestamp(&first.header);
	log->end.offset = record_batch_base_offset(&b.header);
	log->end.position = r.entry.position;
	rc->is_resumed = true;
	return 0;
}
