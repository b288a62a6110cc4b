/* log_snapshot.c - what is known of a log's producers in, a .snapshot file out, step by step; see
 * log_snapshot.h and log_task.h. */
#include "dataplane/store/log/log_snapshot.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_task.h"
#include "dataplane/store/producer_snapshot.h"

/* Is there anything to be written down: producers, or that those of before are not known any
 * more? */
static bool is_worth_one(const struct log *log)
{
	return log->snapshots.count > 0 ||
	       producers_count(&log->service->producers, log->slot) > 0;
}

/* Until there is a snapshot only batches that are scanned say whose they are: the recovery point
 * must not pass the roll. */
void log_snapshot_rolled(struct log *log)
{
	log->wants_snapshot = is_worth_one(log);
	log->snapshot_position = 0;
	if (log->wants_snapshot && log->snapshots.count == 0 && log->unsnapped_from < 0)
		log->unsnapped_from = log->active->base_offset;
}

/* Then also one of no producers is worth being written: that there are none is what a start has
 * to know. The one before is good for a start by now, whatever a crash takes. */
static bool has_grown(const struct log *log)
{
	uint64_t apart_bytes = log->options.segment_bytes / LOG_SNAPSHOTS_PER_SEGMENT;
	uint64_t due_ns = log->snapshot_ns + LOG_SNAPSHOTS_APART_MS * NS_PER_MS;
	return log->position - log->snapshot_position > apart_bytes &&
	       log->service->now_ns >= due_ns && log->durable.offset >= log->snapshot_offset;
}

/* At the end, the last one may be of the end already. */
static bool is_wanted(const struct log *log)
{
	bool is_due = log->wants_snapshot ||
		      (log->is_closing ? is_worth_one(log) : has_grown(log));
	return is_due && log->snapshot_offset != log->next_offset;
}

bool log_snapshot_is_due(const struct log *log)
{
	return log->at_snapshot.step != LOG_SNAPSHOT_IDLE || is_wanted(log);
}

static void step(struct log *log, struct open_file *file, struct disk_op op)
{
	log_task_submit(log, &log->at_snapshot, file, op);
}

static void start_encode(struct log *log)
{
	struct log_service *s = log->service;
	s->snapshot_of = log;
	log->wants_snapshot = false;
	log->snapshot_failed = false;
	log->snapshot_offset = log->next_offset;
	log->snapshot_position = log->position;
	log->snapshot_ns = s->now_ns;
	log->snapshot_iov.iov_base = s->snapshot;
	log->snapshot_iov.iov_len = snapshot_encode(&s->producers, log->slot, s->snapshot);
}

static void start_index(struct log *log)
{
	log->snapshot_entries = log->index.entries;
	log->snapshot_times = log->index.times;
}

static void start_sync_index(struct log *log)
{
	struct segment *s = log->snapshot_segment = segment_hold(log->active);
	step(log, log_segment_file(log, s, SEGMENT_INDEX), (struct disk_op){.kind = DISK_SYNC});
	step(log, log_segment_file(log, s, SEGMENT_TIMEINDEX),
	     (struct disk_op){.kind = DISK_SYNC});
}

static void let_segment_go(struct log *log)
{
	if (log->snapshot_segment)
		segment_let_go(&log->segments, log->snapshot_segment);
	log->snapshot_segment = NULL;
}

static void start_write(struct log *log)
{
	let_segment_go(log);
	step(log, log_snapshot_file(log, true),
	     (struct disk_op){.kind = DISK_WRITE, .iov = &log->snapshot_iov, .iov_count = 1});
}

/* What is in it, and its name. */
static void start_sync(struct log *log)
{
	step(log, log_snapshot_file(log, false), (struct disk_op){.kind = DISK_SYNC});
	step(log, log_directory_file(log),
	     (struct disk_op){.kind = DISK_SYNC, .flags = DISK_FLAG_DIRECTORY});
}

static void start_remove(struct log *log)
{
	struct log_snapshots *kept = &log->snapshots;
	snapshot_path(log->snapshot_path, log->paths_bytes, log->directory, kept->offsets[0]);
	kept->count--;
	memmove(kept->offsets, kept->offsets + 1, kept->count * sizeof *kept->offsets);
	step(log, NULL, (struct disk_op){.kind = DISK_UNLINK, .path = log->snapshot_path});
}

/* The memory is the next one's, the file nobody's. */
static void end(struct log *log)
{
	log->service->snapshot_of = NULL;
	let_segment_go(log);
	if (log->snapshot_file)
		open_file_drop(log->snapshot_file);
}

/* All batches below the snapshot lie in segments before the active one: a roll came between. */
static bool is_of_sealed(const struct log *log)
{
	return log->snapshot_offset <= log->active->base_offset;
}

/* Sealing syncs both indexes. */
static bool is_sealed(const struct log *log)
{
	return !log->sealing || log->sealing->base_offset >= log->snapshot_offset;
}

