/* recover.c - the files of a log as a crash left them in, a log that can be trusted out.
 *
 * From the segment that holds the recovery point on, every batch is checked (length, magic,
 * CRC, offsets without a gap) and both indexes are made anew. Where the batches stop:
 *
 *     the file ends, or only zeroes follow      the end; zeroes are preallocated space
 *     anything else, in the last segment        a torn tail, cut off, unless it can be shown
 *                                               that those bytes had been durable:
 *       - the offset is below the recovery point or the durable mark, or
 *       - a sound batch lies more than LOG_UNSYNCED_BYTES_MAX behind it (no more than
 *         that is ever written ahead of a sync)
 *     that, or anything else in a segment       corruption: nothing is cut, the log ends
 *     before the last one                       there and is fenced; an operator decides
 *
 * A crash may lose any of the sectors not yet synced, so sound batches may lie behind a torn
 * one: that alone does not prove corruption. Nor does a sound batch whose offset does not
 * follow: the base offset lies outside the CRC, and may lie in a sector of its own.
 */
#include "dataplane/store/log_private.h"
#include "dataplane/base/map.h"
#include "dataplane/store/files.h"
#include "dataplane/store/scan.h"

#include <errno.h>
#include <stdio.h>

struct recovery {
	struct log *log;
	struct disk *disk;
	struct scan scan;
	struct log_recovery *found;
	int fd[SEGMENT_FILES]; /* of the segment last in the table now */
	int64_t durable_offset; /* what is known to have been durable: no tail tears below */
};

/* Writes the entries that have gathered; -errno. */
static int flush_index(struct recovery *rc)
{
	struct index *ix = &rc->log->index;
	for (;;) {
		uint32_t entries = index_encode(ix, rc->log->index_bytes);
		uint32_t times = index_encode_times(ix, rc->log->time_bytes);
		if (entries == 0 && times == 0)
			return 0;
		int status = file_write(rc->disk, rc->fd[SEGMENT_INDEX], rc->log->index_bytes,
					(size_t)entries * INDEX_ENTRY_BYTES,
					(uint64_t)ix->entries_flushed * INDEX_ENTRY_BYTES);
		if (status == 0)
			status = file_write(rc->disk, rc->fd[SEGMENT_TIMEINDEX],
					    rc->log->time_bytes,
					    (size_t)times * INDEX_TIME_ENTRY_BYTES,
					    (uint64_t)ix->times_flushed *
						    INDEX_TIME_ENTRY_BYTES);
		if (status < 0)
			return status;
		ix->entries_flushed += entries;
		ix->times_flushed += times;
	}
}

static int note_batch(struct recovery *rc, const struct scan_batch *b)
{
	struct log *log = rc->log;
	int status = index_has_room(&log->index) ? 0 : flush_index(rc);
	if (status < 0)
		return status;
	struct index_batch batch = {
		.last_offset = record_batch_last_offset(&b->header),
		.max_timestamp = record_batch_max_timestamp(&b->header),
		.position = b->position,
		.size = b->size,
	};
	index_note(&log->index, &batch, log->options.index_interval_bytes);
	if (batch.max_timestamp > log->max_timestamp) {
		log->max_timestamp = batch.max_timestamp;
		log->max_timestamp_offset = batch.last_offset;
	}
	log->end.offset = batch.last_offset + 1;
	log->end.position = b->position + b->size;
	rc->found->batches_scanned++;
	rc->found->bytes_scanned += b->size;
	return 0;
}

/* Takes batches from log->end on as long as they are sound and follow each other. */
static enum scan_verdict scan_batches(struct recovery *rc, struct scan_batch *ret, int *error)
{
	struct log *log = rc->log;
	for (;;) {
		enum scan_verdict v = scan_next(&rc->scan, log->end.position, ret);
		if (v == SCAN_ERROR)
			*error = rc->scan.error;
		if (v != SCAN_BATCH)
			return v;
		if (record_batch_base_offset(&ret->header) != log->end.offset)
			return SCAN_DAMAGE;
		*error = note_batch(rc, ret);
		if (*error < 0)
			return SCAN_ERROR;
	}
}

/* Is the damage where bytes had been durable? */
static bool damage_is_corruption(struct recovery *rc, const struct scan_batch *damage)
{
	const struct log *log = rc->log;
	struct scan_batch later;
	return log->end.offset < rc->durable_offset ||
	       scan_find(&rc->scan, damage->position + LOG_UNSYNCED_BYTES_MAX,
			 log->end.offset, &later);
}

