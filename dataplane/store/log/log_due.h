/* log_due.h - when a log has something to do.
 *
 * At once: it is put on its service's active list, and is asked in this turn or the next one.
 * At a time: a deadline stands on a list of the service, soonest first, because all of a list
 * are set the same time ahead; when it has passed the log becomes active (log_service_turn()).
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_DUE_H
#define PENSTOCK_LOG_DUE_H

#include "dataplane/store/log/log_private.h"

void log_touch(struct log *log);

/* May what comes wait for more, before it is written and again before it is synced? flush.ms says
 * how long all of that may take. */
static inline bool log_may_gather(const struct log *log)
{
	return log->options.flush_ms >= LOG_GATHER_MS;
}

/* Sets a deadline that is not set, `after_ns` from now, at the end of its list. */
void log_deadline_set(struct log_deadline *d, struct list *dues, uint64_t after_ns);
bool log_deadline_is_set(const struct log_deadline *d);
void log_deadline_clear(struct log_deadline *d);

#endif
