/* recover.c - the files of a log as a crash, or another program, left them in, a log that can
 * be trusted out; see recover_private.h.
 *
 * From the recovery point on, or from the beginning of its segment where that is not the last,
 * every batch is checked (length, magic, CRC, offsets that rise) and both indexes are made anew.
 * Segments below it, and all of them after a clean stop, are believed as far as the ends of their
 * indexes lead to their very ends (recover_trust.c); else they are scanned as well. Of the active
 * one that is so, below the point, as far as its indexes rise (recover_point.c). What stops the
 * batches is judged in recover_tail.c, what is missing between segments in recover_gaps.c.
 */
#include "dataplane/store/recover.h"
#include "dataplane/store/mark_table.h"
#include "dataplane/store/recover_gaps.h"
#include "dataplane/store/recover_index.h"
#include "dataplane/store/recover_point.h"
#include "dataplane/store/recover_producers.h"
#include "dataplane/store/recover_report.h"
#include "dataplane/store/recover_tail.h"
#include "dataplane/store/recover_trust.h"

#include <stdio.h>

static void note_batch(struct recovery *rc, const struct scan_batch *b)
{
	struct log *log = rc->log;
	struct index_batch batch = {
		.last_offset = record_batch_last_offset(&b->header),
		.max_timestamp = record_batch_max_timestamp(&b->header),
		.position = b->position,
		.size = b->size,
	};
	gather_batch(rc, &batch);
	if (b->position == 0)
		log->active_timestamp = batch.max_timestamp;
	recovery_note_time(rc, batch.max_timestamp, batch.last_offset);
	log->end.offset = batch.last_offset + 1;
	log->end.position = b->position + b->size;
	rc->found->batches_scanned++;
	rc->found->bytes_scanned += b->size;
	producers_see(rc, &b->header);
}

/* What a segment's indexes can name: 2^31 offsets, and as many bytes. */
static bool fits_segment(const struct log *log, const struct scan_batch *b)
{
	return record_batch_last_offset(&b->header) - log->end.base_offset <= INT32_MAX &&
	       b->position <= INT32_MAX;
}

/* Takes batches from log->end on as long as they are sound and follow each other. */
static enum scan_verdict scan_batches(struct recovery *rc, struct scan_batch *ret)
{
	struct log *log = rc->log;
	for (;;) {
		enum scan_verdict v = scan_next(&rc->scan, log->end.position, ret);
		if (v != SCAN_BATCH)
			return v;
		if (!scan_follows(ret, log->end.offset) || !fits_segment(log, ret))
			return SCAN_DAMAGE;
		note_batch(rc, ret);
	}
}

static void begin_segment(struct recovery *rc)
{
	struct log *log = rc->log;
	const struct segment *s = rc->segment;
	index_begin(&log->index, s->base_offset);
	log->active_timestamp = -1;
	log->end = (struct log_place){s->base_offset, 0, s->base_offset};
}

/* Checks the segment under way; `is_last`: none follows in the directory. */
static int scan_segment(struct recovery *rc, bool is_last)
{
	struct log *log = rc->log;
	struct scan_batch stop;
	begin_segment(rc);
	int status = scan_file(&rc->scan, rc->fd[SEGMENT_LOG], SCAN_WINDOW_BYTES);
	if (status == 0 && is_last && !rc->is_clean)
		status = point_resume(rc);
	if (status == 0)
		status = gather_begin(rc, rc->scan.size - log->end.position);
	if (status < 0)
		return status;
	producers_see_from(rc, log->end.offset);
	enum scan_verdict v = scan_batches(rc, &stop);
	if (v == SCAN_ERROR)
		return rc->scan.error;
	if (!is_last)
		index_note_end(&log->index);
	status = tail_judge(rc, v, &stop, is_last);
	if (status < 0)
		return status;
	if (rc->found->is_corrupt)
		return gather_leave(rc);
	status = gather_write(rc);
	/* Zeroes behind a sealed segment: the crash came before it was cut to size. */
	if (status == 0 && !is_last && v == SCAN_ZEROES)
		status = file_truncate(rc->disk, rc->fd[SEGMENT_LOG], log->end.position);
	return status;
}