static void report(struct recovery *rc, const char *what)
{
	const struct log *log = rc->log;
	snprintf(rc->found->message, sizeof rc->found->message,
		 "%s/%020lld.log: %s at position %llu, offset %lld", log->directory,
		 (long long)log->end.base_offset, what, (unsigned long long)log->end.position,
		 (long long)log->end.offset);
}

static void condemn(struct recovery *rc, int fault, const char *what)
{
	rc->found->is_corrupt = true;
	rc->found->fault = fault;
	report(rc, what);
	size_t used = strlen(rc->found->message);
	snprintf(rc->found->message + used, sizeof rc->found->message - used,
		 "; nothing was changed, the partition is read-only up to there");
}

/* Cuts the torn tail off; -errno. */
static int cut(struct recovery *rc, enum record_batch_verdict why)
{
	struct log *log = rc->log;
	rc->found->bytes_dropped =
		scan_data_end(&rc->scan, log->end.position) - log->end.position;
	rc->found->first_dropped_offset = log->end.offset;
	report(rc, "torn tail");
	size_t used = strlen(rc->found->message);
	snprintf(rc->found->message + used, sizeof rc->found->message - used,
		 " (%s): dropped %llu bytes from there on", record_batch_verdict_name(why),
		 (unsigned long long)rc->found->bytes_dropped);
	rc->scan.size = log->end.position;
	return file_truncate(rc->disk, rc->fd[SEGMENT_LOG], log->end.position);
}

/* Where batches stopped in the last segment taken so far; `is_last`: none follows. */
static int judge(struct recovery *rc, enum scan_verdict v, const struct scan_batch *stop,
		 bool is_last)
{
	struct log *log = rc->log;
	if (v != SCAN_DAMAGE) {
		if (log->end.offset < rc->durable_offset && is_last)
			condemn(rc, -ENODATA, "the log ends before what was durable,");
		else if (!is_last && log->end.offset != log_active(log)[1].base_offset)
			condemn(rc, -ENODATA, "the next segment's offset does not follow,");
		return 0;
	}
	if (!is_last || damage_is_corruption(rc, stop)) {
		condemn(rc, -EBADMSG,
			stop->verdict == RECORD_BATCH_GOOD
				? "offset that does not follow"
				: record_batch_verdict_name(stop->verdict));
		return 0;
	}
	return rc->scan.error ? rc->scan.error : cut(rc, stop->verdict);
}

static void begin_segment(struct log *log)
{
	const struct segment *s = log_active(log);
	index_begin(&log->index, s->base_offset);
	log->end = (struct log_place){s->base_offset, 0, s->base_offset};
}

/* Checks the segment that is last in the table now; `is_last`: of the directory too. */
static int scan_segment(struct recovery *rc, bool is_last)
{
	struct log *log = rc->log;
	struct scan_batch stop;
	int error = 0;
	begin_segment(log);
	for (unsigned f = SEGMENT_INDEX; f < SEGMENT_FILES && error == 0; f++)
		error = file_truncate(rc->disk, rc->fd[f], 0);
	if (error == 0)
		error = scan_file(&rc->scan, rc->fd[SEGMENT_LOG]);
	if (error < 0)
		return error;
	enum scan_verdict v = scan_batches(rc, &stop, &error);
	if (v == SCAN_ERROR)
		return error;
	if (!is_last)
		index_note_end(&log->index);
	error = judge(rc, v, &stop, is_last);
	if (error == 0)
		error = flush_index(rc);
	if (error < 0 || is_last || rc->found->is_corrupt)
		return error;
	/* Zeroes behind a sealed segment: the crash came before it was cut to size. */
	return v != SCAN_ZEROES ? 0 : file_truncate(rc->disk, rc->fd[SEGMENT_LOG],
						     log->end.position);
}

/* A sealed segment below the recovery point: taken as it is, if it has its index. */
static int trust_sealed(struct recovery *rc, bool *ret_is_trusted)
{
	struct segment *s = log_active(rc->log);
	uint64_t index_bytes;
	int status = file_size(rc->disk, rc->fd[SEGMENT_LOG], &s->size);
	if (status == 0)
		status = file_size(rc->disk, rc->fd[SEGMENT_INDEX], &index_bytes);
	if (status < 0)
		return status;
	s->index_entries = (uint32_t)(index_bytes / INDEX_ENTRY_BYTES);
	uint64_t sparse = 4ull * rc->log->options.index_interval_bytes +
			  rc->log->options.message_bytes_max;
	*ret_is_trusted = index_bytes % INDEX_ENTRY_BYTES == 0 &&
			  (s->index_entries > 0 || s->size < sparse);
	return 0;
}