/* Entries of all batches below it are in the files. */
static bool is_indexed(const struct log *log)
{
	return log->index.entries_flushed >= log->snapshot_entries &&
	       log->index.times_flushed >= log->snapshot_times;
}

static unsigned next_step(const struct log *log)
{
	bool has_too_many = log->snapshots.count > LOG_SNAPSHOTS_KEPT;
	switch ((enum log_snapshot_step)log->at_snapshot.step) {
	case LOG_SNAPSHOT_IDLE:
		return is_wanted(log) && !log->service->snapshot_of ? LOG_SNAPSHOT_ENCODE
								    : LOG_SNAPSHOT_IDLE;
	case LOG_SNAPSHOT_ENCODE:
		return log->end.offset >= log->snapshot_offset ? LOG_SNAPSHOT_INDEX
							       : LOG_SNAPSHOT_ENCODE;
	case LOG_SNAPSHOT_INDEX:
		if (is_of_sealed(log))
			return is_sealed(log) ? LOG_SNAPSHOT_WRITE : LOG_SNAPSHOT_INDEX;
		return is_indexed(log) ? LOG_SNAPSHOT_SYNC_INDEX : LOG_SNAPSHOT_INDEX;
	case LOG_SNAPSHOT_SYNC_INDEX:
		return LOG_SNAPSHOT_WRITE;
	case LOG_SNAPSHOT_WRITE:
		return log->snapshot_failed ? LOG_SNAPSHOT_IDLE : LOG_SNAPSHOT_SYNC;
	case LOG_SNAPSHOT_SYNC:
		return has_too_many ? LOG_SNAPSHOT_REMOVE : LOG_SNAPSHOT_IDLE;
	case LOG_SNAPSHOT_REMOVE:
		break;
	}
	return LOG_SNAPSHOT_IDLE;
}

static void (*const starts[])(struct log *log) = {
	[LOG_SNAPSHOT_IDLE] = end,
	[LOG_SNAPSHOT_ENCODE] = start_encode,
	[LOG_SNAPSHOT_INDEX] = start_index,
	[LOG_SNAPSHOT_SYNC_INDEX] = start_sync_index,
	[LOG_SNAPSHOT_WRITE] = start_write,
	[LOG_SNAPSHOT_SYNC] = start_sync,
	[LOG_SNAPSHOT_REMOVE] = start_remove,
};

static const struct log_steps steps = {.next = next_step, .starts = starts};

/* A log that asked in every turn would keep its core busy, for which everybody's writes gather. */
static void wait_in_line(struct log *log)
{
	struct list *line = &log->service->snapshots;
	bool waits = !log->is_fenced && log->at_snapshot.step == LOG_SNAPSHOT_IDLE &&
		     is_wanted(log);
	if (!waits)
		list_remove(&log->snapshot_node);
	else if (list_is_empty(&log->snapshot_node))
		list_append(line, &log->snapshot_node);
	if (!log->service->snapshot_of && !list_is_empty(line))
		log_touch(list_entry(line->next, struct log, snapshot_node));
}

void log_snapshot_advance(struct log *log)
{
	struct log_task *t = &log->at_snapshot;
	log_task_end_fenced(log, t, &steps);
	log_task_advance(log, t, &steps);
	wait_in_line(log);
}

static bool is_good(const struct log *log, const struct disk_op *op)
{
	return op->kind == DISK_WRITE ? op->result == (int64_t)log->snapshot_iov.iov_len
				      : op->result >= 0;
}

static void keep(struct log *log)
{
	struct log_snapshots *kept = &log->snapshots;
	require(kept->count < array_len(kept->offsets));
	kept->offsets[kept->count++] = log->snapshot_offset;
	log->unsnapped_from = -1;
	stats_add(log->service->stats, STAT_log_snapshots, 1);
}

/* What a sync that failed has lost of the directory, or of the indexes, may be a segment's name, or
 * what a later sync is for: nobody else would be told. */
static bool is_others_loss(const struct log *log, const struct disk_op *op)
{
	return op->result < 0 && (log->at_snapshot.step == LOG_SNAPSHOT_SYNC_INDEX ||
				  (op->flags & DISK_FLAG_DIRECTORY));
}

/* The oldest may be gone already; a start looks for all that are too many. */
void log_snapshot_done(struct log *log, const struct disk_op *op)
{
	struct log_task *t = &log->at_snapshot;
	t->operations--;
	if (op->kind == DISK_UNLINK)
		return;
	if (is_others_loss(log, op))
		log_fence(log, (int)op->result);
	if (!is_good(log, op) && !log->snapshot_failed) {
		log->snapshot_failed = true;
		stats_add(log->service->stats, STAT_log_snapshot_failures, 1);
	}
	if (t->step == LOG_SNAPSHOT_SYNC && t->operations == 0 && !log->snapshot_failed)
		keep(log);
}
