/* log_tasks.c - a turn of a log, or an operation of a task's, in, each task moved on; see
 * log_tasks.h. */
#include "dataplane/store/log/log_tasks.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_head.h"
#include "dataplane/store/log/log_snapshot.h"
#include "dataplane/store/log/log_swap.h"
#include "dataplane/store/log/log_tail.h"
#include "dataplane/store/log/log_trim.h"

void log_tasks_advance(struct log *log)
{
	log_head_advance(log);
	log_tail_advance(log);
	log_snapshot_advance(log);
	log_trim_advance(log);
	log_swap_advance(log);
}

void log_tasks_done(struct log *log, const struct disk_op *op)
{
	switch ((enum log_tag)op->tag) {
	case LOG_TAG_TAIL:
		log_tail_done(log, op);
		break;
	case LOG_TAG_HEAD:
		log_head_done(log, op);
		break;
	case LOG_TAG_SNAPSHOT:
		log_snapshot_done(log, op);
		break;
	case LOG_TAG_TRIM:
		log_trim_done(log, op);
		break;
	case LOG_TAG_SWAP:
		log_swap_done(log, op);
		break;
	default:
		require(!"an operation of a task");
	}
}