/* The active segment after a clean end: from its last index entry on; false: scan it all. */
static bool resume_active(struct recovery *rc, int *error)
{
	struct log *log = rc->log;
	struct segment *s = log_active(log);
	uint64_t index_bytes, time_bytes;
	uint8_t entry[INDEX_ENTRY_BYTES] = {0}, time[INDEX_TIME_ENTRY_BYTES] = {0};
	struct scan_batch b;
	begin_segment(log);
	if (file_size(rc->disk, rc->fd[SEGMENT_INDEX], &index_bytes) < 0 ||
	    file_size(rc->disk, rc->fd[SEGMENT_TIMEINDEX], &time_bytes) < 0 || index_bytes == 0 ||
	    time_bytes == 0 || index_bytes % sizeof entry || time_bytes % sizeof time)
		return false;
	uint32_t entries = (uint32_t)(index_bytes / sizeof entry);
	uint32_t times = (uint32_t)(time_bytes / sizeof time);
	if (file_read(rc->disk, rc->fd[SEGMENT_INDEX], entry, sizeof entry,
		      (entries - 1) * sizeof entry) < 0 ||
	    file_read(rc->disk, rc->fd[SEGMENT_TIMEINDEX], time, sizeof time,
		      (times - 1) * sizeof time) < 0)
		return false;
	struct index_entry last = index_entry_load(entry);
	if (scan_file(&rc->scan, rc->fd[SEGMENT_LOG]) < 0 ||
	    scan_next(&rc->scan, last.position, &b) != SCAN_BATCH ||
	    record_batch_last_offset(&b.header) != s->base_offset + last.offset)
		return false;
	index_resume(&log->index, entries, times, index_time_entry_load(time));
	log->max_timestamp = log->index.max_timestamp;
	log->max_timestamp_offset = log->index.max_timestamp_offset;
	log->end.offset = record_batch_base_offset(&b.header);
	log->end.position = last.position;
	enum scan_verdict v = scan_batches(rc, &b, error);
	return v == SCAN_END && log->end.offset >= rc->durable_offset;
}

/* Opens the files of a segment, made where they are missing. A file system that refuses
 * O_DIRECT gets buffered writes. */
static int open_segment(struct recovery *rc, const struct segment *s)
{
	struct log *log = rc->log;
	char path[FILE_PATH_BYTES_MAX];
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		bool is_direct = f == SEGMENT_LOG && log->is_direct;
		segment_path(path, sizeof path, log->directory, s->base_offset, f);
		rc->fd[f] = file_open(rc->disk, path, is_direct);
		if (rc->fd[f] == -EINVAL && is_direct) {
			log->is_direct = false;
			rc->fd[f] = file_open(rc->disk, path, false);
		}
		if (rc->fd[f] < 0)
			return rc->fd[f];
	}
	return 0;
}

static void close_segment(struct recovery *rc)
{
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		file_close(rc->disk, &rc->fd[f]);
}

/* The durable mark, made when there is none; nothing, or nonsense, proves nothing. */
static int read_mark(struct recovery *rc, int64_t *ret)
{
	char path[FILE_PATH_BYTES_MAX], text[LOG_MARK_BYTES + 1] = "";
	snprintf(path, sizeof path, "%s/%s", rc->log->directory, log_mark_name);
	int fd = file_open(rc->disk, path, false);
	if (fd < 0)
		return fd;
	int status = file_read(rc->disk, fd, text, LOG_MARK_BYTES, 0);
	*ret = status < 0 ? -1 : log_mark_parse(text);
	file_close(rc->disk, &fd);
	return 0;
}

