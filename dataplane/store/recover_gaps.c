/* recover_gaps.c - offsets that no segment holds: Kafka's cleaner took them, or a file is gone;
 * see recover_private.h.
 *
 * A log that was only appended to has a record at every offset. The cleaner of a compacted
 * topic takes records out and leaves three traces: an offset that jumps from one batch to the
 * next, a batch with fewer records than offsets, a first batch above its segment's name. It
 * goes over the whole log, so whoever shows one of them anywhere may have a gap between two
 * segments as well. Where none is found, and Kafka's cleaner-offset-checkpoint does not name
 * the partition, a gap between two segments is a segment that is missing, or was cut.
 */
#include "dataplane/store/recover_gaps.h"
#include "dataplane/store/recover_report.h"

#include <stdio.h>

static bool shows_gaps(struct scan *s, const struct segment *segment)
{
	struct scan_batch b;
	int64_t expected = segment->base_offset;
	for (uint64_t at = 0; scan_header(s, at, &b) == SCAN_BATCH; at += b.size) {
		if (!scan_follows(&b, expected))
			return false; /* damage, which is found elsewhere */
		if (record_batch_base_offset(&b.header) != expected ||
		    !record_batch_is_dense(&b.header))
			return true;
		expected = record_batch_last_offset(&b.header) + 1;
	}
	return false;
}

/* Is there a record at every offset of the log? Looks until it finds one that is missing. */
static int look(struct recovery *rc)
{
	char path[FILE_PATH_BYTES_MAX];
	const struct segment_ring *segments = &rc->log->segments;
	for (uint32_t i = 0; i < segments->count && !rc->is_compacted; i++) {
		const struct segment *s = segment_ring_at(segments, i);
		recovery_path(rc, s, SEGMENT_LOG, path);
		int fd = file_open_to_read(rc->disk, path);
		int status = fd < 0 ? fd : scan_file(&rc->scan, fd, SCAN_WINDOW_BYTES);
		if (status == 0)
			rc->is_compacted = shows_gaps(&rc->scan, s);
		file_close(rc->disk, &fd);
		if (status < 0)
			return recovery_fail(rc, path, status);
	}
	return 0;
}

/* The base offset of an index without its .log, from `from` to before `to`; -1: none. */
static int64_t orphan_between(const struct recovery *rc, int64_t from, int64_t to)
{
	for (uint32_t i = 0; i < rc->orphans.count; i++)
		if (rc->orphans.bases[i] >= from && rc->orphans.bases[i] < to)
			return rc->orphans.bases[i];
	return -1;
}

static void condemn_orphan(struct recovery *rc, int64_t base)
{
	recovery_condemn(rc, -ENODATA, "the next segment is missing,");
	recovery_add(rc, "; %020lld.log is gone, its index is there: restore it",
		     (long long)base);
}

int gaps_judge(struct recovery *rc, const struct segment *following)
{
	int64_t end = rc->log->end.offset;
	int64_t next = following->base_offset;
	/* Below the log's start nothing can be missing: a power cut brings back some of the names
	 * that were taken from what was there. */
	if (next == end || next <= rc->log_start)
		return 0;
	if (next < end) {
		recovery_condemn(rc, -EBADMSG, "the next segment begins before this one ends,");
		return 0;
	}
	int64_t orphan = orphan_between(rc, end, next);
	if (orphan >= 0) {
		condemn_orphan(rc, orphan);
		return 0;
	}
	int status = look(rc);
	if (status < 0 || rc->is_compacted)
		return status;
	recovery_condemn(rc, -ENODATA, "this segment was cut, or the next is missing,");
	recovery_add(rc, "; offsets %lld to %lld are in no segment, and the log has no other "
			 "gap: restore them, or, if Kafka compacted the topic, name the "
			 "partition in cleaner-offset-checkpoint",
		     (long long)end, (long long)next - 1);
	return 0;
}

void gaps_judge_end(struct recovery *rc)
{
	/* One that begins at the end is what a crash leaves of a roll: nothing was in it. */
	int64_t orphan = orphan_between(rc, rc->log->end.offset + 1, INT64_MAX);
	if (orphan >= 0)
		condemn_orphan(rc, orphan);
}

void gaps_judge_start(struct recovery *rc, int64_t start)
{
	struct log *log = rc->log;
	struct log_recovery *found = rc->found;
	int64_t first = segment_ring_at(&log->segments, 0)->base_offset;
	int64_t orphan = orphan_between(rc, 0, first);
	/* Below a start that is known it is what a crash leaves of a segment that was to go. */
	if (orphan >= 0 && start < 0)
		start = orphan;
	/* A start that the log does not reach says nothing of what is there. */
	log->log_start_offset = start < 0 || start > log->end.offset ? first : start;
	if (start >= first || start < 0 || found->is_corrupt)
		return;
	found->is_corrupt = found->misses_first = true;
	found->missing_from = start;
	found->fault = -ENODATA;
	snprintf(found->message, sizeof found->message,
		 "%s: offsets %lld to %lld are missing: the log began with the first of them, "
		 "and its first segment is %020lld.log; the partition is read-only: restore "
		 "what was before it, or accept the loss: remove what is left of those segments "
		 "and write %lld into the partition's line of log-start-offset-checkpoint",
		 log->directory, (long long)start, (long long)first - 1, (long long)first,
		 (long long)first);
}
