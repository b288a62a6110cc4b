/* log_tasks.h - the tasks of a log, all of them: at its tail, at its head, its snapshots, and what
 * it is rid of.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_TASKS_H
#define PENSTOCK_LOG_TASKS_H

#include "dataplane/store/log/log_private.h"

void log_tasks_advance(struct log *log);
/* One of their operations was reaped. */
void log_tasks_done(struct log *log, const struct disk_op *op);

#endif
