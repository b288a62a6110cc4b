/* log_tail.h - the task at the tail of a log: a next segment is made, and named; the log is
 * closed. Its steps: log_tail.c.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_TAIL_H
#define PENSTOCK_LOG_TAIL_H

#include "dataplane/store/log/log_private.h"

void log_tail_advance(struct log *log);
void log_tail_done(struct log *log, const struct disk_op *op);
/* The next segment is made, and waits for log_roll(). */
bool log_tail_is_ready(const struct log *log);

#endif
