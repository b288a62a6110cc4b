/* log_steps.c - a roll and a close, step by step; see log_steps.h.
 *
 *     IDLE ─ nearly full ─▶ CREATE ─▶ ALLOCATE: next segment ready, called next.*.tmp
 *      ▲                                  │ log_roll(): appends go to the next segment
 *      │                                  ▼ all of the old one is synced
 *      └── SEAL_SYNC ◀── SEAL ◀── SYNC_NAMES ◀── RENAME
 *
 *     closing, nothing under way: DISCARD (what was made ahead) ─▶ TRUNCATE ─▶ ENDED
 *     closing, nothing written since open: ENDED at once
 *
 * A step is a set of operations submitted together; the next one starts when all are done. A
 * name appears only when everything before the segment is durable, and nothing in it counts
 * as written before its name is durable: so damage before the last segment is never a torn
 * tail.
 */
#include "dataplane/store/log/log_steps.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_writing.h"

static void step(struct log *log, struct open_file *file, struct disk_op op)
{
	require(log->step_operations < LOG_STEP_OPS);
	struct disk_op *own = &log->step_ops[log->step_operations++];
	*own = op;
	log_submit(log, file, own, LOG_TAG_STEP, log);
}

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
	uint64_t bytes = max_u64(log->allocated_bytes, LOG_ALLOCATE_FIRST_BYTES);
	bytes = min_u64(min_u64(bytes, LOG_ALLOCATE_STEP_BYTES), limit);
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

static void sync_segment_file(struct log *log, struct segment *s, enum segment_file file)
{
	step(log, log_segment_file(log, s, file), (struct disk_op){.kind = DISK_SYNC});
}

static void sync_directory(struct log *log)
{
	step(log, log_directory_file(log),
	     (struct disk_op){.kind = DISK_SYNC, .flags = DISK_FLAG_DIRECTORY});
}

static void start_seal(struct log *log)
{
	struct segment *sealed = log->sealing;
	step(log, log_segment_file(log, sealed, SEGMENT_LOG),
	     (struct disk_op){.kind = DISK_TRUNCATE, .size = sealed->size});
	sync_segment_file(log, sealed, SEGMENT_INDEX);
	sync_segment_file(log, sealed, SEGMENT_TIMEINDEX);
}

static void start_seal_sync(struct log *log)
{
	sync_segment_file(log, log->sealing, SEGMENT_LOG);
}

static void start_discard(struct log *log)
{
	for (unsigned f = 0; f < SEGMENT_FILES; f++) {
		segment_next_path(log->paths[f], log->paths_bytes, log->directory, f);
		step(log, NULL,
		     (struct disk_op){.kind = DISK_UNLINK, .path = log->paths[f]});
	}
}

static void start_truncate(struct log *log)
{
	step(log, log_segment_file(log, log->active, SEGMENT_LOG),
	     (struct disk_op){.kind = DISK_TRUNCATE, .size = log->end.position});
}

static void start_nothing(struct log *log)
{
}

/* The old segment is sealed. */
static void start_idle(struct log *log)
{
	segment_let_go(&log->segments, log->sealing);
	log->sealing = NULL;
}

static void (*const starts[])(struct log *log) = {
	[LOG_STEP_IDLE] = start_idle,
	[LOG_STEP_CREATE] = start_create,
	[LOG_STEP_ALLOCATE] = start_allocate,
	[LOG_STEP_RENAME] = start_rename,
	[LOG_STEP_SYNC_NAMES] = sync_directory,
	[LOG_STEP_SEAL] = start_seal,
	[LOG_STEP_SEAL_SYNC] = start_seal_sync,
	[LOG_STEP_DISCARD] = start_discard,
	[LOG_STEP_TRUNCATE] = start_truncate,
	[LOG_STEP_ENDED] = start_nothing,
};

static bool may_end(const struct log *log)
{
	return log->is_closing && list_is_empty(&log->queue) && !log->open &&
	       list_is_empty(&log->writes) && log->synced_bytes == log->copied_bytes &&
	       log->reads == 0 && list_is_empty(&log->reads_waiting) &&
	       log->operations == 0 && log_index_is_flushed(log);
}

/* Nothing was written since open, which left the files synced and of exact size. */
static bool is_as_opened(const struct log *log)
{
	return !log->is_changed && log->allocated_bytes <= log->end.position;
}

static bool needs_next(const struct log *log)
{
	uint64_t threshold = (uint64_t)log->options.segment_bytes / 4 * 3;
	return log->wants_roll || (!log->is_closing && log->end.position > threshold);
}

/* The step that follows the one that is done, or the same one: not yet. */
static enum log_step next_step(const struct log *log)
{
	switch ((enum log_step)log->step) {
	case LOG_STEP_IDLE:
		if (needs_next(log) && !segment_ring_is_full(&log->segments))
			return LOG_STEP_CREATE;
		if (!may_end(log))
			return LOG_STEP_IDLE;
		return is_as_opened(log) ? LOG_STEP_ENDED : LOG_STEP_TRUNCATE;
	case LOG_STEP_ALLOCATE:
		if (log->is_unnamed && log->synced_bytes >= log->roll_bytes)
			return LOG_STEP_RENAME;
		return may_end(log) && !log->is_unnamed ? LOG_STEP_DISCARD : LOG_STEP_ALLOCATE;
	case LOG_STEP_SYNC_NAMES:
		return log->is_allocating ? LOG_STEP_SYNC_NAMES : LOG_STEP_SEAL;
	case LOG_STEP_SEAL_SYNC:
		return LOG_STEP_IDLE;
	case LOG_STEP_ENDED:
		return LOG_STEP_ENDED;
	case LOG_STEP_CREATE:
	case LOG_STEP_RENAME:
	case LOG_STEP_SEAL:
	case LOG_STEP_DISCARD:
	case LOG_STEP_TRUNCATE:
		break;
	}
	return log->step + 1;
}

void log_advance_steps(struct log *log)
{
	while (log->step_operations == 0 && !log->is_fenced) {
		enum log_step next = next_step(log);
		if (next == log->step)
			return;
		if (!log_service_has_room(log->service, LOG_STEP_OPS)) {
			log->is_starved = true;
			return;
		}
		log->step = next;
		starts[next](log);
	}
}

void log_step_done(struct log *log, const struct disk_op *op)
{
	unsigned i = (unsigned)(op - log->step_ops);
	log->step_operations--;
	if (op->kind == DISK_RENAME && op->result >= 0)
		log->active->unnamed &= (uint8_t)~(1u << i);
	if (op->kind == DISK_ALLOCATE && op->result < 0) {
		/* No block ahead is no error: the write itself will tell. */
		log->allocates = false;
		log->next_allocated_bytes = 0;
	} else if (op->result < 0) {
		log_fence(log, (int)op->result);
	}
	if (log->step_operations > 0 || log->is_fenced)
		return;
	if (log->step == LOG_STEP_SYNC_NAMES) {
		log->is_unnamed = false;
		log_settle(log);
	}
}
