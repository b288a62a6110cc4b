/* log_head.c - a segment that was rolled away from in, a sealed one out; see log_head.h. */
#include "dataplane/store/log/log_head.h"
#include "dataplane/store/log/log_files.h"
#include "dataplane/store/log/log_task.h"
#include "dataplane/store/log/log_trim.h"

static void sync_file(struct log *log, enum segment_file file)
{
	log_task_submit(log, &log->at_head, log_segment_file(log, log->sealing, file),
			(struct disk_op){.kind = DISK_SYNC});
}

/* The indexes are whole since the roll. The cut changes the size of the .log file, so its sync
 * comes after: SEAL_SYNC. */
static void start_seal(struct log *log)
{
	struct segment *sealed = log->sealing;
	log_task_submit(log, &log->at_head, log_segment_file(log, sealed, SEGMENT_LOG),
			(struct disk_op){.kind = DISK_TRUNCATE, .size = sealed->size});
	sync_file(log, SEGMENT_INDEX);
	sync_file(log, SEGMENT_TIMEINDEX);
}

static void start_seal_sync(struct log *log)
{
	sync_file(log, SEGMENT_LOG);
}

/* From here on recovery need not scan it: the recovery point may pass. */
static void end_seal(struct log *log)
{
	segment_let_go(&log->segments, log->sealing);
	log->sealing = NULL;
	log_trim_look(log);
}

/* Blocks that are still being allocated to the segment would come back behind its new end. */
static bool may_seal(const struct log *log)
{
	return log->sealing && !log->is_unnamed && !log->is_allocating;
}

static unsigned next_step(const struct log *log)
{
	switch ((enum log_head_step)log->at_head.step) {
	case LOG_HEAD_IDLE:
		return may_seal(log) ? LOG_HEAD_SEAL : LOG_HEAD_IDLE;
	case LOG_HEAD_SEAL:
		return LOG_HEAD_SEAL_SYNC;
	case LOG_HEAD_SEAL_SYNC:
		break;
	}
	return LOG_HEAD_IDLE;
}

static void (*const starts[])(struct log *log) = {
	[LOG_HEAD_IDLE] = end_seal,
	[LOG_HEAD_SEAL] = start_seal,
	[LOG_HEAD_SEAL_SYNC] = start_seal_sync,
};

static const struct log_steps steps = {.next = next_step, .starts = starts};

void log_head_advance(struct log *log)
{
	log_task_advance(log, &log->at_head, &steps);
}

void log_head_done(struct log *log, const struct disk_op *op)
{
	log_task_done(log, &log->at_head, op);
}