/* The block that the end lies in: the next write starts with it. */
static int load_tail(struct recovery *rc)
{
	struct log *log = rc->log;
	uint32_t behind = (uint32_t)(log->end.position % DISK_BLOCK_BYTES);
	if (behind == 0)
		return 0;
	uint8_t *block = map_take(DISK_BLOCK_BYTES);
	if (!block)
		return -ENOMEM;
	struct iovec iov = {block, DISK_BLOCK_BYTES};
	struct disk_op op = {.kind = DISK_READ, .iov = &iov, .iov_count = 1,
			     .fd = rc->fd[SEGMENT_LOG],
			     .offset = log->end.position - behind};
	int64_t n = disk_run(rc->disk, &op);
	memcpy(log->tail, block, behind);
	map_give(block, DISK_BLOCK_BYTES);
	return n >= behind ? 0 : n < 0 ? (int)n : -EIO;
}

/* Takes the segment that is last in the table now: trusted, or scanned. */
static int take_segment(struct recovery *rc, bool is_last, bool is_below, bool is_clean)
{
	struct log *log = rc->log;
	struct segment *s = log_active(log);
	bool is_trusted = false;
	int status = 0;
	if (!is_last && is_below)
		status = trust_sealed(rc, &is_trusted);
	else if (is_last && is_clean)
		is_trusted = resume_active(rc, &status);
	if (status == 0 && !is_trusted)
		status = scan_segment(rc, is_last);
	if (status < 0)
		return status;
	if (is_last)
		return rc->found->is_corrupt ? 0 : load_tail(rc);
	if (!is_trusted) {
		s->size = log->end.position;
		s->index_entries = log->index.entries;
	}
	log->sealed_bytes += s->size;
	return 0;
}

/* Goes through the segments; log->segment_count grows with those taken. */
static int take_segments(struct recovery *rc, uint32_t count, int64_t recovery_point,
			 bool is_clean)
{
	struct log *log = rc->log;
	for (uint32_t i = 0; i < count && !rc->found->is_corrupt; i++) {
		bool is_last = i + 1 == count;
		/* A point at the border may be older than the roll: not sealed for sure. */
		bool is_below = !is_last && log->segments[i + 1].base_offset < recovery_point;
		log->segment_count = i + 1;
		int status = open_segment(rc, &log->segments[i]);
		if (status == 0)
			status = take_segment(rc, is_last, is_below, is_clean);
		close_segment(rc);
		if (status < 0)
			return status;
	}
	return 0;
}

/* Where the log is known to begin. What lies below the first segment is missing, and asked
 * for in vain, until somebody says that it was to go: the start does not move by itself. */
static void judge_start(struct recovery *rc, int64_t start)
{
	struct log *log = rc->log;
	struct log_recovery *found = rc->found;
	int64_t first = log->segments[0].base_offset;
	log->log_start_offset = start < 0 ? first : start;
	if (start >= first || start < 0 || found->is_corrupt)
		return;
	found->is_corrupt = true;
	found->fault = -ENODATA;
	snprintf(found->message, sizeof found->message,
		 "%s: offsets %lld to %lld are missing: the log began with the first of them, "
		 "and the first segment is %020lld.log; restore what was before it, or accept "
		 "the loss by writing %lld into the partition's line of "
		 "log-start-offset-checkpoint; the partition is read-only",
		 log->directory, (long long)start, (long long)first - 1, (long long)first,
		 (long long)first);
}

int log_recover(struct log *log, struct disk *d, const struct log_open_options *options,
		struct log_recovery *ret)
{
	bool is_clean = options->is_clean;
	int64_t recovery_point = options->recovery_point;
	struct recovery rc = {.log = log, .disk = d, .found = ret, .fd = {-1, -1, -1}};
	uint32_t count = log->segment_count;
	int64_t mark;
	int status = read_mark(&rc, &mark);
	if (status == 0)
		status = scan_init(&rc.scan, d);
	if (status < 0)
		return status;
	rc.durable_offset = mark > recovery_point ? mark : recovery_point;
	ret->was_clean = is_clean;
	ret->segments = count;
	status = take_segments(&rc, count, is_clean ? INT64_MAX : recovery_point, is_clean);
	scan_fini(&rc.scan);
	if (status < 0)
		return status;
	judge_start(&rc, options->log_start_offset);
	log->position = log->end.position;
	log->next_offset = log->end.offset;
	log->written = log->durable = log->end;
	log->written_segment = log_active(log);
	log->allocated_bytes = ret->is_corrupt ? 0 : rc.scan.size;
	log->is_corrupt = log->is_fenced = ret->is_corrupt;
	log->opened_at = recovery_point;
	log->fence_error = ret->fault;
	return 0;
}
