/* log_tail.c - a roll and a close, step by step; see log_tail.h and log_task.h.
 *
 *     IDLE ─ nearly full ─▶ CREATE ─▶ ALLOCATE: next segment ready, called next.*.tmp
 *      ▲                                  │ log_roll(): appends go to the next segment
 *      │                                  ▼ all of the old one is synced
 *      └─────────── SYNC_NAMES ◀────── RENAME          the old one is sealed: log_head.c
 *
 *     closing, nothing under way: DISCARD (what was made ahead) ─▶ TRUNCATE ─▶ ENDED
 *     closing, nothing written since open: ENDED at once
 *
 * A name appears only when everything before the segment is durable, and nothing in it counts
 * as written before its name is durable: so damage before the last segment is never a torn
 * tail.
 */
#include "dataplane/store/log/log_tail.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_snapshot.h"
#include "dataplane/store/log/log_task.h"
#include "dataplane/store/log/log_writing.h"

static void step(struct log *log, struct open_file *file, struct disk_op op)
{
	log_task_submit(log, &log->at_tail, file, op);
}

/* Under names that recovery removes: as long as it has them, nothing in it counts. */
static void start_create(struct log *log)
{
	log->ahead = segment_take(&log->segments);
	require(log->ahead);
	log->ahead->unnamed = (1u << SEGMENT_FILES) - 1;
	for (unsigned f = 0; f < SEGMENT_FILES; f++)
		step(log, log_new_file(log, f), (struct disk_op){.kind = DISK_OPEN});
}

static void start_allocate(struct log *log)
{
	log->next_allocated_bytes = 0;
	if (!log->allocates)
		return;
	uint64_t limit = round_up(log->options.segment_bytes, DISK_BLOCK_BYTES);
	uint64_t bytes = min_u64(log_allocate_step(log), limit);
	step(log, log_segment_file(log, log->ahead, SEGMENT_LOG),
	     (struct disk_op){.kind = DISK_ALLOCATE, .size = bytes});
	log->next_allocated_bytes = bytes;
}

/* A file that is being renamed is held open: nobody opens it by the wrong name. */
static void start_rename(struct log *log)
{
	struct segment *s = log->active;
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		char *from = log->paths[f], *to = log->paths[SEGMENT_FILES + f];
		segment_next_path(from, log->paths_bytes, log->directory, f);
		segment_path(to, log->paths_bytes, log->directory, s->base_offset, f);
		step(log, log_segment_file(log, s, f),
		     (struct disk_op){.kind = DISK_RENAME, .path = from, .path2 = to});
	}
}

static void sync_directory(struct log *log)
{
	step(log, log_directory_file(log),
	     (struct disk_op){.kind = DISK_SYNC, .flags = DISK_FLAG_DIRECTORY});
}

static void start_discard(struct log *log)
{
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		segment_next_path(log->paths[f], log->paths_bytes, log->directory, f);
		step(log, NULL,
		     (struct disk_op){.kind = DISK_UNLINK, .path = log->paths[f]});
	}
}

/* Zeroes ahead are no records: whoever opens the file next finds its end at once. */
static void start_truncate(struct log *log)
{
	step(log, log_segment_file(log, log->active, SEGMENT_LOG),
	     (struct disk_op){.kind = DISK_TRUNCATE, .size = log->end.position});
}

static void start_nothing(struct log *log)
{
}

static void (*const starts[])(struct log *log) = {
	[LOG_TAIL_IDLE] = start_nothing,
	[LOG_TAIL_CREATE] = start_create,
	[LOG_TAIL_ALLOCATE] = start_allocate,
	[LOG_TAIL_RENAME] = start_rename,
	[LOG_TAIL_SYNC_NAMES] = sync_directory,
	[LOG_TAIL_DISCARD] = start_discard,
	[LOG_TAIL_TRUNCATE] = start_truncate,
	[LOG_TAIL_ENDED] = start_nothing,
};

/* All that was taken on is durable and indexed, nobody reads, and no task is at the disk. */
static bool may_end(const struct log *log)
{
	return log->is_closing && list_is_empty(&log->queue) && !log->open &&
	       list_is_empty(&log->writes) && log->synced_bytes == log->copied_bytes &&
	       log->reads == 0 && list_is_empty(&log->reads_waiting) &&
	       log->operations == 0 && log_index_is_flushed(log) && !log->sealing &&
	       !log_snapshot_is_due(log);
}

/* Nothing was written since open, which left the files synced and of exact size. */
static bool is_as_opened(const struct log *log)
{
	return !log->is_changed && log->allocated_bytes <= log->end.position;
}

/* While there is a quarter left, so that the roll itself seldom waits for the disk. */
static bool needs_next(const struct log *log)
{
	uint64_t threshold = (uint64_t)log->options.segment_bytes / 4 * 3;
	return log->wants_roll || (!log->is_closing && log->end.position > threshold);
}

static unsigned next_step(const struct log *log)
{
	switch ((enum log_tail_step)log->at_tail.step) {
	case LOG_TAIL_IDLE:
		if (needs_next(log) && !segment_ring_is_full(&log->segments))
			return LOG_TAIL_CREATE;
		if (!may_end(log))
			return LOG_TAIL_IDLE;
		return is_as_opened(log) ? LOG_TAIL_ENDED : LOG_TAIL_TRUNCATE;
	case LOG_TAIL_ALLOCATE:
		if (log->is_unnamed && log->synced_bytes >= log->roll_bytes)
			return LOG_TAIL_RENAME;
		return may_end(log) && !log->is_unnamed ? LOG_TAIL_DISCARD : LOG_TAIL_ALLOCATE;
	case LOG_TAIL_SYNC_NAMES:
		return LOG_TAIL_IDLE;
	case LOG_TAIL_ENDED:
		return LOG_TAIL_ENDED;
	case LOG_TAIL_CREATE:
	case LOG_TAIL_RENAME:
	case LOG_TAIL_DISCARD:
	case LOG_TAIL_TRUNCATE:
		break;
	}
	return log->at_tail.step + 1u;
}

static const struct log_steps steps = {.next = next_step, .starts = starts};

void log_tail_advance(struct log *log)
{
	log_task_advance(log, &log->at_tail, &steps);
}

static bool tail_step_is_over(const struct log *log, enum log_tail_step step)
{
	return log->at_tail.step == step && log->at_tail.operations == 0;
}

void log_tail_done(struct log *log, const struct disk_op *op)
{
	unsigned i = log_task_done(log, &log->at_tail, op);
	if (op->kind == DISK_RENAME && op->result >= 0)
		log->active->unnamed &= (uint8_t)~(1u << i);
	if (op->kind == DISK_ALLOCATE && op->result < 0) {
		log->allocates = false;
		log->next_allocated_bytes = 0;
	}
	if (!log->is_fenced && tail_step_is_over(log, LOG_TAIL_SYNC_NAMES)) {
		log->is_unnamed = false;
		log_settle(log);
	}
}

bool log_tail_is_ready(const struct log *log)
{
	return tail_step_is_over(log, LOG_TAIL_ALLOCATE) && log->ahead;
}
