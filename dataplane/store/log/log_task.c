/* log_task.c - steps one after the other; see log_task.h. */
#include "dataplane/store/log/log_task.h"
#include "dataplane/base/require.h"
#include "dataplane/store/log/log_due.h"
#include "dataplane/store/log/log_files.h"

void log_task_advance(struct log *log, struct log_task *t, const struct log_steps *steps)
{
	while (t->operations == 0 && !log->is_fenced) {
		unsigned next = steps->next(log);
		if (next == t->step)
			return;
		if (!log_service_has_room(log->service, LOG_TASK_OPS)) {
			log->is_starved = true;
			return;
		}
		t->step = (uint8_t)next;
		steps->starts[next](log);
		if (t->operations == 0)
			log_touch(log); /* nothing will be reaped of it, and others waited for it */
	}
}

void log_task_end_fenced(struct log *log, struct log_task *t, const struct log_steps *steps)
{
	if (!log->is_fenced || t->step == 0 || t->operations > 0)
		return;
	t->step = 0;
	steps->starts[0](log);
}

void log_task_submit(struct log *log, struct log_task *t, struct open_file *file,
		     struct disk_op op)
{
	require(t->operations < LOG_TASK_OPS);
	struct disk_op *own = &t->ops[t->operations++];
	*own = op;
	log_submit(log, file, own, t->tag, log);
}

unsigned log_task_done(struct log *log, struct log_task *t, const struct disk_op *op)
{
	t->operations--;
	/* No block ahead is no error: the write itself will tell. */
	if (op->result < 0 && op->kind != DISK_ALLOCATE)
		log_fence(log, (int)op->result);
	return (unsigned)(op - t->ops);
}