/* The active segment after a clean end: from its last index entry on; false: scan it all. */
static bool resume_active(struct recovery *rc, int *error)
{
	struct log *log = rc->log;
	struct scan_batch b;
	begin_segment(rc);
	if (!trust_active(rc, rc->segment))
		return false;
	struct scan_batch first;
	if (scan_header(&rc->scan, 0, &first) == SCAN_BATCH)
		log->active_timestamp = record_batch_max_timestamp(&first.header);
	*error = gather_begin(rc, rc->scan.size - log->end.position);
	if (*error < 0)
		return false;
	producers_see_from(rc, log->end.offset);
	if (scan_batches(rc, &b) != SCAN_END || log->end.offset < rc->durable_offset)
		return false;
	*error = gather_write(rc);
	return *error == 0;
}

/* Opens the files of a segment, made where they are missing. A file system that refuses
 * O_DIRECT gets buffered writes. */
static int open_segment(struct recovery *rc)
{
	struct log *log = rc->log;
	char path[FILE_PATH_BYTES_MAX];
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		bool is_direct = f == SEGMENT_LOG && log->is_direct;
		recovery_path(rc, rc->segment, f, path);
		rc->fd[f] = file_open(rc->disk, path, is_direct);
		if (rc->fd[f] == -EINVAL && is_direct) {
			log->is_direct = false;
			rc->fd[f] = file_open(rc->disk, path, false);
		}
		if (rc->fd[f] < 0)
			return recovery_fail(rc, path, rc->fd[f]);
	}
	return 0;
}

static void close_segment(struct recovery *rc)
{
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		file_close(rc->disk, &rc->fd[f]);
}

/* The log's own file, from before there was one for all; nothing, or nonsense, proves nothing. */
static int read_old_mark(struct recovery *rc)
{
	char path[FILE_PATH_BYTES_MAX];
	int64_t offset;
	snprintf(path, sizeof path, "%s/" MARK_OLD_NAME, rc->log->directory);
	int error = mark_old_read(rc->disk, path, &offset);
	if (error == -ENOENT)
		return 0;
	if (error)
		return recovery_fail(rc, path, error);
	rc->found->has_old_mark = true;
	/* Both are lower bounds. */
	rc->is_mark_old = offset > rc->mark;
	rc->mark = offset > rc->mark ? offset : rc->mark;
	return 0;
}

/* The block that the end lies in: the next write starts with it. The scan has mostly read it. */
static int load_tail(struct recovery *rc)
{
	struct log *log = rc->log;
	uint32_t behind = (uint32_t)(log->end.position % DISK_BLOCK_BYTES);
	if (!scan_copy(&rc->scan, log->end.position - behind, log->tail, behind))
		return rc->scan.error;
	return 0;
}

/* A sealed segment: believed, or scanned. */
static int take_sealed(struct recovery *rc, bool is_below)
{
	struct log *log = rc->log;
	struct segment *s = rc->segment;
	begin_segment(rc);
	if (is_below && trust_sealed(rc, s, &log->end.offset)) {
		log->end.position = s->size;
		recovery_note_time(rc, s->max_timestamp, s->base_offset + s->max_timestamp_offset);
		producers_unsee(rc);
		/* As if it were active: it is the last one, should what follows be missing. */
		index_resume(&log->index, s->index_entries, 0, (struct index_time_entry){0});
	} else {
		int status = scan_segment(rc, false);
		if (status < 0)
			return status;
		s->size = log->end.position;
		s->index_entries = log->index.entries;
		segment_note_time(s, log->index.max_timestamp,
				  log->index.max_timestamp_offset);
	}
	log->sealed_bytes += s->size;
	return 0;
}

