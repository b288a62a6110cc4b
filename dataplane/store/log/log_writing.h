/* log_writing.h - the writes of a log on their way to the disk, until they are `written`.
 *
 *     log->writes, and the open one ─ submit ─▶ disk ─ reap ─▶ done ─ settle ─▶ `written`
 *
 * Writes may be done in any order; `written` moves over those done from the front on.
 *
 * Core: the log's writer.
 */
#ifndef PENSTOCK_LOG_WRITING_H
#define PENSTOCK_LOG_WRITING_H

#include "dataplane/store/log/log_private.h"

void log_submit_writes(struct log *log);
void log_write_done(struct log_write *w);
/* Moves `written` over the writes that are done from the front on. */
void log_settle(struct log *log);

#endif
