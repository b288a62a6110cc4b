/* log_task.h - a piece of work on a log's files that takes steps; a log has one at each end, and
 * some beside them.
 *
 *     at the tail (log_tail.c)  a next segment is made ahead, named; the log is closed
 *     at the head (log_head.c)  what is not written to any more is sealed
 *     log_trim.c, log_snapshot.c  what no record is left in goes; producers are written down
 *
 * A step is a set of operations submitted together; the next one starts when all of them are
 * done and the log is where it has to be. All tasks may be under way at the same time: no two
 * work on the same segment.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_TASK_H
#define PENSTOCK_LOG_TASK_H

#include "dataplane/store/log/log_private.h"

/* What the steps of a task are: each is known by a number of its own. */
struct log_steps {
	/* The step that follows the one that is done, or the same one: not yet. */
	unsigned (*next)(const struct log *log);
	void (*const *starts)(struct log *log); /* by step: submits its operations, if any */
};

/* Starts steps, until one has operations under way or the next one has to wait. */
void log_task_advance(struct log *log, struct log_task *t, const struct log_steps *steps);
/* A fenced log begins nothing, and what it had begun is over when the disk has given it back: the
 * task is at its first step again, which is 0, and that one was started. */
void log_task_end_fenced(struct log *log, struct log_task *t, const struct log_steps *steps);
/* An operation of the step that is being started. */
void log_task_submit(struct log *log, struct log_task *t, struct open_file *file,
		     struct disk_op op);
/* One was reaped: which of the step, 0 ... When it failed, the log is fenced. */
unsigned log_task_done(struct log *log, struct log_task *t, const struct disk_op *op);

#endif