static int take_last(struct recovery *rc)
{
	int status = 0;
	bool is_trusted = rc->is_clean && resume_active(rc, &status);
	if (rc->is_clean && !is_trusted)
		producers_unsee(rc); /* what it has seen is scanned once more */
	if (status == 0 && !is_trusted)
		status = scan_segment(rc, true);
	if (status < 0 || rc->found->is_corrupt)
		return status;
	return load_tail(rc);
}

/* Those behind the damage are not the log's. */
static void leave_rest(struct recovery *rc, uint32_t taken)
{
	struct segment_ring *segments = &rc->log->segments;
	while (segments->count > taken)
		segment_let_go(segments, segment_ring_take_last(segments));
}

/* Goes through the segments, up to the first with damage. */
static int take_segments(struct recovery *rc)
{
	const struct segment_ring *segments = &rc->log->segments;
	uint32_t taken = 0;
	int64_t trusted_below = rc->is_clean ? INT64_MAX : rc->recovery_point;
	while (taken < segments->count && !rc->found->is_corrupt) {
		rc->segment = segment_ring_at(segments, taken++);
		const struct segment *next =
			taken < segments->count ? segment_ring_at(segments, taken) : NULL;
		/* A point at the border may be older than the roll: not sealed for sure. */
		bool is_below = next && next->base_offset < trusted_below;
		int status = open_segment(rc);
		if (status == 0)
			status = next ? take_sealed(rc, is_below) : take_last(rc);
		if (status == 0 && next && !rc->found->is_corrupt)
			status = gaps_judge(rc, next);
		close_segment(rc);
		if (status < 0)
			return status;
	}
	leave_rest(rc, taken);
	return 0;
}

static void tell_ends(struct recovery *rc)
{
	const struct log *log = rc->log;
	rc->found->end_base_offset = log->end.base_offset;
	rc->found->end_position = log->end.position;
	rc->found->end_offset = log->end.offset;
	rc->found->durable_offset = rc->durable_offset;
	rc->found->first_offset = segment_ring_at(&log->segments, 0)->base_offset;
}

static void set_state(struct recovery *rc)
{
	struct log *log = rc->log;
	bool is_corrupt = rc->found->is_corrupt;
	tell_ends(rc);
	log->position = log->end.position;
	log->next_offset = log->end.offset;
	log->written = log->durable = log->end;
	log->active = rc->segment;
	log->written_segment = segment_hold(log->active);
	log->allocated_bytes = is_corrupt ? 0 : rc->scan.size;
	log->is_corrupt = log->is_fenced = is_corrupt;
	log->opened_at = rc->recovery_point;
	log->fence_error = rc->found->fault;
}

int log_recover(struct log *log, struct disk *d, const struct log_open_options *options,
		struct log_orphans orphans, struct found_snapshots snapshots,
		struct log_recovery *ret)
{
	struct recovery rc = {
		.log = log,
		.disk = d,
		.found = ret,
		.orphans = orphans,
		.snapshots = snapshots,
		.seen_from = -1,
		.fd = {-1, -1, -1},
		.recovery_point = options->recovery_point,
		.log_start = options->log_start_offset,
		.mark = options->durable_mark > 0 ? options->durable_mark : -1,
		.is_clean = options->is_clean,
		.is_compacted = options->is_compacted,
	};
	ret->was_clean = options->is_clean;
	ret->segments = log->segments.count;
	int status = read_old_mark(&rc);
	if (status == 0)
		status = scan_init(&rc.scan, d);
	rc.scan.progress = options->progress;
	if (status < 0)
		return status;
	ret->durable_mark = rc.mark;
	rc.durable_offset = max_i64(max_i64(rc.mark, rc.recovery_point), rc.log_start);
	status = take_segments(&rc);
	if (status == 0 && !ret->is_corrupt)
		gaps_judge_end(&rc);
	if (status == 0)
		gaps_judge_start(&rc, rc.log_start);
	gather_end(&rc);
	if (status == 0)
		set_state(&rc);
	if (status == 0 && !ret->is_corrupt)
		status = producers_recover(&rc);
	producers_fini(&rc.seen);
	scan_fini(&rc.scan);
	return status;
}
