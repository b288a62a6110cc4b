/* log_due.c - when a log has something to do: at once, or at a time; see log_due.h. */
#include "dataplane/store/log/log_due.h"

void log_touch(struct log *log)
{
	if (list_is_empty(&log->node))
		list_append(&log->service->active, &log->node);
}

void log_deadline_set(struct log_deadline *d, struct list *dues, uint64_t after_ns)
{
	d->at_ns = d->log->service->now_ns + after_ns;
	list_append(dues, &d->node);
}

bool log_deadline_is_set(const struct log_deadline *d)
{
	return !list_is_empty(&d->node);
}

void log_deadline_clear(struct log_deadline *d)
{
	list_remove(&d->node);
}
