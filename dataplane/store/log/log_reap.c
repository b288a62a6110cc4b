/* log_reap.c - completions back to the logs and parts of logs that they belong to; see log.h. */
#include "dataplane/store/log/log.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_ahead.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_flush.h"
#include "dataplane/store/log/log_index.h"
#include "dataplane/store/log/log_read.h"
#include "dataplane/store/log/log_scrub.h"
#include "dataplane/store/log/log_sync.h"
#include "dataplane/store/log/log_tasks.h"
#include "dataplane/store/log/log_traits.h"
#include "dataplane/store/log/log_writing.h"

/* A log has many reads and writes under way, and of every other kind one operation. */
static struct log *log_of(const struct disk_op *op)
{
	if (op->tag == LOG_TAG_READ)
		return ((struct log_reading *)op->owner)->log;
	if (op->tag == LOG_TAG_WRITE)
		return ((struct log_write *)op->owner)->log;
	return op->owner;
}

/* Whatever became of it, the log is looked at in the next turn: something may have waited for
 * its end. */
static void operation_done(struct disk_op *op)
{
	struct log *log = log_of(op);
	require(log->operations > 0);
	log->operations--;
	log_touch(log);
	switch ((enum log_tag)op->tag) {
	case LOG_TAG_WRITE:
		log_write_done(op->owner);
		break;
	case LOG_TAG_SYNC:
		if (op->result < 0)
			log_fence(log, (int)op->result);
		log_sync_end(log);
		break;
	case LOG_TAG_TRAITS:
		log_traits_done(log);
		break;
	case LOG_TAG_INDEX:
	case LOG_TAG_TIMEINDEX:
		log_index_done(log, op->tag);
		break;
	case LOG_TAG_ALLOCATE:
		log_allocate_done(log);
		break;
	case LOG_TAG_ZERO:
		log_zero_done(log);
		break;
	case LOG_TAG_MARK: /* no log's */
		break;
	case LOG_TAG_TAIL:
	case LOG_TAG_HEAD:
	case LOG_TAG_SNAPSHOT:
	case LOG_TAG_TRIM:
	case LOG_TAG_SWAP:
		log_tasks_done(log, op);
		break;
	case LOG_TAG_READ:
		log_reading_done(op->owner);
		break;
	case LOG_TAG_SCRUB:
		log_scrub_done(log->service);
		break;
	case LOG_TAG_FLUSH:
		require(!"an operation of a log");
	}
}

void log_reaped(struct disk_op *op)
{
	for (struct disk_op *over = descriptors_reaped(op), *next; over; over = next) {
		next = over->next;
		if (over->tag == LOG_TAG_FLUSH)
			log_flush_done(over->owner, over);
		else if (over->tag == LOG_TAG_MARK)
			mark_file_reaped(over->owner);
		else
			operation_done(over);
	}
}
